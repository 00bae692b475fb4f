import { parseType } from '@qiyue/contracts';
import type { FactLike } from '@qiyue/decider';
import type { LogMessage } from './log-transport';

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
  /** Sequence last seen of each stream. */
  readonly seen: ReadonlyMap<string, bigint>;
  readonly parked: ReadonlySet<string>;
  /** The group has read this partition from its very first record, so a stream it has never seen must begin at its beginning. */
  readonly fromStart: boolean;
  readonly routeOf: (type: string) => Route;
}

export interface SortedBatch {
  readonly items: readonly Sorted[];
  /** Streams whose last seen sequence changes. */
  readonly seen: ReadonlyMap<string, bigint>;
  /** Something was missed before this offset: what stands before it is sorted, the rest must wait. */
  readonly halt?: { readonly offset: bigint; readonly problem: string };
}

/** Whether a fact follows on what was seen of its stream: again, next, or with something missing in between. */
export const placeInStream = (
  seen: bigint | undefined,
  sequence: bigint,
  previous: bigint | undefined,
  fromStart: boolean,
): 'duplicate' | 'next' | 'missed' => {
  if (seen !== undefined && sequence <= seen) return 'duplicate';
  // A stream never seen may begin in its middle only if the group did not see the log's beginning either.
  if (seen === undefined) return previous === undefined || !fromStart ? 'next' : 'missed';
  return previous === seen ? 'next' : 'missed';
};

/** Says of each record of a batch what is to be done with it. Pure: the same log and the same memory always give the same answer. */
export const sortBatch = ({ messages, seen, parked, fromStart, routeOf }: SortInput): SortedBatch => {
  const items: Sorted[] = [];
  const news = new Map<string, bigint>();
  const waiting = new Set(parked);
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
    const sequence = BigInt(envelope.sequence);
    const previous = envelope.previoussequence === undefined ? undefined : BigInt(envelope.previoussequence);
    const last = news.get(envelope.subject) ?? seen.get(envelope.subject);
    const place = placeInStream(last, sequence, previous, fromStart);
    if (place === 'duplicate') {
      items.push({ message, verdict: 'duplicate' });
      continue;
    }
    if (place === 'missed') {
      const problem = `${envelope.subject}: ${envelope.sequence} follows ${envelope.previoussequence ?? 'nothing'}, but ${last ?? 'nothing'} was seen last`;
      return { items, seen: news, halt: { offset: message.offset, problem } };
    }
    news.set(envelope.subject, sequence);
    const route = routeOf(envelope.type);
    if (route === 'unknown-version') park(message, 'unknown-version');
    else if (route === 'handle') items.push({ message, verdict: waiting.has(message.key) ? 'behind' : 'handle' });
    else items.push({ message, verdict: route });
  }
  return { items, seen: news };
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
