import type { Envelope } from '@qiyue/contracts';
import type { Pool } from 'pg';
import { BusConsumer, type BusConsumerTuning } from './bus-consumer';
import { BusGroups } from './bus-groups';
import { BusLog } from './bus-log';
import { BusSignals } from './bus-signals';
import { coalesced } from './coalesced';
import type { Bounds, ConsumeOptions, LogConsumer, LogTransport } from './log-transport';

export interface EmbeddedTransportOptions {
  /** The bus's database. One connection of it listens for as long as the transport is open; keep `max` at 4 or more. */
  readonly pool: Pool;
  /** How long a silent member keeps its partitions; 6,000 unless told. */
  readonly sessionMs?: number;
  /** How often members say that they live; a quarter of the session unless told. */
  readonly heartbeatMs?: number;
  /** How often the tables are asked for what a lost notification would have told; 1,000 unless told. */
  readonly pollMs?: number;
  /** Partitions of one consumer worked on at once; 4 unless told. */
  readonly concurrency?: number;
  /** First and longest pause after a failed batch; 100 and 5,000 unless told. */
  readonly retryFirstMs?: number;
  readonly retryMaxMs?: number;
}

/** The log of the embedded profile: topics, partitions, groups and members in PostgreSQL, shared by any number of processes. */
class EmbeddedTransport implements LogTransport {
  private readonly log: BusLog;
  private readonly groups: BusGroups;
  private readonly signals: BusSignals;
  private readonly consumers = new Set<BusConsumer>();
  private readonly tuning: BusConsumerTuning;
  private asking: { readonly topics: Set<string>; readonly heads: Promise<ReadonlyMap<string, ReadonlyMap<number, bigint>>> } | undefined;
  private timers: NodeJS.Timeout[] = [];
  private readonly beat = coalesced(
    () => this.beatOnce(),
    (error) => this.report(error),
  );
  private readonly poll = coalesced(
    () => this.pollOnce(),
    (error) => this.report(error),
  );
  private closed = false;

  constructor(private readonly options: EmbeddedTransportOptions) {
    const { sessionMs = 6_000, concurrency = 4, retryFirstMs = 100, retryMaxMs = 5_000 } = options;
    this.tuning = { sessionMs, concurrency, retryFirstMs, retryMaxMs };
    this.log = new BusLog(options.pool);
    this.groups = new BusGroups(options.pool, sessionMs);
    this.signals = new BusSignals(options.pool, {
      onMessages: (topicId, heads) =>
        heads === undefined ? void this.poll() : this.consumers.forEach((consumer) => consumer.hear(topicId, heads)),
      onGroup: (group, sender) =>
        this.consumers.forEach((consumer) => void (consumer.group === group && consumer.memberId !== sender && consumer.balance())),
      onConnected: () => void this.poll(),
      onError: (error) => this.report(error),
    });
  }

  ensureTopics(names: readonly string[], partitions: number): Promise<void> {
    return this.log.ensureTopics(names, partitions);
  }

  publish(topic: string, messages: readonly Envelope[]): Promise<void> {
    return this.log.publish(topic, messages);
  }

  tail(topic: string): Promise<ReadonlyMap<number, Envelope>> {
    return this.log.tail(topic);
  }

  /** Questions asked in the same turn are answered by one look, which comes after all of them: many consumers ask at once whether they are caught up. */
  async head(topic: string): Promise<ReadonlyMap<number, bigint>> {
    const asked = (this.asking ??= { topics: new Set<string>(), heads: Promise.resolve().then(() => this.lookAtHeads()) });
    asked.topics.add(topic);
    return (await asked.heads).get(topic) ?? new Map<number, bigint>();
  }

  private async lookAtHeads(): Promise<ReadonlyMap<string, ReadonlyMap<number, bigint>>> {
    const names = [...(this.asking?.topics ?? [])];
    this.asking = undefined;
    const topics = await this.log.known(names);
    const heads = await this.log.heads(topics.map(({ id }) => id));
    return new Map(
      topics.map(({ id, name }) => [
        name,
        new Map(heads.filter(({ topicId }) => topicId === id).map(({ partition, next }) => [partition, next])),
      ]),
    );
  }

  bounds(topic: string): Promise<ReadonlyMap<number, Bounds>> {
    return this.log.bounds(topic);
  }

  async consume(options: ConsumeOptions): Promise<LogConsumer> {
    if (this.closed) throw new Error('the transport is closed');
    const topics = await this.log.known(options.topics);
    const consumer = new BusConsumer(this.log, this.groups, topics, options, this.tuning, (stopped) => this.consumers.delete(stopped));
    this.listen();
    this.consumers.add(consumer);
    await consumer.start();
    return consumer;
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.consumers].map((consumer) => consumer.stop()));
    for (const timer of this.timers) clearInterval(timer);
    await this.signals.stop();
    await Promise.all([this.beat.idle(), this.poll.idle()]);
  }

  /** Nothing runs in a process that only publishes. */
  private listen(): void {
    if (this.timers.length > 0) return;
    const { heartbeatMs = this.tuning.sessionMs / 4, pollMs = 1_000 } = this.options;
    this.signals.start();
    this.timers = [setInterval(() => void this.beat(), heartbeatMs), setInterval(() => void this.poll(), pollMs)];
  }

  private async beatOnce(): Promise<void> {
    if (this.closed) return;
    const now = performance.now();
    const stuck = [...this.consumers].filter((consumer) => consumer.isStuck(now));
    await Promise.all(stuck.map((consumer) => consumer.expel()));
    await Promise.all([...this.consumers].map((consumer) => consumer.rejoin()));
    const members = [...this.consumers].flatMap((consumer) =>
      consumer.memberId === undefined ? [] : [{ consumer, member: consumer.memberId, group: consumer.group }],
    );
    if (members.length === 0) return;
    const beats = await this.groups.beat(members);
    await Promise.all(
      members.map(({ consumer, member }) => {
        const beat = beats.get(member);
        return beat === undefined || consumer.memberId !== member ? undefined : consumer.heard(beat);
      }),
    );
  }

  private async pollOnce(): Promise<void> {
    if (this.closed) return;
    const topicIds = [...new Set([...this.consumers].flatMap((consumer) => consumer.topicIds))];
    if (topicIds.length === 0) return;
    const heads = await this.log.heads(topicIds);
    for (const topicId of topicIds) {
      const byPartition = new Map(heads.filter((head) => head.topicId === topicId).map(({ partition, next }) => [partition, next]));
      for (const consumer of this.consumers) consumer.hear(topicId, byPartition);
    }
  }

  private report(error: unknown): void {
    for (const consumer of this.consumers) consumer.tell(error);
  }
}

/** Opens the embedded log. Tables are made on first use; `close` leaves the pool open. */
export const embeddedTransport = (options: EmbeddedTransportOptions): LogTransport => new EmbeddedTransport(options);
