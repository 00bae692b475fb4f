import { parseType } from '@qiyue/contracts';
import type { FactLike } from '@qiyue/decider';
import { comparePlaces, formatPlace, parsePlace } from './envelope-of';
import type { LogMessage } from './log-transport';
import type { Position } from './relay-options';

type FactName = Pick<FactLike, 'service' | 'name' | 'version'>;

/** What a consumer does with a type. */
export type Route = 'handle' | 'pass' | 'unknown-version' | 'unrouted';

/** Routes by what the consumer handles and what there is at all. */
export const routesOf = (handles: readonly FactName[], catalogue: readonly FactName[]): ((type: string) => Route) => {
  const versions = new Set(handles.map((fact) => `${fact.service}.${fact.name}.v${fact.version}`));
  const names = new Set(handles.map((fact) => `${fact.service}.${fact.name}`));
  const known = new Set(catalogue.map((fact) => `${fact.service}.${fact.name}`));
  return (type) => {
    const parsed = parseType(type);
    if (parsed === undefined) return 'unrouted';
    const name = `${parsed.service}.${parsed.name}`;
    if (versions.has(`${name}.v${parsed.version}`)) return 'handle';
    if (names.has(name)) return 'unknown-version';
    return known.has(name) ? 'pass' : 'unrouted';
  };
};

/**
 * - `handle`: apply it, or react to it.
 * - `pass`: a known fact this consumer has no use for.
 * - `duplicate`: seen before, at another offset.
 * - `unrouted`: nobody has declared such a fact; written down and passed.
 * - `park`: can never be handled as it is; its key is parked.
 * - `behind`: waits behind a parked event of its key.
 */
export type Verdict = 'handle' | 'pass' | 'duplicate' | 'unrouted' | 'park' | 'behind';

export interface Sorted {
  readonly message: LogMessage;
  readonly verdict: Verdict;
  /** Why it is parked. */
  readonly reason?: string;
}

export interface SortInput {
  readonly messages: readonly LogMessage[];
  /** Place of the last fact seen in the partition; undefined before the first. */
  readonly last: Position | undefined;
  /** Nothing of the partition has been read yet, and nothing stood before these records: the first fact in it must be the first that was told. */
  readonly atStart: boolean;
  readonly parked: ReadonlySet<string>;
  readonly routeOf: (type: string) => Route;
}

export interface SortedBatch {
  readonly items: readonly Sorted[];
  /** Place of the last fact seen, these included. */
  readonly last: Position | undefined;
  /** Something was missed before this offset: what stands before it is sorted, the rest must wait. */
  readonly halt?: { readonly offset: bigint; readonly problem: string };
}

/**
 * Whether a fact follows on what was seen of its partition: again, next, or with something missing in between. A relay tells a partition in the
 * order of the event store, so what stands at a place that was passed has been seen, however late it comes again.
 */
export const placeInPartition = (
  last: Position | undefined,
  place: Position,
  previous: Position | undefined,
  atStart: boolean,
): 'duplicate' | 'next' | 'missed' => {
  if (last === undefined) return previous !== undefined && atStart ? 'missed' : 'next';
  if (comparePlaces(place, last) <= 0) return 'duplicate';
  return previous !== undefined && comparePlaces(previous, last) > 0 ? 'missed' : 'next';
};

/** Says of each record of a batch what is to be done with it. Pure: the same log and the same memory always give the same answer. */
export const sortBatch = ({ messages, last: before, atStart, parked, routeOf }: SortInput): SortedBatch => {
  const items: Sorted[] = [];
  const waiting = new Set(parked);
  let last = before;
  const park = (message: LogMessage, reason: string): void => {
    items.push(waiting.has(message.key) ? { message, verdict: 'behind' } : { message, verdict: 'park', reason });
    waiting.add(message.key);
  };
  for (const message of messages) {
    const { envelope } = message;
    if (envelope === undefined) {
      park(message, 'unreadable');
      continue;
    }
    if (envelope.subject !== message.key) {
      park(message, 'wrong-key');
      continue;
    }
    const { position, previousposition } = envelope;
    const place = parsePlace(position);
    const previous = previousposition === undefined ? undefined : parsePlace(previousposition);
    const how = placeInPartition(last, place, previous, atStart && items.length === 0);
    if (how === 'duplicate') {
      items.push({ message, verdict: 'duplicate' });
      continue;
    }
    if (how === 'missed') {
      const seen = last === undefined ? 'nothing' : formatPlace(last);
      const problem = `${envelope.subject}@${envelope.sequence} was told after ${previousposition}, but ${seen} was seen last`;
      return { items, last, halt: { offset: message.offset, problem } };
    }
    last = place;
    const route = routeOf(envelope.type);
    if (route === 'unknown-version') park(message, 'unknown-version');
    else if (route === 'handle') items.push({ message, verdict: waiting.has(message.key) ? 'behind' : 'handle' });
    else items.push({ message, verdict: route });
  }
  return { items, last };
};

/** Why an event failed for good. */
export interface Failure {
  readonly offset: bigint;
  readonly reason: string;
  readonly attempts: number;
}

/** The verdicts after the work: where a key failed, the failed event is parked and every later one of the key waits behind it. */
export const afterFailures = (
  items: readonly Sorted[],
  failures: ReadonlyMap<string, Failure>,
): readonly (Sorted & { readonly attempts?: number })[] =>
  items.map((item) => {
    const failure = failures.get(item.message.key);
    if (failure === undefined || item.message.offset < failure.offset) return item;
    if (item.message.offset === failure.offset)
      return { message: item.message, verdict: 'park', reason: failure.reason, attempts: failure.attempts };
    return item.verdict === 'handle' || item.verdict === 'park' ? { message: item.message, verdict: 'behind' } : item;
  });
