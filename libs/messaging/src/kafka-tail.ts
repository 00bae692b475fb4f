import { randomUUID } from 'node:crypto';
import type { Envelope } from '@qiyue/contracts';
import type { Admin, Kafka } from 'kafkajs';
import { KafkaConsumer } from './kafka-consumer';
import type { KafkaTuning } from './kafka-options';
import type { Bounds, LogBatch, LogMessage } from './log-transport';

const PATIENCE_MS = 30_000;

/** What stands last between `from` and the end of each partition; nothing where only records stand that nobody is shown. */
const lastOf = async (
  kafka: Kafka,
  tuning: KafkaTuning,
  topic: string,
  ranges: ReadonlyMap<number, { readonly from: bigint; readonly next: bigint }>,
  ends: ReadonlyMap<number, Bounds>,
): Promise<ReadonlyMap<number, LogMessage>> => {
  const found = new Map<number, LogMessage>();
  const open = new Set(ranges.keys());
  let settle: (fault?: unknown) => void = () => undefined;
  const done = new Promise<void>((resolve, reject) => (settle = (fault) => (fault === undefined ? resolve() : reject(fault))));
  const onBatch = async ({ partition, messages, next }: LogBatch): Promise<void> => {
    const last = messages.at(-1);
    if (last !== undefined) found.set(partition, last);
    if (next >= (ranges.get(partition)?.next ?? 0n)) open.delete(partition);
    if (open.size === 0) settle();
  };
  const group = `${topic}.tail.${randomUUID()}`;
  const startAt = async (_topic: string, partition: number): Promise<bigint> =>
    ranges.get(partition)?.from ?? ends.get(partition)?.next ?? 0n;
  const reader = new KafkaConsumer(kafka, { group, topics: [topic], onBatch, startAt }, tuning, () => undefined);
  const patience = setTimeout(() => settle(new Error(`the last records of ${topic} did not come`)), PATIENCE_MS);
  try {
    await Promise.all([reader.start(), done]);
  } finally {
    clearTimeout(patience);
    await reader.stop();
  }
  return found;
};

/** Brokers forget empty groups by themselves after some days; at once is tidier, and no more than that. Groups still in use stay. */
const forget = async (admin: Admin, prefix: string): Promise<void> => {
  try {
    const { groups } = await admin.listGroups();
    await admin.deleteGroups(groups.map(({ groupId }) => groupId).filter((name) => name.startsWith(prefix)));
  } catch {
    return;
  }
};

/**
 * The last record of each partition that has one. Read as a group of its own that is deleted afterwards, since the client offers no other way to read;
 * further back where the end holds only records that nobody is shown (of transactions).
 * @throws when the last record of a partition is not an envelope.
 */
export const readTail = async (
  kafka: Kafka,
  admin: Admin,
  tuning: KafkaTuning,
  topic: string,
  bounds: ReadonlyMap<number, Bounds>,
): Promise<ReadonlyMap<number, Envelope>> => {
  const tail = new Map<number, Envelope>();
  let left = [...bounds].filter(([, { first, next }]) => next > first);
  for (let back = 1n; left.length > 0; back *= 64n) {
    const ranges = new Map(
      left.map(([partition, { first, next }]) => [partition, { from: next - back < first ? first : next - back, next }] as const),
    );
    for (const [partition, { envelope }] of await lastOf(kafka, tuning, topic, ranges, bounds)) {
      if (envelope === undefined) throw new Error(`the last record of ${topic}/${partition} is not an envelope`);
      tail.set(partition, envelope);
    }
    left = left.filter(([partition, { first }]) => !tail.has(partition) && (ranges.get(partition)?.from ?? 0n) > first);
  }
  await forget(admin, `${topic}.tail.`);
  return tail;
};
