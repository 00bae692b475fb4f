import { partitionKey, type Beat, type BusGroups, type BusPartition } from './bus-groups';
import { newLane, type Lane } from './bus-lane';
import { coalesced } from './coalesced';
import type { BusLog, BusTopic } from './bus-log';
import { PartitionLost, type ConsumeOptions, type LogBatch, type LogConsumer, type LogMessage } from './log-transport';

export interface BusConsumerTuning {
  readonly sessionMs: number;
  /** Partitions of one consumer worked on at once. */
  readonly concurrency: number;
  readonly retryFirstMs: number;
  readonly retryMaxMs: number;
}

const DEFAULT_BATCH = 500;

/** A member of a group: holds its share of the partitions and hands out their batches. */
export class BusConsumer implements LogConsumer {
  private lanes = new Map<string, Lane>();
  /** Batches under way, those of lost partitions included. */
  private readonly running = new Set<Promise<void>>();
  private member: string | undefined;
  private lastGroup = '';
  private waiting = false;
  private stopping = false;
  private stopped: Promise<void> | undefined;
  private readonly timers = new Set<NodeJS.Timeout>();
  /** Takes and gives partitions until it holds its share. */
  readonly balance = coalesced(
    () => this.balanceOnce(),
    (error) => {
      this.waiting = true;
      this.tell(error);
    },
  );
  private readonly pump = coalesced(
    () => this.fetch(),
    (error) => this.tell(error),
  );

  constructor(
    private readonly log: BusLog,
    private readonly groups: BusGroups,
    private readonly topics: readonly BusTopic[],
    private readonly options: ConsumeOptions,
    private readonly tuning: BusConsumerTuning,
    private readonly onStopped: (consumer: BusConsumer) => void,
  ) {}

  get group(): string {
    return this.options.group;
  }

  get topicIds(): readonly number[] {
    return this.topics.map((topic) => topic.id);
  }

  /** Undefined while it is out of the group. */
  get memberId(): string | undefined {
    return this.member;
  }

  assigned(): readonly { readonly topic: string; readonly partition: number }[] {
    return [...this.lanes.values()].filter((lane) => !lane.leaving).map(({ topic, partition }) => ({ topic, partition }));
  }

  /** It always finds its way back by itself. */
  fatal(): undefined {
    return undefined;
  }

  async start(): Promise<void> {
    this.member = await this.groups.join(this.group, this.topicIds);
    await this.balance();
  }

  stop(): Promise<void> {
    return (this.stopped ??= this.stopOnce());
  }

  private async stopOnce(): Promise<void> {
    this.stopping = true;
    for (const timer of this.timers) clearTimeout(timer);
    await this.balance.idle();
    await this.pump.idle();
    await Promise.all(this.running);
    const member = this.member;
    this.lanes.clear();
    this.member = undefined;
    // When the database is away the lease expires by itself.
    if (member !== undefined) await this.groups.leave(this.group, member).catch((error: unknown) => this.tell(error));
    this.onStopped(this);
  }

  /** Whether a running batch has been silent for the session time: then the member is out, as on Kafka, so that others can go on. */
  isStuck(now: number): boolean {
    return [...this.lanes.values()].some((lane) => lane.busy && now - lane.beatAt > this.tuning.sessionMs);
  }

  /** Leaves the group although a batch is running, and joins again once nothing runs any more. */
  async expel(): Promise<void> {
    const member = this.member;
    if (member === undefined || this.stopping) return;
    this.member = undefined;
    for (const lane of this.lanes.values()) lane.lost = true;
    this.lanes.clear();
    this.tell(new PartitionLost(`${this.group}: silent for too long`));
    await this.groups.leave(this.group, member).catch((error: unknown) => this.tell(error));
    await this.rejoin();
  }

  async heard(beat: Beat): Promise<void> {
    if (!beat.alive) return this.expel();
    if (beat.group === this.lastGroup && !this.waiting) return;
    this.lastGroup = beat.group;
    await this.balance();
  }

  /** Joins if it is out and nothing runs any more. */
  async rejoin(): Promise<void> {
    if (this.member !== undefined || this.stopping || this.running.size > 0) return;
    try {
      this.member = await this.groups.join(this.group, this.topicIds);
      // Not awaited: a balance may be what found out that this member is out.
      void this.balance();
    } catch (error) {
      this.tell(error);
    }
  }

  /** New heads of a topic, by partition. */
  hear(topicId: number, heads: ReadonlyMap<number, bigint>): void {
    for (const lane of this.lanes.values()) {
      const head = lane.topicId === topicId ? heads.get(lane.partition) : undefined;
      if (head !== undefined && head > lane.head) lane.head = head;
    }
    void this.pump();
  }

  private async balanceOnce(): Promise<void> {
    const member = this.member;
    if (member === undefined) return;
    const busy = new Set([...this.lanes.values()].filter((lane) => lane.busy).map(partitionKey));
    const outcome = await this.groups.rebalance(
      this.group,
      member,
      new Map(this.topics.map((topic) => [topic.id, topic.partitions])),
      busy,
    );
    if (this.member !== member) return;
    if (outcome === undefined) return this.expel();
    this.waiting = outcome.waiting;
    await this.take(outcome.held, outcome.wanted);
  }

  private async take(held: readonly BusPartition[], wanted: ReadonlySet<string>): Promise<void> {
    const before = this.lanes;
    const names = new Map(this.topics.map((topic) => [topic.id, topic.name]));
    const added = new Set<number>();
    this.lanes = new Map();
    for (const one of held) {
      const key = partitionKey(one);
      const known = before.get(key);
      if (known === undefined) added.add(one.topicId);
      const lane = known ?? newLane(one, names.get(one.topicId) as string);
      lane.leaving = !wanted.has(key);
      this.lanes.set(key, lane);
      before.delete(key);
    }
    for (const lane of before.values()) lane.lost = true;
    // Asked only now that the lanes are there: what is written from here on is heard by them.
    for (const { topicId, partition, next } of added.size === 0 ? [] : await this.log.heads([...added]))
      this.hear(topicId, new Map([[partition, next]]));
  }

  /** Asks where to start in partitions that are new here, reads all that are behind in one round trip and starts a batch for each. */
  private async fetch(): Promise<void> {
    await Promise.all(this.idle().map((lane) => this.place(lane)));
    const free = this.tuning.concurrency - [...this.lanes.values()].filter((lane) => lane.busy).length;
    const ready = this.idle()
      .flatMap((lane) => (lane.next !== undefined && lane.next < lane.head ? [{ lane, next: lane.next, head: lane.head }] : []))
      .slice(0, Math.max(free, 0));
    if (ready.length === 0) return;
    for (const { lane } of ready) Object.assign(lane, { busy: true, beatAt: performance.now() });
    const found = await this.log
      .read(
        ready.map(({ lane, next }) => ({ ...lane, next })),
        this.options.batchSize ?? DEFAULT_BATCH,
      )
      .catch((error: unknown) => {
        for (const { lane } of ready) this.rest(lane, error);
        return undefined;
      });
    found?.forEach((messages, index) => {
      // The head as it was known before the read: everything below it was certainly visible to the read.
      const { lane, next, head } = ready[index] as (typeof ready)[number];
      this.deliver(lane, next, head, messages);
    });
  }

  private idle(): readonly Lane[] {
    return this.stopping ? [] : [...this.lanes.values()].filter((lane) => !lane.busy && !lane.leaving && !lane.resting);
  }

  /** At once when the partition comes, not with its first record: then a log that cannot be continued shows at the start. */
  private async place(lane: Lane): Promise<void> {
    if (lane.next !== undefined) return;
    try {
      lane.next = (await this.options.startAt(lane.topic, lane.partition)) ?? 0n;
    } catch (error) {
      this.rest(lane, error);
    }
  }

  private deliver(lane: Lane, from: bigint, head: bigint, messages: readonly LogMessage[]): void {
    if (lane.lost || this.stopping) return void (lane.busy = false);
    const last = messages.at(-1);
    // Nothing found below a known head: those records were dropped, so the run is empty and still ends at the head.
    const next = last === undefined ? head : last.offset + 1n;
    const batch: LogBatch = {
      topic: lane.topic,
      partition: lane.partition,
      from,
      messages,
      next,
      heartbeat: async () => {
        if (lane.lost) throw new PartitionLost(`${lane.topic}/${lane.partition} is another member's`);
        lane.beatAt = performance.now();
      },
    };
    lane.beatAt = performance.now();
    const work = this.options
      .onBatch(batch)
      .then(
        () => {
          Object.assign(lane, { next, failures: 0, busy: false });
          return this.afterBatch(lane);
        },
        (error: unknown) => this.rest(lane, error),
      )
      .finally(() => this.running.delete(work));
    this.running.add(work);
  }

  private async afterBatch(lane: Lane): Promise<void> {
    if (lane.leaving && !lane.lost && this.member !== undefined) {
      this.lanes.delete(partitionKey(lane));
      await this.groups.release(this.group, this.member, lane).catch((error: unknown) => {
        this.waiting = true;
        this.tell(error);
      });
    }
    void this.pump();
  }

  /** Nothing is skipped: after a pause the place is asked for again. */
  private rest(lane: Lane, error: unknown): void {
    this.tell(error);
    const pauseMs = Math.min(this.tuning.retryFirstMs * 2 ** lane.failures, this.tuning.retryMaxMs);
    Object.assign(lane, { next: undefined, busy: false, resting: true, failures: Math.min(lane.failures + 1, 30) });
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      lane.resting = false;
      void this.pump();
    }, pauseMs);
    this.timers.add(timer);
    void this.afterBatch(lane);
  }

  /** Passes a failure on to whoever watches. */
  tell(error: unknown): void {
    this.options.onError?.(error);
  }
}
