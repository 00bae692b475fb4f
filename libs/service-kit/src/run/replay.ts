import { randomUUID } from 'node:crypto';
import { topicOf, type ServiceName } from '@qiyue/contracts';
import type { LogBatch, LogTransport } from '@qiyue/messaging';
import type { Replay, ReplayBatch } from '@qiyue/projections';

type Offsets = Record<string, string>;
const keyOf = (topic: string, partition: number): string => `${topic}/${partition}`;

/** Hands items from a consumer to whoever iterates, one at a time: the consumer waits until its item is taken. */
class Handover<T> {
  private waiting: { readonly item: T; readonly taken: () => void }[] = [];
  private wake: () => void = () => undefined;

  give(item: T): Promise<void> {
    return new Promise((taken) => {
      this.waiting.push({ item, taken });
      this.wake();
    });
  }

  async take(): Promise<T> {
    while (this.waiting.length === 0) await new Promise<void>((resolve) => (this.wake = resolve));
    const { item, taken } = this.waiting.shift() as { item: T; taken: () => void };
    taken();
    return item;
  }

  release(): void {
    for (const { taken } of this.waiting.splice(0)) taken();
  }
}

/**
 * Reads the log of facts again with a group of its own that nobody shares, so no other consumer notices. Ends where the log ended when it was asked for.
 * An unreadable record is passed over: the live consumer has parked it.
 */
export const replayOf = (transport: LogTransport): Replay =>
  async function* replay(services, from): AsyncIterable<ReplayBatch> {
    const topics = services.map((service) => topicOf(service as ServiceName));
    const reached: Offsets = from === undefined ? {} : (JSON.parse(from) as Offsets);
    const open = new Map<string, bigint>();
    for (const topic of topics) {
      for (const [partition, { first, next }] of await transport.bounds(topic)) {
        const key = keyOf(topic, partition);
        if (next > first && BigInt(reached[key] ?? 0) < next) open.set(key, next);
      }
    }
    if (open.size === 0) return;
    const handover = new Handover<LogBatch>();
    let isOver = false;
    const consumer = await transport.consume({
      group: `qiyue.replay.${randomUUID()}`,
      topics,
      startAt: async (topic, partition) => {
        const at = reached[keyOf(topic, partition)];
        return at === undefined ? undefined : BigInt(at);
      },
      onBatch: (batch) => (isOver ? Promise.resolve() : handover.give(batch)),
    });
    try {
      while (open.size > 0) {
        const batch = await handover.take();
        const key = keyOf(batch.topic, batch.partition);
        // A batch may come again after a failure of the transport; what was handed on already is left out.
        const seen = BigInt(reached[key] ?? 0);
        const envelopes = batch.messages.flatMap(({ offset, envelope }) => (envelope === undefined || offset < seen ? [] : [envelope]));
        if (batch.next > seen) reached[key] = batch.next.toString();
        const end = open.get(key);
        if (end !== undefined && batch.next >= end) open.delete(key);
        yield { envelopes, next: JSON.stringify(reached) };
      }
    } finally {
      isOver = true;
      handover.release();
      await consumer.stop();
    }
  };
