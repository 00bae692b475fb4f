import type { UUID, StreamIdentifier } from '@eventstore/db-client/generated/shared_pb';
import type { ReadReq } from '@eventstore/db-client/generated/streams_pb';
import { invalidArgument, missingMetadata } from './errors';
import { eventFilter, InvalidFilterError, type EventFilter } from './filter';
import { DELETED, Expected, type ProposedEvent } from './model';

const MAX_STREAM_BYTES = 1024;
const MAX_TYPE_LENGTH = 1024;
const UUID_TEXT = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const NIL_UUID = '00000000-0000-0000-0000-000000000000';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The stream a request names. */
export const streamName = (identifier: StreamIdentifier | undefined): string => {
  const bytes = identifier?.getStreamName_asU8() ?? new Uint8Array(0);
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

const hex64 = (value: string): string => BigInt.asUintN(64, BigInt(value)).toString(16).padStart(16, '0');

/** A UUID in lower case, whichever of the two ways the client sent it. */
export const uuid = (value: UUID | undefined): string => {
  const structured = value?.getStructured();
  let text = (value?.getString() ?? '').toLowerCase();
  if (structured) {
    const hex = hex64(structured.getMostSignificantBits()) + hex64(structured.getLeastSignificantBits());
    text = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }
  if (!UUID_TEXT.test(text)) throw invalidArgument('an id is not a UUID');
  return text;
};

interface ProposedMessage {
  getId(): UUID | undefined;
  getMetadataMap(): { get(key: string): string | undefined };
  getData_asU8(): Uint8Array;
  getCustomMetadata_asU8(): Uint8Array;
}

/** The event a client proposes. */
export const proposedEvent = (message: ProposedMessage | undefined): ProposedEvent => {
  if (!message) throw invalidArgument('an event is missing');
  const properties = message.getMetadataMap();
  const type = properties.get('type');
  const contentType = properties.get('content-type');
  if (type === undefined) throw missingMetadata('type');
  if (contentType === undefined) throw missingMetadata('content-type');
  if (type === '' || type.length > MAX_TYPE_LENGTH || type.includes('\0')) throw invalidArgument('the event type is empty, too long or contains U+0000');
  const id = uuid(message.getId());
  if (id === NIL_UUID) throw invalidArgument('an event id may not be empty');
  return { id, type, isJson: contentType === 'application/json', data: message.getData_asU8(), metadata: message.getCustomMetadata_asU8() };
};

interface ExpectedOption {
  hasAny(): boolean;
  hasNoStream(): boolean;
  hasStreamExists(): boolean;
}

/** What a writer expects: as a number to judge by, and as the text to answer with (a large revision is rounded in the number). */
export interface Expectation {
  readonly expected: number;
  readonly text: string;
}

const known = (expected: number): Expectation => ({ expected, text: String(expected) });

/** The expected revision; `revision` is the text of the numeric option, if that is the one set. */
export const expectation = (option: ExpectedOption, revision: string | undefined): Expectation => {
  if (option.hasAny()) return known(Expected.any);
  if (option.hasNoStream()) return known(Expected.noStream);
  if (option.hasStreamExists()) return known(Expected.streamExists);
  if (revision === undefined) throw invalidArgument('the expected revision is missing');
  return { expected: Math.min(Number(revision), DELETED), text: revision };
};

/** A position in `$all` as a bound: the first position at or after it (`inclusive`), or the first one after it. */
const bound = (commit: string, prepare: string): { readonly inclusive: number; readonly exclusive: number } => {
  // Ours have equal parts. Positions are ordered by commit, then prepare, so unequal parts lie between two of ours.
  const [commitPosition, preparePosition] = [BigInt(commit), BigInt(prepare)];
  const number = Math.min(Number(commitPosition), Number.MAX_SAFE_INTEGER - 1);
  return { inclusive: preparePosition <= commitPosition ? number : number + 1, exclusive: preparePosition < commitPosition ? number : number + 1 };
};

type AllFrom = 'start' | 'end' | { readonly inclusive: number; readonly exclusive: number };

export type ReadTarget =
  | { readonly kind: 'stream'; readonly stream: string; readonly from: 'start' | 'end' | number }
  | { readonly kind: 'all'; readonly from: AllFrom; readonly filter: EventFilter | undefined; readonly checkpointInterval: number };

export interface ReadRequest {
  readonly target: ReadTarget;
  readonly backwards: boolean;
  readonly resolveLinks: boolean;
  /** Most events wanted, or that the call is a subscription. */
  readonly count: number | 'subscription';
  readonly structuredIds: boolean;
  /** The client understands the messages that tell a stream's first and last revision. */
  readonly tellsRevisions: boolean;
}

const DEFAULT_SEARCH_WINDOW = 32;

const filterOf = (options: ReadReq.Options): { filter: EventFilter | undefined; checkpointInterval: number } => {
  const filter = options.getFilter();
  if (!filter) return { filter: undefined, checkpointInterval: Number.MAX_SAFE_INTEGER };
  const [on, expression] = filter.hasStreamIdentifier() ? (['stream', filter.getStreamIdentifier()] as const) : (['type', filter.getEventType()] as const);
  if (!expression) throw invalidArgument('the filter is empty');
  const window = filter.hasMax() ? filter.getMax() : DEFAULT_SEARCH_WINDOW;
  const interval = filter.getCheckpointintervalmultiplier() * window;
  if (options.hasSubscription() && interval === 0) throw invalidArgument('the checkpoint interval must be at least 1');
  try {
    return { filter: eventFilter(on, expression.getRegex(), expression.getPrefixList()), checkpointInterval: interval };
  } catch (error) {
    if (error instanceof InvalidFilterError) throw invalidArgument(error.message);
    throw error;
  }
};

const targetOf = (options: ReadReq.Options): ReadTarget => {
  const stream = options.getStream();
  if (stream) {
    if (options.hasFilter()) throw invalidArgument('a stream cannot be read with a filter');
    const from = stream.hasRevision() ? Math.min(Number(stream.getRevision()), DELETED) : stream.hasEnd() ? 'end' : 'start';
    return { kind: 'stream', stream: streamName(stream.getStreamIdentifier()), from };
  }
  const all = options.getAll();
  if (!all) throw invalidArgument('neither a stream nor $all is asked for');
  const position = all.getPosition();
  const from = position ? bound(position.getCommitPosition(), position.getPreparePosition()) : all.hasEnd() ? 'end' : 'start';
  return { kind: 'all', from, ...filterOf(options) };
};

/** What a `Streams.Read` request asks for. */
export const readRequest = (request: ReadReq): ReadRequest => {
  const options = request.getOptions();
  if (!options) throw invalidArgument('the options are missing');
  const uuidOption = options.getUuidOption();
  if (!uuidOption) throw invalidArgument('the UUID option is missing');
  const subscription = options.hasSubscription();
  const backwards = options.getReadDirection() === 1;
  if (subscription && backwards) throw invalidArgument('a subscription goes forwards');
  if (!subscription && !options.hasCount()) throw invalidArgument('the count is missing');
  return {
    target: targetOf(options),
    backwards,
    resolveLinks: options.getResolveLinks(),
    count: subscription ? 'subscription' : Number(options.getCount()),
    structuredIds: !uuidOption.hasString(),
    tellsRevisions: (options.getControlOption()?.getCompatibility() ?? 0) >= 1,
  };
};
