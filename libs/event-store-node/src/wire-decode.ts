import { invalidArgument, missingMetadata } from './errors';
import { DELETED, Expected, type ProposedEvent } from './model';
import { FieldReader } from './protobuf';

// What writers send. The numbers are those of the public streams.proto and shared.proto.

const MAX_STREAM_BYTES = 1024;
const MAX_TYPE_LENGTH = 1024;
const UUID_TEXT = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const NIL_UUID = '00000000-0000-0000-0000-000000000000';
const NOTHING: Buffer = Buffer.alloc(0);

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The stream a StreamIdentifier names. */
export const streamName = (identifier: FieldReader): string => {
  let bytes = NOTHING;
  while (identifier.next()) if (identifier.field === 3) bytes = identifier.bytes();
  if (bytes.length > MAX_STREAM_BYTES) throw invalidArgument(`a stream name may have ${MAX_STREAM_BYTES} bytes`);
  let name: string;
  try {
    name = utf8.decode(bytes);
  } catch {
    throw invalidArgument('the stream name is not valid UTF-8');
  }
  if (name === '' || name === '$$') throw invalidArgument('the stream name is missing');
  if (name.includes('\0')) throw invalidArgument('a stream name may not contain the character U+0000');
  return name;
};

const structuredUuid = (numbers: FieldReader): string => {
  const halves = [0n, 0n];
  while (numbers.next()) if (numbers.field === 1 || numbers.field === 2) halves[numbers.field - 1] = numbers.uint64();
  const hex = halves.map((half) => half.toString(16).padStart(16, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};

/** A UUID in lower case, whichever of the two ways the client sent it. */
export const uuid = (value: FieldReader): string => {
  let text = '';
  while (value.next()) {
    if (value.field === 1) text = structuredUuid(value.message());
    else if (value.field === 2) text = value.text().toLowerCase();
  }
  if (!UUID_TEXT.test(text)) throw invalidArgument('an id is not a UUID');
  return text;
};

/** The event a client proposes: a ProposedMessage. */
export const proposedEvent = (proposed: FieldReader): ProposedEvent => {
  let id = NIL_UUID;
  let type: string | undefined;
  let contentType: string | undefined;
  let [data, metadata] = [NOTHING, NOTHING];
  while (proposed.next()) {
    switch (proposed.field) {
      case 1:
        id = uuid(proposed.message());
        break;
      case 2: {
        let [key, value] = ['', ''];
        for (const entry = proposed.message(); entry.next();) {
          if (entry.field === 1) key = entry.text();
          else if (entry.field === 2) value = entry.text();
        }
        if (key === 'type') type = value;
        else if (key === 'content-type') contentType = value;
        break;
      }
      case 3:
        metadata = proposed.bytes();
        break;
      case 4:
        data = proposed.bytes();
        break;
    }
  }
  if (type === undefined) throw missingMetadata('type');
  if (contentType === undefined) throw missingMetadata('content-type');
  if (type === '' || type.length > MAX_TYPE_LENGTH || type.includes('\0'))
    throw invalidArgument('the event type is empty, too long or contains U+0000');
  if (id === NIL_UUID) throw invalidArgument('an event id is missing');
  return { id, type, isJson: contentType === 'application/json', data, metadata };
};

/** What a writer expects: as a number to judge by, and exactly, to answer with (a large revision is rounded in the number). */
export interface Expectation {
  readonly expected: number;
  readonly exact: bigint;
}

/** Where a write goes. */
export interface WriteTarget extends Expectation {
  readonly stream: string;
  /** Milliseconds since 1970 after which the client no longer waits. */
  readonly expiresAtMs: number | undefined;
}

const wellKnown = (expected: number): Expectation => ({ expected, exact: BigInt(expected) });

const timestampMs = (time: FieldReader): number => {
  let ms = 0;
  while (time.next()) {
    if (time.field === 1) ms += time.number() * 1000;
    else if (time.field === 2) ms += Math.floor(time.number() / 1_000_000);
  }
  return ms;
};

/** The options of any write: append, batch append, delete and tombstone number them alike. */
export const writeTarget = (options: FieldReader, nowMs: number): WriteTarget => {
  let stream: string | undefined;
  let expectation: Expectation | undefined;
  let expiresAtMs: number | undefined;
  while (options.next()) {
    switch (options.field) {
      case 1:
        stream = streamName(options.message());
        break;
      case 2: {
        const exact = options.uint64();
        expectation = { expected: Math.min(Number(exact), DELETED), exact };
        break;
      }
      case 3:
        expectation = wellKnown(Expected.noStream);
        break;
      case 4:
        expectation = wellKnown(Expected.any);
        break;
      case 5:
        expectation = wellKnown(Expected.streamExists);
        break;
      // A point in time (older clients) or a duration.
      case 6:
        expiresAtMs = timestampMs(options.message());
        break;
      case 7:
        expiresAtMs = nowMs + timestampMs(options.message());
        break;
    }
  }
  if (stream === undefined) throw invalidArgument('the stream name is missing');
  if (!expectation) throw invalidArgument('the expected revision is missing');
  return { stream, ...expectation, expiresAtMs };
};

/** One message of `Streams.Append`: where the append goes, or one of its events. */
export const appendMessage = (bytes: Buffer, nowMs: number): { readonly target?: WriteTarget; readonly event?: ProposedEvent } => {
  for (const reader = new FieldReader(bytes); reader.next();) {
    if (reader.field === 1) return { target: writeTarget(reader.message(), nowMs) };
    if (reader.field === 2) return { event: proposedEvent(reader.message()) };
  }
  throw invalidArgument('the message is empty');
};

/** The options in a message of `Streams.Delete` or `Streams.Tombstone`. */
export const deleteTarget = (bytes: Buffer, nowMs: number): WriteTarget => {
  for (const reader = new FieldReader(bytes); reader.next();) if (reader.field === 1) return writeTarget(reader.message(), nowMs);
  throw invalidArgument('the options are missing');
};

/** One message of `Streams.BatchAppend`, taken apart but its contents not looked at, so that a bad one can still be answered. */
export interface BatchMessage {
  readonly correlationId: Buffer;
  readonly options: Buffer | undefined;
  readonly events: readonly Buffer[];
  readonly isFinal: boolean;
}

export const batchMessage = (bytes: Buffer): BatchMessage => {
  let correlationId = NOTHING;
  let options: Buffer | undefined;
  const events: Buffer[] = [];
  let isFinal = false;
  for (const reader = new FieldReader(bytes); reader.next();) {
    switch (reader.field) {
      case 1:
        correlationId = reader.bytes();
        break;
      case 2:
        options = reader.bytes();
        break;
      case 3:
        events.push(reader.bytes());
        break;
      case 4:
        isFinal = reader.number() !== 0;
        break;
    }
  }
  return { correlationId, options, events, isFinal };
};
