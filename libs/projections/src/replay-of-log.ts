import { randomUUID } from 'node:crypto';
import { topicOf, type ServiceName } from '@qiyue/contracts';
import type { LogBatch, LogTransport } from '@qiyue/messaging';
import { RebuildImpossible } from './replay-facts';
import type { Replay, ReplayBatch } from './sources';

type Log = Pick<LogTransport, 'bounds' | 'consume'>;
/** Offset the next record will be read from, by `<topic>/<partition>`. */
type Offsets = Record<string, string>;

const placeOf = ({ topic, partition }: { readonly topic: string; readonly partition: number }): string => `${topic}/${partition}`;

// How often a reader that waits looks whether it should go on waiting.
const LOOK_EVERY_MS = 100;

/** Where every partition ends now. Throws if one has lost its beginning and the reader would need it. */
const endsOf = async (log: Log, topics: readonly string[], from: Offsets): Promise<ReadonlyMap<string, bigint>> => {
  const ends = new Map<string, bigint>();
  for (const topic of topics) {
    for (const [partition, { first, next }] of await log.bounds(topic)) {
      const place = placeOf({ topic, partition });
      if (first > BigInt(from[place] ?? 0))
        throw new RebuildImpossible(`the log of ${place} begins at ${first} by now; what stood before can only be told again by its owner`);
      ends.set(place, next);
    }
  }
  return ends;
};

/** The records of a batch that were not handed on before: after a failure of the log a batch may come again. */
const pieceOf = ({ topic, partition, messages, next }: LogBatch, offsets: Offsets): ReplayBatch => {
  const place = placeOf({ topic, partition });
  const from = BigInt(offsets[place] ?? 0);
  const envelopes = messages.flatMap(({ envelope, offset }) => (envelope === undefined || offset < from ? [] : [envelope]));
  if (next > from) offsets[place] = next.toString();
  return { topic, partition, envelopes, next: JSON.stringify(offsets) };
};

/**
 * Reads a log again, in a consumer group of this reading alone, so that no other reader's place moves. A record that is no envelope is passed by: the
 * live consumer has parked it.
 */
export const replayOf = (log: Log): Replay =>
  async function* (services, from, signal) {
    const topics = services.map((service) => topicOf(service as ServiceName));
    const offsets = from === undefined ? {} : (JSON.parse(from) as Offsets);
    const ends = await endsOf(log, topics, offsets);
    const open = (): boolean => [...ends].some(([place, end]) => BigInt(offsets[place] ?? 0) < end);
    if (!open()) return;
    const waiting: { readonly batch: LogBatch; readonly taken: () => void }[] = [];
    let wake: () => void = () => undefined;
    let over = false;
    const consumer = await log.consume({
      group: `qiyue.replay.${randomUUID()}`,
      topics,
      startAt: async (topic, partition) => BigInt(offsets[placeOf({ topic, partition })] ?? 0),
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
        yield pieceOf(next.batch, offsets);
      }
    } finally {
      over = true;
      clearInterval(timer);
      for (const { taken } of waiting) taken();
      await consumer.stop();
    }
  };
