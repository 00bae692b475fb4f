import { randomUUID } from 'node:crypto';
import type { sendUnaryData, ServerReadableStream, ServerUnaryCall } from '@grpc/grpc-js';
import type { Access, Caller } from './access';
import type { Appender } from './appender';
import { appendSize } from './commit-check';
import { invalidArgument, maxAppendSizeExceeded, streamDeleted, timedOut, toNodeError, unavailable, wrongExpectedVersion } from './errors';
import { Expected, type ProposedEvent, type WriteOutcome } from './model';
import { bytesField, emptyField, message, numberField, uint64Field } from './protobuf';
import { appendMessage, deleteTarget, type Expectation, type WriteTarget } from './wire-decode';
import { positionFields } from './wire-encode';

export interface WriteParts {
  readonly access: Access;
  readonly appender: Appender;
  /** Most bytes in one append. */
  readonly maxAppendBytes: number;
  readonly nowMs: () => number;
}

/** The Success message, which Append and BatchAppend number alike. */
export const successMessage = (revision: number, position: number | undefined): Buffer =>
  message(
    revision < 0 ? emptyField(2) : numberField(1, revision),
    position === undefined ? emptyField(4) : bytesField(3, positionFields(position)),
  );

/** Every fact twice, as clients before and after 20.6.1 number them differently. */
const wrongVersionMessage = ({ expected, exact }: Expectation, current: number): Buffer => {
  const found = current < 0 ? message(emptyField(2), emptyField(7)) : message(numberField(1, current), numberField(6, current));
  switch (expected) {
    case Expected.any:
      return message(found, emptyField(4), emptyField(9));
    case Expected.streamExists:
      return message(found, emptyField(5), emptyField(10));
    case Expected.noStream:
      return message(found, emptyField(11));
    default:
      return message(found, uint64Field(3, exact), uint64Field(8, exact));
  }
};

const appendResponse = (outcome: WriteOutcome, target: WriteTarget): Buffer => {
  switch (outcome.kind) {
    case 'success':
      return bytesField(1, successMessage(outcome.revision, outcome.position));
    case 'wrong-expected-version':
      return bytesField(2, wrongVersionMessage(target, outcome.current));
    case 'stream-deleted':
      throw streamDeleted(target.stream);
    case 'timeout':
      throw timedOut();
    case 'unavailable':
      throw unavailable(outcome.message);
  }
};

/** The messages of one append, gathered. */
class Gathering {
  private target: WriteTarget | undefined;
  private readonly events: ProposedEvent[] = [];
  private bytes = 0;

  constructor(
    private readonly parts: WriteParts,
    private readonly caller: Caller,
  ) {}

  take(received: Buffer): void {
    const { target, event } = appendMessage(received, this.parts.nowMs());
    if (target && !this.target) this.target = target;
    else if (event && this.target) this.add(event);
    else throw invalidArgument('an append is its options and then its events');
  }

  async write(): Promise<Buffer> {
    const { target, events, caller, parts } = this;
    if (!target) throw invalidArgument('the stream is not named');
    await parts.access.check(caller, 'write', target.stream);
    return appendResponse(
      await parts.appender.submit({ kind: 'append', stream: target.stream, expected: target.expected, events }),
      target,
    );
  }

  private add(event: ProposedEvent): void {
    this.bytes += appendSize(event);
    if (this.bytes > this.parts.maxAppendBytes) throw maxAppendSizeExceeded(this.parts.maxAppendBytes);
    this.events.push(event);
  }
}

/** `Streams.Append`: the options, then one message per event. */
export const append =
  (parts: WriteParts) =>
  (call: ServerReadableStream<Buffer, Buffer>, callback: sendUnaryData<Buffer>): void => {
    let answered = false;
    const answer = (error: unknown, response?: Buffer): void => {
      if (answered) return;
      answered = true;
      if (response) callback(null, response);
      else callback(toNodeError(error));
    };
    let gathering: Gathering | undefined;
    call.on('data', (received: Buffer) => {
      if (answered) return;
      try {
        gathering ??= new Gathering(parts, parts.access.caller(call.metadata));
        gathering.take(received);
      } catch (error) {
        answer(error);
      }
    });
    const write = (): void => {
      // Half of an append is none: the caller sends it again, or finds it refused, but never half of it stored.
      if (answered || call.cancelled) return;
      if (!gathering) return answer(invalidArgument('the stream is not named'));
      gathering.write().then((response) => answer(undefined, response), answer);
    };
    // A call that breaks off ends as well, and only after that is it told that it was broken off, in the same turn.
    call.on('end', () => setImmediate(write));
  };

const remove = async (parts: WriteParts, kind: 'delete' | 'tombstone', call: ServerUnaryCall<Buffer, Buffer>): Promise<Buffer> => {
  const caller = parts.access.caller(call.metadata);
  const target = deleteTarget(call.request, parts.nowMs());
  const { stream, expected, exact } = target;
  await parts.access.check(caller, 'delete', stream);
  const outcome = await parts.appender.submit({ kind, stream, expected, eventId: randomUUID() });
  switch (outcome.kind) {
    case 'success':
      return outcome.position === undefined ? emptyField(2) : bytesField(1, positionFields(outcome.position));
    case 'wrong-expected-version':
      throw wrongExpectedVersion('Delete', stream, exact, outcome.current);
    case 'stream-deleted':
      throw streamDeleted(stream);
    case 'timeout':
      throw timedOut();
    case 'unavailable':
      throw unavailable(outcome.message);
  }
};

type AnswerOne = (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => void;

const removing =
  (kind: 'delete' | 'tombstone') =>
  (parts: WriteParts): AnswerOne =>
  (call, callback) => {
    remove(parts, kind, call).then(
      (response) => callback(null, response),
      (error: unknown) => callback(toNodeError(error)),
    );
  };

/** `Streams.Delete`: a soft delete; appending brings the stream back with its revisions going on. */
export const softDelete = removing('delete');

/** `Streams.Tombstone`: the stream is gone for ever. */
export const tombstone = removing('tombstone');
