import { status, type ServerDuplexStream } from '@grpc/grpc-js';
import type { Caller } from './access';
import { appendSize } from './commit-check';
import { toNodeError, unavailable } from './errors';
import { Expected, type ProposedEvent, type WriteOutcome } from './model';
import { bytesField, emptyField, FieldReader, message, numberField, textField, uint64Field } from './protobuf';
import { batchMessage, proposedEvent, uuid, writeTarget, type BatchMessage, type Expectation, type WriteTarget } from './wire-decode';
import { streamIdentifier } from './wire-encode';
import { successMessage, type WriteParts } from './write-service';

// One call carries many appends, told apart by a correlation id and answered in any order. An append whose events exceed
// one message comes in parts, the last marked final. Each append gets exactly one answer: the client loses its way on a second.

/** Appends of one call that are taken in before the client must wait. */
const MOST_AT_ONCE = 1024;

interface Batch {
  readonly target: WriteTarget;
  readonly events: ProposedEvent[];
  bytes: number;
}

/** A google.rpc.Status with details of one of the types in shared.proto. */
const failure = (code: status, type: string, details: Buffer): Buffer => {
  const any = message(textField(1, `type.googleapis.com/event_store.client.${type}`), bytesField(2, details));
  return message(numberField(1, code), textField(2, type), bytesField(3, any));
};

const wrongVersion = ({ expected, exact }: Expectation, current: number): Buffer => {
  const found = current < 0 ? emptyField(2) : numberField(1, current);
  switch (expected) {
    case Expected.any:
      return message(found, emptyField(4));
    case Expected.streamExists:
      return message(found, emptyField(5));
    case Expected.noStream:
      return message(found, emptyField(6));
    default:
      return message(found, uint64Field(3, exact));
  }
};

const succeeded = (revision: number, position: number | undefined): Buffer => bytesField(3, successMessage(revision, position));

const failed = (code: status, type: string, details: Buffer): Buffer => bytesField(2, failure(code, type, details));

const tooLarge = (limit: number): Buffer => failed(status.INVALID_ARGUMENT, 'MaximumAppendSizeExceeded', numberField(1, limit));

const errorOf = (error: unknown): Buffer => {
  const known = toNodeError(error);
  if (known.code === status.UNAVAILABLE) throw known;
  if (known.code === status.PERMISSION_DENIED) return failed(known.code, 'AccessDenied', message());
  return failed(status.INVALID_ARGUMENT, 'BadRequest', textField(1, known.details));
};

const answerOf = (outcome: WriteOutcome, target: WriteTarget): Buffer => {
  switch (outcome.kind) {
    case 'success':
      return succeeded(outcome.revision, outcome.position);
    case 'wrong-expected-version':
      return failed(status.ALREADY_EXISTS, 'WrongExpectedVersion', wrongVersion(target, outcome.current));
    case 'stream-deleted':
      return failed(status.NOT_FOUND, 'StreamDeleted', bytesField(1, streamIdentifier(target.stream)));
    case 'timeout':
      return failed(status.DEADLINE_EXCEEDED, 'Timeout', message());
    // Ends the whole call, so that the client sees that the node is unavailable and connects anew.
    case 'unavailable':
      throw unavailable(outcome.message);
  }
};

type Call = ServerDuplexStream<Buffer, Buffer>;

/** The appends of one call. */
class Batches {
  private readonly open = new Map<string, Batch>();
  private working = 0;
  private ended = false;

  constructor(
    private readonly parts: WriteParts,
    private readonly call: Call,
    private readonly caller: Caller,
  ) {}

  async receive(bytes: Buffer): Promise<void> {
    const part = batchMessage(bytes);
    const id = uuid(new FieldReader(part.correlationId));
    this.working += 1;
    if (this.working >= MOST_AT_ONCE) this.call.pause();
    try {
      const batch = this.gather(id, part);
      if (batch) this.answer(part, batch.target.stream, await this.write(batch));
    } catch (error) {
      const stream = this.open.get(id)?.target.stream ?? '';
      this.open.delete(id);
      this.answer(part, stream, errorOf(error));
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

  /** Takes in one part, and returns the append once it is whole. */
  private gather(id: string, { options, events, isFinal }: BatchMessage): Batch | undefined {
    if (options && !this.open.has(id))
      this.open.set(id, { target: writeTarget(new FieldReader(options), this.parts.nowMs()), events: [], bytes: 0 });
    const batch = this.open.get(id);
    // Otherwise this is the rest of an append that was answered already.
    if (!batch) return undefined;
    for (const proposed of events) {
      const event = proposedEvent(new FieldReader(proposed));
      batch.bytes += appendSize(event);
      batch.events.push(event);
      if (batch.bytes > this.parts.maxAppendBytes) {
        this.open.delete(id);
        return batch;
      }
    }
    if (!isFinal) return undefined;
    this.open.delete(id);
    return batch;
  }

  private async write({ target, events, bytes }: Batch): Promise<Buffer> {
    const { access, appender, maxAppendBytes } = this.parts;
    if (bytes > maxAppendBytes) return tooLarge(maxAppendBytes);
    const { stream, expected, expiresAtMs } = target;
    try {
      await access.check(this.caller, 'write', stream);
    } catch (error) {
      return errorOf(error);
    }
    const outcome = await appender.submit({ kind: 'append', stream, expected, events, ...(expiresAtMs !== undefined && { expiresAtMs }) });
    return answerOf(outcome, target);
  }

  private answer({ correlationId }: BatchMessage, stream: string, result: Buffer): void {
    if (!this.call.cancelled) this.call.write(message(bytesField(1, correlationId), result, bytesField(4, streamIdentifier(stream))));
  }

  private closeWhenDone(): void {
    if (this.ended && this.working === 0) this.call.end();
  }
}

/** `Streams.BatchAppend`. */
export const batchAppend =
  (parts: WriteParts) =>
  (call: Call): void => {
    let batches: Batches;
    try {
      batches = new Batches(parts, call, parts.access.caller(call.metadata));
    } catch (error) {
      call.emit('error', toNodeError(error));
      return;
    }
    call.on('data', (bytes: Buffer) => {
      batches.receive(bytes).catch((error: unknown) => call.emit('error', toNodeError(error)));
    });
    call.on('end', () => batches.end());
  };
