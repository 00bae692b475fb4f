import { randomUUID } from 'node:crypto';
import { topicOf, type ServiceName } from '@qiyue/contracts';
import { formatPosition, parsePosition } from '@qiyue/event-store';
import { placeInPartition, type LogBatch, type LogTransport } from '@qiyue/messaging';
import { RebuildImpossible } from './replay-facts';
import { sourceOf, type Replay, type ReplayBatch } from './sources';

type Log = Pick<LogTransport, 'bounds' | 'consume'>;
/** By `<topic>/<partition>`: the offset the next record will be read from, and the place of the last fact read. */
type Cursor = Record<string, { readonly next: string; readonly last?: string }>;

const nextOf = (cursor: Cursor, place: string): bigint => BigInt(cursor[place]?.next ?? 0);

// How often a reader that waits looks whether it should go on waiting.
const LOOK_EVERY_MS = 100;

/** Where every partition ends now. Throws if one has lost its beginning and the reader would need it. */
const endsOf = async (log: Log, topics: readonly string[], from: Cursor): Promise<ReadonlyMap<string, bigint>> => {
  const ends = new Map<string, bigint>();
  for (const topic of topics) {
    for (const [partition, { first, next }] of await log.bounds(topic)) {
      const place = sourceOf({ topic, partition });
      if (first > nextOf(from, place))
        throw new RebuildImpossible(`the log of ${place} begins at ${first} by now; what stood before can only be told again by its owner`);
      ends.set(place, next);
    }
  }
  return ends;
};

/**
 * The records of a batch that were not handed on before: after a failure of the log a batch may come again. Throws if one says that another was told
 * before it which is not there.
 */
const pieceOf = ({ topic, partition, messages, next }: LogBatch, cursor: Cursor): ReplayBatch => {
  const place = sourceOf({ topic, partition });
  const from = nextOf(cursor, place);
  const envelopes = messages.flatMap(({ envelope, offset }) => (envelope === undefined || offset < from ? [] : [envelope]));
  const known = cursor[place]?.last;
  let last = known === undefined ? undefined : parsePosition(known);
  for (const { position, previousposition } of envelopes) {
    const here = parsePosition(position);
    const previous = previousposition === undefined ? undefined : parsePosition(previousposition);
    const how = placeInPartition(last, here, previous, from === 0n);
    if (how === 'missed')
      throw new RebuildImpossible(`the log of ${place} has lost what was told at ${previousposition}, before ${position}`);
    if (how === 'next') last = here;
  }
  if (next > from) cursor[place] = { next: next.toString(), ...(last === undefined ? {} : { last: formatPosition(last) }) };
  return { topic, partition, envelopes, next: JSON.stringify(cursor) };
};

/**
 * Reads a log again, in a consumer group of this reading alone, so that no other reader's place moves. A record that is no envelope is passed by: the
 * live consumer has parked it.
 */
export const replayOf = (log: Log): Replay =>
  async function* (services, from, signal) {
    const topics = services.map((service) => topicOf(service as ServiceName));
    const cursor = from === undefined ? {} : (JSON.parse(from) as Cursor);
    const ends = await endsOf(log, topics, cursor);
    const open = (): boolean => [...ends].some(([place, end]) => nextOf(cursor, place) < end);
    if (!open()) return;
    const waiting: { readonly batch: LogBatch; readonly taken: () => void }[] = [];
    let wake: () => void = () => undefined;
    let over = false;
    const consumer = await log.consume({
      group: `qiyue.replay.${randomUUID()}`,
      topics,
      startAt: async (topic, partition) => nextOf(cursor, sourceOf({ topic, partition })),
      // Resolves once the reader takes the batch, so that few are in memory.
      onBatch: (batch) =>
        new Promise<void>((resolve) => {
          if (over) return resolve();
          waiting.push({ batch, taken: resolve });
          wake();
        }),
    });
    const timer = setInterval(() => wake(), LOOK_EVERY_MS);
    try {
      while (open()) {
        signal.throwIfAborted();
        if (consumer.fatal() !== undefined) throw consumer.fatal();
        const next = waiting.shift();
        if (next === undefined) {
          await new Promise<void>((resolve) => (wake = resolve));
          continue;
        }
        next.taken();
        yield pieceOf(next.batch, cursor);
      }
    } finally {
      over = true;
      clearInterval(timer);
      for (const { taken } of waiting) taken();
      await consumer.stop();
    }
  };
