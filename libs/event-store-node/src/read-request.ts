import { invalidArgument } from './errors';
import { eventFilter, type EventFilter } from './filter';
import { DELETED } from './model';
import { FieldReader } from './protobuf';
import { streamName } from './wire-decode';

// What readers and subscribers send. The numbers are those of the public streams.proto.

/** A position in `$all` as a bound: the first of our positions at or after it, and the first one after it. */
interface Bound {
  readonly inclusive: number;
  readonly exclusive: number;
}

export type ReadTarget =
  | { readonly kind: 'stream'; readonly stream: string; readonly from: 'start' | 'end' | number }
  | {
      readonly kind: 'all';
      readonly from: 'start' | 'end' | Bound;
      readonly filter: EventFilter | undefined;
      readonly checkpointInterval: number;
    };

export interface ReadRequest {
  readonly target: ReadTarget;
  readonly backwards: boolean;
  readonly resolveLinks: boolean;
  /** Most events wanted, or that the call is a subscription. */
  readonly count: number | 'subscription';
  /** UUIDs are wanted as two numbers instead of text. */
  readonly structuredIds: boolean;
  /** The client understands the messages that tell a stream's first and last revision. */
  readonly tellsRevisions: boolean;
}

const DEFAULT_SEARCH_WINDOW = 32;
const MAX_PREFIXES = 1_000;

const streamFrom = (options: FieldReader): ReadTarget => {
  let stream: string | undefined;
  let from: 'start' | 'end' | number = 'start';
  while (options.next()) {
    switch (options.field) {
      case 1:
        stream = streamName(options.message());
        break;
      case 2:
        from = Math.min(options.number(), DELETED);
        break;
      case 3:
        from = 'start';
        break;
      case 4:
        from = 'end';
        break;
    }
  }
  if (stream === undefined) throw invalidArgument('the stream name is missing');
  return { kind: 'stream', stream, from };
};

const bound = (position: FieldReader): Bound => {
  let [commit, prepare] = [0n, 0n];
  while (position.next()) {
    if (position.field === 1) commit = position.uint64();
    else if (position.field === 2) prepare = position.uint64();
  }
  // Our positions have equal parts. They are ordered by commit, then prepare, so unequal parts lie between two of ours.
  const number = Math.min(Number(commit), Number.MAX_SAFE_INTEGER - 1);
  return { inclusive: prepare <= commit ? number : number + 1, exclusive: prepare < commit ? number : number + 1 };
};

const allFrom = (options: FieldReader): 'start' | 'end' | Bound => {
  let from: 'start' | 'end' | Bound = 'start';
  while (options.next()) {
    switch (options.field) {
      case 1:
        from = bound(options.message());
        break;
      case 2:
        from = 'start';
        break;
      case 3:
        from = 'end';
        break;
    }
  }
  return from;
};

interface Filtering {
  readonly filter: EventFilter;
  /** Events looked at between two checkpoints. */
  readonly checkpointInterval: number;
}

const expression = (on: 'stream' | 'type', reader: FieldReader): EventFilter => {
  let regex = '';
  const prefixes: string[] = [];
  while (reader.next()) {
    if (reader.field === 1) regex = reader.text();
    else if (reader.field === 2) prefixes.push(reader.text());
  }
  if (prefixes.length > MAX_PREFIXES || prefixes.some((prefix) => prefix.includes('\0')))
    throw invalidArgument('the filter has too many prefixes, or one with U+0000');
  return eventFilter(on, regex, prefixes);
};

const filtering = (options: FieldReader): Filtering => {
  let filter: EventFilter | undefined;
  let window = DEFAULT_SEARCH_WINDOW;
  let multiplier = 0;
  while (options.next()) {
    switch (options.field) {
      case 1:
        filter = expression('stream', options.message());
        break;
      case 2:
        filter = expression('type', options.message());
        break;
      case 3:
        window = options.number();
        break;
      case 5:
        multiplier = options.number();
        break;
    }
  }
  if (!filter) throw invalidArgument('the filter is empty');
  return { filter, checkpointInterval: window * multiplier };
};

interface Options {
  stream?: ReadTarget;
  allFrom?: 'start' | 'end' | Bound;
  backwards: boolean;
  resolveLinks: boolean;
  count?: number | 'subscription';
  filtering?: Filtering;
  structuredIds?: boolean;
  compatibility: number;
}

const uuidOption = (reader: FieldReader): boolean => {
  let structured = true;
  while (reader.next()) if (reader.field === 2) structured = false;
  return structured;
};

const compatibilityOption = (reader: FieldReader): number => {
  let compatibility = 0;
  while (reader.next()) if (reader.field === 1) compatibility = reader.number();
  return compatibility;
};

const optionsOf = (reader: FieldReader): Options => {
  const options: Options = { backwards: false, resolveLinks: false, compatibility: 0 };
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        options.stream = streamFrom(reader.message());
        break;
      case 2:
        options.allFrom = allFrom(reader.message());
        break;
      case 3:
        options.backwards = reader.number() === 1;
        break;
      case 4:
        options.resolveLinks = reader.number() !== 0;
        break;
      case 5:
        options.count = reader.number();
        break;
      case 6:
        options.count = 'subscription';
        break;
      case 7:
        options.filtering = filtering(reader.message());
        break;
      case 9:
        options.structuredIds = uuidOption(reader.message());
        break;
      case 10:
        options.compatibility = compatibilityOption(reader.message());
        break;
    }
  }
  return options;
};

const targetOf = ({ stream, allFrom: from, filtering: filter }: Options): ReadTarget => {
  if (stream) {
    if (filter) throw invalidArgument('a stream cannot be read with a filter');
    return stream;
  }
  if (from === undefined) throw invalidArgument('neither a stream nor $all is asked for');
  return { kind: 'all', from, filter: filter?.filter, checkpointInterval: filter?.checkpointInterval ?? Number.MAX_SAFE_INTEGER };
};

/** What a `Streams.Read` request asks for. */
export const readRequest = (bytes: Buffer): ReadRequest => {
  let options: Options | undefined;
  for (const reader = new FieldReader(bytes); reader.next();) if (reader.field === 1) options = optionsOf(reader.message());
  if (!options) throw invalidArgument('the options are missing');
  const { count, backwards, resolveLinks, structuredIds, compatibility } = options;
  if (structuredIds === undefined) throw invalidArgument('the UUID option is missing');
  if (count === undefined) throw invalidArgument('the count is missing');
  const target = targetOf(options);
  if (count === 'subscription') {
    if (backwards) throw invalidArgument('a subscription goes forwards');
    if (target.kind === 'all' && target.checkpointInterval === 0) throw invalidArgument('the checkpoint interval must be at least 1');
  }
  return { target, backwards, resolveLinks, count, structuredIds, tellsRevisions: compatibility >= 1 };
};
