import type { Envelope } from '@qiyue/contracts';
import type { Bounds, ConsumeOptions, LogBatch, LogMessage, LogTransport } from './log-transport';
import { placing } from './testing-envelopes';

/** A transport whose batches a spec delivers itself, with any offsets: for what no real broker does on demand. One topic, one partition. */
export class TransportByHand implements LogTransport {
  readonly members: ConsumeOptions[] = [];
  bounds_: Bounds = { first: 0n, next: 0n };
  /** Gives envelopes their places in the order in which they come here. */
  readonly placed = placing(1);

  constructor(readonly topic: string) {}

  async ensureTopics(): Promise<void> {}
  async publish(): Promise<void> {
    throw new Error('nothing is published here');
  }
  async tail(): Promise<ReadonlyMap<number, Envelope>> {
    return new Map();
  }
  async head(): Promise<ReadonlyMap<number, bigint>> {
    return new Map([[0, this.bounds_.next]]);
  }
  async bounds(): Promise<ReadonlyMap<number, Bounds>> {
    return new Map([[0, this.bounds_]]);
  }
  async consume(options: ConsumeOptions) {
    this.members.push(options);
    return { assigned: () => [], fatal: () => undefined, stop: async () => undefined };
  }
  async close(): Promise<void> {}

  /** A batch with these envelopes at these offsets, told in this order; ends one behind the last unless told. */
  batch(from: number, records: readonly (readonly [offset: number, envelope: Envelope])[], over: Partial<LogBatch> = {}): LogBatch {
    const messages = this.placed(records.map(([, envelope]) => envelope)).map((envelope, at): LogMessage => ({
      offset: BigInt(records[at]?.[0] as number),
      key: envelope.partitionkey,
      envelope,
    }));
    const next = over.next ?? (messages.at(-1)?.offset ?? BigInt(from) - 1n) + 1n;
    if (next > this.bounds_.next) this.bounds_ = { ...this.bounds_, next };
    return { topic: this.topic, partition: 0, from: BigInt(from), messages, next, heartbeat: async () => undefined, ...over };
  }

  deliver(batch: LogBatch, member = 0): Promise<void> {
    return (this.members[member] as ConsumeOptions).onBatch(batch);
  }

  startAt(member = 0): Promise<bigint | undefined> {
    return (this.members[member] as ConsumeOptions).startAt(this.topic, 0);
  }
}
