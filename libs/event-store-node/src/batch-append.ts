import { status, type ServerDuplexStream } from '@grpc/grpc-js';
import { Any } from 'google-protobuf/google/protobuf/any_pb';
import { Empty } from 'google-protobuf/google/protobuf/empty_pb';
import { AccessDenied, AllStreamPosition, BadRequest, MaximumAppendSizeExceeded, StreamDeleted, StreamIdentifier, Timeout, WrongExpectedVersion } from '@eventstore/db-client/generated/shared_pb';
import { Code } from '@eventstore/db-client/generated/code_pb';
import { Status } from '@eventstore/db-client/generated/status_pb';
import { BatchAppendReq, BatchAppendResp } from '@eventstore/db-client/generated/streams_pb';
import type { Caller } from './access';
import { appendSize } from './commit-check';
import { toNodeError, unavailable } from './errors';
import { Expected, type ProposedEvent, type WriteOutcome } from './model';
import { expectation, type Expectation, proposedEvent, streamName, uuid } from './wire-decode';
import type { WriteParts } from './write-service';

// One call carries many appends, told apart by a correlation id and answered in any order. An append whose events exceed
// one message comes in parts, the last marked final. Each append gets exactly one answer: the client loses its way on a second.

/** Appends of one call that are taken in before the client must wait. */
const MOST_AT_ONCE = 1024;

interface Batch {
  readonly stream: string;
  readonly expected: Expectation;
  readonly expiresAtMs: number | undefined;
  readonly events: ProposedEvent[];
  bytes: number;
}

interface Details {
  serializeBinary(): Uint8Array;
}

const failure = (code: Code, message: string, typeName: string, details: Details): Status => {
  const any = new Any();
  any.pack(details.serializeBinary(), typeName);
  return new Status().setCode(code).setMessage(message).setDetails(any);
};

const wrongVersion = ({ expected, text }: Expectation, current: number): Status => {
  const details = new WrongExpectedVersion();
  if (current < 0) details.setCurrentNoStream(new Empty());
  else details.setCurrentStreamRevision(String(current));
  if (expected === Expected.any) details.setExpectedAny(new Empty());
  else if (expected === Expected.streamExists) details.setExpectedStreamExists(new Empty());
  else if (expected === Expected.noStream) details.setExpectedNoStream(new Empty());
  else details.setExpectedStreamPosition(text);
  return failure(Code.ALREADY_EXISTS, 'WrongExpectedVersion', 'event_store.client.WrongExpectedVersion', details);
};

const badRequest = (message: string): Status => failure(Code.INVALID_ARGUMENT, 'BadRequest', 'event_store.client.BadRequest', new BadRequest().setMessage(message));

const tooLarge = (limit: number): Status =>
  failure(Code.INVALID_ARGUMENT, 'MaximumAppendSizeExceeded', 'event_store.client.MaximumAppendSizeExceeded', new MaximumAppendSizeExceeded().setMaxappendsize(limit));

const timeout = (): Status => failure(Code.DEADLINE_EXCEEDED, 'Timeout', 'event_store.client.Timeout', new Timeout());

const success = (revision: number, position: number | undefined): BatchAppendResp.Success => {
  const answer = new BatchAppendResp.Success();
  if (revision < 0) answer.setNoStream(new Empty());
  else answer.setCurrentRevision(String(revision));
  if (position === undefined) answer.setNoPosition(new Empty());
  else answer.setPosition(new AllStreamPosition().setCommitPosition(String(position)).setPreparePosition(String(position)));
  return answer;
};

const identifier = (stream: string): StreamIdentifier => new StreamIdentifier().setStreamName(Buffer.from(stream, 'utf8'));

const errorOf = (error: unknown): Status => {
  const known = toNodeError(error);
  if (known.metadata.get('exception')[0] === 'access-denied') return failure(Code.PERMISSION_DENIED, 'AccessDenied', 'event_store.client.AccessDenied', new AccessDenied());
  if (known.code === status.UNAVAILABLE) throw known;
  return badRequest(known.details);
};

const answerOf = (outcome: WriteOutcome, batch: Batch): BatchAppendResp => {
  const response = new BatchAppendResp();
  switch (outcome.kind) {
    case 'success': return response.setSuccess(success(outcome.revision, outcome.position));
    case 'wrong-expected-version': return response.setError(wrongVersion(batch.expected, outcome.current));
    case 'stream-deleted':
      return response.setError(failure(Code.NOT_FOUND, 'StreamDeleted', 'event_store.client.StreamDeleted', new StreamDeleted().setStreamIdentifier(identifier(batch.stream))));
    case 'timeout': return response.setError(timeout());
    // Ends the whole call, so that the client sees that the node is unavailable and connects anew.
    case 'unavailable': throw unavailable(outcome.message);
  }
};

const deadlineOf = (options: BatchAppendReq.Options): number | undefined => {
  const deadline = options.getDeadline();
  return deadline && deadline.getSeconds() * 1000 + Math.floor(deadline.getNanos() / 1_000_000);
};

type Call = ServerDuplexStream<BatchAppendReq, BatchAppendResp>;

/** The appends of one call. */
class Batches {
  private readonly open = new Map<string, Batch>();
  private working = 0;
  private ended = false;

  constructor(private readonly parts: WriteParts, private readonly call: Call, private readonly caller: Caller) {}

  async receive(request: BatchAppendReq): Promise<void> {
    const id = uuid(request.getCorrelationId());
    this.working += 1;
    if (this.working >= MOST_AT_ONCE) this.call.pause();
    try {
      await this.take(id, request);
    } catch (error) {
      this.open.delete(id);
      this.answer(request, request.getOptions()?.getStreamIdentifier(), new BatchAppendResp().setError(errorOf(error)));
    } finally {
      this.working -= 1;
      if (this.call.isPaused() && this.working < MOST_AT_ONCE / 2) this.call.resume();
      this.closeWhenDone();
    }
  }

  end(): void {
    this.ended = true;
    this.closeWhenDone();
  }

  private async take(id: string, request: BatchAppendReq): Promise<void> {
    const options = request.getOptions();
    if (options && !this.open.has(id)) this.open.set(id, this.begin(options));
    const batch = this.open.get(id);
    // The rest of an append that was answered already.
    if (!batch) return;
    for (const message of request.getProposedMessagesList()) {
      const event = proposedEvent(message);
      batch.bytes += appendSize(event);
      if (batch.bytes > this.parts.maxAppendBytes) {
        this.open.delete(id);
        this.answer(request, identifier(batch.stream), new BatchAppendResp().setError(tooLarge(this.parts.maxAppendBytes)));
        return;
      }
      batch.events.push(event);
    }
    if (!request.getIsFinal()) return;
    this.open.delete(id);
    await this.write(request, batch);
  }

  private begin(options: BatchAppendReq.Options): Batch {
    const expected = expectation(options, options.hasStreamPosition() ? options.getStreamPosition() : undefined);
    return { stream: streamName(options.getStreamIdentifier()), expected, expiresAtMs: deadlineOf(options), events: [], bytes: 0 };
  }

  private async write(request: BatchAppendReq, batch: Batch): Promise<void> {
    const { stream, expected, expiresAtMs, events } = batch;
    try {
      await this.parts.access.check(this.caller, 'write', stream);
    } catch (error) {
      this.answer(request, identifier(stream), new BatchAppendResp().setError(errorOf(error)));
      return;
    }
    const outcome = await this.parts.appender.submit({ kind: 'append', stream, expected: expected.expected, events, ...(expiresAtMs !== undefined && { expiresAtMs }) });
    this.answer(request, identifier(stream), answerOf(outcome, batch));
  }

  private answer(request: BatchAppendReq, stream: StreamIdentifier | undefined, response: BatchAppendResp): void {
    if (this.call.cancelled) return;
    this.call.write(response.setCorrelationId(request.getCorrelationId()).setStreamIdentifier(stream ?? new StreamIdentifier()));
  }

  private closeWhenDone(): void {
    if (this.ended && this.working === 0) this.call.end();
  }
}

/** `Streams.BatchAppend`. */
export const batchAppend = (parts: WriteParts) => (call: Call): void => {
  let batches: Batches;
  try {
    batches = new Batches(parts, call, parts.access.caller(call.metadata));
  } catch (error) {
    call.emit('error', toNodeError(error));
    return;
  }
  call.on('data', (request: BatchAppendReq) => {
    batches.receive(request).catch((error: unknown) => call.emit('error', toNodeError(error)));
  });
  call.on('end', () => batches.end());
};
