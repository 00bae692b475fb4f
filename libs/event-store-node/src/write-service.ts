import { randomUUID } from 'node:crypto';
import type { sendUnaryData, ServerReadableStream, ServerUnaryCall } from '@grpc/grpc-js';
import { Empty } from '@eventstore/db-client/generated/shared_pb';
import { AppendReq, AppendResp, DeleteReq, DeleteResp, TombstoneReq, TombstoneResp } from '@eventstore/db-client/generated/streams_pb';
import type { Access, Caller } from './access';
import type { Appender } from './appender';
import { appendSize } from './commit-check';
import { invalidArgument, maxAppendSizeExceeded, streamDeleted, timedOut, toNodeError, unavailable, wrongExpectedVersion } from './errors';
import { Expected, type ProposedEvent, type WriteOutcome } from './model';
import { expectation, type Expectation, proposedEvent, streamName } from './wire-decode';

export interface WriteParts {
  readonly access: Access;
  readonly appender: Appender;
  /** Most bytes in one append. */
  readonly maxAppendBytes: number;
  readonly nowMs: () => number;
}

/** The position as two equal numbers, which is how clients know it. */
const positionText = (position: number): string => String(position);

const wrongVersion = ({ expected, text }: Expectation, current: number): AppendResp.WrongExpectedVersion => {
  const answer = new AppendResp.WrongExpectedVersion();
  if (expected === Expected.any) answer.setExpectedAny(new Empty()).setAny2060(new Empty());
  else if (expected === Expected.streamExists) answer.setExpectedStreamExists(new Empty()).setStreamExists2060(new Empty());
  else if (expected === Expected.noStream) answer.setExpectedNoStream(new Empty());
  else answer.setExpectedRevision(text).setExpectedRevision2060(expected);
  if (current < 0) answer.setCurrentNoStream(new Empty()).setNoStream2060(new Empty());
  else answer.setCurrentRevision(String(current)).setCurrentRevision2060(current);
  return answer;
};

const appendResponse = (outcome: WriteOutcome, stream: string, expected: Expectation): AppendResp => {
  const response = new AppendResp();
  switch (outcome.kind) {
    case 'success': {
      const success = new AppendResp.Success();
      if (outcome.revision < 0) success.setNoStream(new Empty());
      else success.setCurrentRevision(String(outcome.revision));
      if (outcome.position === undefined) success.setNoPosition(new Empty());
      else success.setPosition(new AppendResp.Position().setCommitPosition(positionText(outcome.position)).setPreparePosition(positionText(outcome.position)));
      return response.setSuccess(success);
    }
    case 'wrong-expected-version': return response.setWrongExpectedVersion(wrongVersion(expected, outcome.current));
    case 'stream-deleted': throw streamDeleted(stream);
    case 'timeout': throw timedOut();
    case 'unavailable': throw unavailable(outcome.message);
  }
};

interface Collected {
  readonly stream: string;
  readonly expected: Expectation;
  readonly caller: Caller;
  readonly events: ProposedEvent[];
  bytes: number;
}

const collect = (parts: WriteParts, call: ServerReadableStream<AppendReq, AppendResp>, state: Collected | undefined, message: AppendReq): Collected => {
  if (!state) {
    const options = message.getOptions();
    if (!options) throw invalidArgument('the first message must name the stream');
    const expected = expectation(options, options.hasRevision() ? options.getRevision() : undefined);
    return { stream: streamName(options.getStreamIdentifier()), expected, caller: parts.access.caller(call.metadata), events: [], bytes: 0 };
  }
  const event = proposedEvent(message.getProposedMessage());
  state.bytes += appendSize(event);
  if (state.bytes > parts.maxAppendBytes) throw maxAppendSizeExceeded(parts.maxAppendBytes);
  state.events.push(event);
  return state;
};

/** `Streams.Append`: the options, then one message per event. */
export const append = (parts: WriteParts) => (call: ServerReadableStream<AppendReq, AppendResp>, callback: sendUnaryData<AppendResp>): void => {
  let state: Collected | undefined;
  let answered = false;
  const fail = (error: unknown): void => {
    if (answered) return;
    answered = true;
    callback(toNodeError(error));
  };
  const finish = async (): Promise<void> => {
    if (!state) throw invalidArgument('the stream is not named');
    const { stream, expected, caller, events } = state;
    await parts.access.check(caller, 'write', stream);
    const response = appendResponse(await parts.appender.submit({ kind: 'append', stream, expected: expected.expected, events }), stream, expected);
    answered = true;
    callback(null, response);
  };
  call.on('data', (message: AppendReq) => {
    if (answered) return;
    try {
      state = collect(parts, call, state, message);
    } catch (error) {
      fail(error);
    }
  });
  call.on('end', () => {
    if (!answered) finish().catch(fail);
  });
};

interface DeleteOptions {
  getStreamIdentifier(): Parameters<typeof streamName>[0];
  hasAny(): boolean;
  hasNoStream(): boolean;
  hasStreamExists(): boolean;
  hasRevision(): boolean;
  getRevision(): string;
}

/** Deletes and answers the position of the delete. */
const remove = async (parts: WriteParts, kind: 'delete' | 'tombstone', caller: Caller, options: DeleteOptions | undefined): Promise<number | undefined> => {
  if (!options) throw invalidArgument('the options are missing');
  const stream = streamName(options.getStreamIdentifier());
  const expected = expectation(options, options.hasRevision() ? options.getRevision() : undefined);
  await parts.access.check(caller, 'delete', stream);
  const outcome = await parts.appender.submit({ kind, stream, expected: expected.expected, eventId: randomUUID() });
  switch (outcome.kind) {
    case 'success': return outcome.position;
    case 'wrong-expected-version': throw wrongExpectedVersion('Delete', stream, expected.text, outcome.current);
    case 'stream-deleted': throw streamDeleted(stream);
    case 'timeout': throw timedOut();
    case 'unavailable': throw unavailable(outcome.message);
  }
};

/** `Streams.Delete`: a soft delete; appending brings the stream back with its revisions going on. */
export const softDelete = (parts: WriteParts) => (call: ServerUnaryCall<DeleteReq, DeleteResp>, callback: sendUnaryData<DeleteResp>): void => {
  const work = async (): Promise<DeleteResp> => {
    const position = await remove(parts, 'delete', parts.access.caller(call.metadata), call.request.getOptions());
    if (position === undefined) return new DeleteResp().setNoPosition(new Empty());
    return new DeleteResp().setPosition(new DeleteResp.Position().setCommitPosition(positionText(position)).setPreparePosition(positionText(position)));
  };
  work().then((response) => callback(null, response), (error: unknown) => callback(toNodeError(error)));
};

/** `Streams.Tombstone`: the stream is gone for ever. */
export const tombstone = (parts: WriteParts) => (call: ServerUnaryCall<TombstoneReq, TombstoneResp>, callback: sendUnaryData<TombstoneResp>): void => {
  const work = async (): Promise<TombstoneResp> => {
    const position = await remove(parts, 'tombstone', parts.access.caller(call.metadata), call.request.getOptions());
    if (position === undefined) return new TombstoneResp().setNoPosition(new Empty());
    return new TombstoneResp().setPosition(new TombstoneResp.Position().setCommitPosition(positionText(position)).setPreparePosition(positionText(position)));
  };
  work().then((response) => callback(null, response), (error: unknown) => callback(toNodeError(error)));
};
