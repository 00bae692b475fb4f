import { setTimeout as pause } from 'node:timers/promises';
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { OutOfPlace } from './faults';
import { isHopeless } from './kafka-faults';
import { Lane, laneKey } from './kafka-lane';
import type { KafkaTuning } from './kafka-options';
import { PartitionLost, type ConsumeOptions, type LogBatch, type LogConsumer } from './log-transport';

const DEFAULT_BATCH = 500;
/** As many batches may wait in a partition; then fetching it waits a moment, and stops if that does not help. */
const BATCHES_AHEAD = 2;
const PATIENCE_MS = 100;
const START_PATIENCE_MS = 10_000;

type Assignment = Readonly<Record<string, readonly number[]>>;

/**
 * A member of a consumer group. The client fetches and keeps the membership alive; what it fetched waits in a lane for each partition and is worked on
 * beside that, so that a slow partition holds up neither the others nor the heartbeat. Where reading goes on is asked of the consumer, never of the broker.
 */
export class KafkaConsumer implements LogConsumer {
  private lanes = new Map<string, Lane>();
  /** Batches under way, those of lost partitions included. */
  private readonly running = new Set<Promise<void>>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private member: Consumer | undefined;
  private broken: unknown;
  private failures = 0;
  private stopping = false;
  private stopped: Promise<void> | undefined;
  private readonly batchSize: number;

  constructor(
    private readonly kafka: Kafka,
    private readonly options: ConsumeOptions,
    private readonly tuning: KafkaTuning,
    private readonly onStopped: (consumer: KafkaConsumer) => void,
  ) {
    this.batchSize = options.batchSize ?? DEFAULT_BATCH;
  }

  assigned(): readonly { readonly topic: string; readonly partition: number }[] {
    return [...this.lanes.values()].map(({ topic, partition }) => ({ topic, partition }));
  }

  fatal(): unknown {
    return this.broken;
  }

  /** Joins the group; a broker that has only just started needs a moment. @throws what keeps it from joining. */
  async start(): Promise<void> {
    for (const giveUpAt = performance.now() + START_PATIENCE_MS; ; await pause(this.tuning.retryFirstMs)) {
      const fault = await this.join().then(
        () => undefined,
        (error: unknown) => ({ error }),
      );
      if (fault === undefined) break;
      if (isHopeless(fault.error) || performance.now() > giveUpAt) throw fault.error;
    }
    this.every(this.tuning.sessionMs / 4, () => this.expelIfStuck());
    this.every(this.tuning.commitMs, () => void this.commit());
  }

  stop(): Promise<void> {
    return (this.stopped ??= this.stopOnce());
  }

  private async stopOnce(): Promise<void> {
    this.stopping = true;
    for (const timer of this.timers) clearTimeout(timer);
    // Nothing more is fetched, but the membership lives until the running batches are done: nobody else starts them meanwhile.
    for (const lane of this.lanes.values()) this.hold(lane);
    await Promise.all(this.running);
    await this.commit();
    await this.quit();
    this.onStopped(this);
  }

  // ---- membership -------------------------------------------------------------------------------------------------

  /** Joins the group. @throws what kept it from joining. */
  private async join(): Promise<void> {
    const { sessionMs, heartbeatMs, fetchWaitMs, concurrency } = this.tuning;
    const member = this.kafka.consumer({
      groupId: this.options.group,
      sessionTimeout: sessionMs,
      rebalanceTimeout: Math.max(sessionMs, 10_000),
      heartbeatInterval: heartbeatMs,
      maxWaitTimeInMs: fetchWaitMs,
      allowAutoTopicCreation: false,
      // A crash ends the member; whether and when there is another is decided here.
      retry: { retries: 3, initialRetryTime: 100, maxRetryTime: 1_000, restartOnFailure: async () => false },
    });
    this.member = member;
    let crashed: unknown;
    let joined = false;
    member.on(member.events.GROUP_JOIN, ({ payload }) => this.takeOver(member, payload.memberAssignment as Assignment));
    member.on(member.events.START_BATCH_PROCESS, ({ payload }) => {
      // Records nobody is shown: control records of transactions, or what compaction took. The client passes them by itself.
      if (payload.batchSize === 0) this.receive(member, payload.topic, payload.partition, BigInt(payload.lastOffset) + 1n);
    });
    member.on(member.events.CRASH, ({ payload }) => {
      crashed = payload.error;
      // Before that it is whoever called that tries again; two members of one consumer would take partitions from each other.
      if (joined) this.crashed(member, payload.error);
    });
    try {
      await member.connect();
      await member.subscribe({ topics: [...this.options.topics], fromBeginning: true });
      await member.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: concurrency * 4,
        eachBatch: (payload) => this.eachBatch(member, payload),
      });
    } catch (error) {
      crashed ??= error;
    }
    joined = crashed === undefined;
    if (joined) return;
    if (this.member === member) await this.quit();
    throw crashed;
  }

  /** Takes what the group gave this member; what it already had goes on undisturbed. */
  private takeOver(member: Consumer, assignment: Assignment): void {
    if (this.member !== member || this.stopping) return;
    this.failures = 0;
    const before = this.lanes;
    this.lanes = new Map();
    for (const [topic, partitions] of Object.entries(assignment)) {
      for (const partition of partitions) {
        const key = laneKey(topic, partition);
        const lane = before.get(key) ?? new Lane(topic, partition);
        before.delete(key);
        this.lanes.set(key, lane);
        // The client has forgotten its places and would go on from what the broker remembers.
        if (lane.fetchNext !== undefined) member.seek({ topic, partition, offset: lane.fetchNext.toString() });
        else if (!lane.resting) {
          this.hold(lane);
          void this.place(lane);
        }
      }
    }
    for (const lane of before.values()) lane.lost = true;
  }

  private crashed(member: Consumer, error: unknown): void {
    if (this.member !== member) return;
    this.note(error);
    this.leave();
  }

  private note(error: unknown): void {
    this.tell(error);
    if (isHopeless(error)) this.broken = error;
  }

  /** Out of the group with everything; back again once nothing runs any more. */
  private leave(): void {
    void this.quit().then(() => this.rejoin());
  }

  /** Out of the group: its partitions are other members' from now on. */
  private quit(): Promise<void> {
    const member = this.member;
    this.member = undefined;
    for (const lane of this.lanes.values()) lane.lost = true;
    this.lanes.clear();
    return this.part(member);
  }

  private async rejoin(): Promise<void> {
    while (this.member === undefined && !this.stopping && this.broken === undefined) {
      await Promise.all(this.running);
      await pause(this.pauseAfter(this.failures));
      this.failures += 1;
      if (this.stopping || this.member !== undefined) return;
      await this.join().catch((error: unknown) => this.note(error));
    }
  }

  /** Leaves the group as long as there is somebody to tell; the session ends by itself otherwise. */
  private async part(member: Consumer | undefined): Promise<void> {
    if (member === undefined) return;
    const limit = new AbortController();
    await Promise.race([
      member.disconnect().catch((error: unknown) => this.tell(error)),
      pause(this.tuning.sessionMs, undefined, { signal: limit.signal }).catch(() => undefined),
    ]);
    limit.abort();
  }

  /** A batch that has been silent for the session time: this member goes, so that others can go on. */
  private expelIfStuck(): void {
    const now = performance.now();
    if (this.member === undefined || ![...this.lanes.values()].some((lane) => lane.busy && now - lane.beatAt > this.tuning.sessionMs))
      return;
    this.tell(new PartitionLost(`${this.options.group}: silent for too long`));
    this.leave();
  }

  // ---- fetching ---------------------------------------------------------------------------------------------------

  private async eachBatch(member: Consumer, { batch, resolveOffset }: EachBatchPayload): Promise<void> {
    // Where the fetch began; the client's types leave it out. Everything from there to the last record is in the batch.
    const { fetchedOffset } = batch as unknown as { readonly fetchedOffset: string };
    const lane = this.lanes.get(laneKey(batch.topic, batch.partition));
    if (this.member !== member || lane?.fetchNext === undefined) return;
    if (BigInt(fetchedOffset) > lane.fetchNext)
      return this.rest(lane, new OutOfPlace(`${lane.name} was fetched from ${fetchedOffset} on, not from ${lane.fetchNext}`));
    this.receive(member, batch.topic, batch.partition, BigInt(batch.lastOffset()) + 1n, batch.messages);
    resolveOffset(batch.lastOffset());
    const full = (): boolean => !lane.lost && lane.queued > this.batchSize * BATCHES_AHEAD;
    // A short wait keeps a busy partition flowing; one that takes long must not hold up the others.
    for (let waited = 0; full() && waited < PATIENCE_MS; waited += 5) await pause(5);
    if (full() && !this.stopping) this.hold(lane);
  }

  private receive(
    member: Consumer,
    topic: string,
    partition: number,
    next: bigint,
    messages: EachBatchPayload['batch']['messages'] = [],
  ): void {
    const lane = this.lanes.get(laneKey(topic, partition));
    if (this.member !== member || lane?.fetchNext === undefined || next <= lane.fetchNext) return;
    lane.add(next, messages);
    this.pump();
  }

  private hold(lane: Lane): void {
    lane.paused = true;
    this.member?.pause([{ topic: lane.topic, partitions: [lane.partition] }]);
  }

  private flow(lane: Lane): void {
    lane.paused = false;
    this.member?.resume([{ topic: lane.topic, partitions: [lane.partition] }]);
  }

  /** Asks where the partition goes on; at once when it comes, so that a log that cannot be continued shows at the start. */
  private async place(lane: Lane): Promise<void> {
    try {
      const at = (await this.options.startAt(lane.topic, lane.partition)) ?? 0n;
      if (lane.lost || this.stopping) return;
      lane.place(at);
      lane.resting = false;
      this.member?.seek({ topic: lane.topic, partition: lane.partition, offset: at.toString() });
      this.flow(lane);
    } catch (error) {
      this.rest(lane, error);
    }
  }

  /** Nothing is skipped: after a pause the place is asked for again. */
  private rest(lane: Lane, error: unknown): void {
    this.tell(error);
    lane.place(undefined);
    if (lane.lost || this.stopping) return;
    lane.resting = true;
    this.hold(lane);
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      if (!lane.lost && !this.stopping) void this.place(lane);
    }, this.pauseAfter(lane.failures));
    this.timers.add(timer);
    lane.failures += 1;
  }

  // ---- handling ---------------------------------------------------------------------------------------------------

  /** Starts a batch in every partition where one can start, as many as may run at once; whoever had a turn goes to the end of the line. */
  private pump(): void {
    for (const lane of [...this.lanes.values()]) {
      if (this.stopping || this.running.size >= this.tuning.concurrency) return;
      if (!lane.isReady) continue;
      const work = this.handle(lane).finally(() => {
        this.running.delete(work);
        this.pump();
      });
      this.running.add(work);
    }
  }

  private async handle(lane: Lane): Promise<void> {
    lane.busy = true;
    lane.beatAt = performance.now();
    const batch: LogBatch = {
      topic: lane.topic,
      partition: lane.partition,
      ...lane.take(this.batchSize),
      heartbeat: async () => {
        if (lane.lost) throw new PartitionLost(`${lane.name} is another member's`);
        lane.beatAt = performance.now();
      },
    };
    try {
      await this.options.onBatch(batch);
      lane.next = batch.next;
      lane.failures = 0;
    } catch (error) {
      this.rest(lane, error);
    }
    lane.busy = false;
    if (lane.lost || this.stopping) return;
    this.lanes.delete(lane.name);
    this.lanes.set(lane.name, lane);
    if (lane.paused && !lane.resting && lane.queued <= this.batchSize) this.flow(lane);
  }

  /** What was handled, for lag tools alone: nothing ever starts from there, so a failure does no harm and the next time tells more. */
  private async commit(): Promise<void> {
    const news = [...this.lanes.values()].filter(({ next, committed }) => next !== undefined && next !== committed);
    if (this.member === undefined || news.length === 0) return;
    const places = news.map(({ topic, partition, next }) => ({ topic, partition, offset: String(next) }));
    await this.member.commitOffsets(places).then(
      () => news.forEach((lane, index) => (lane.committed = BigInt(places[index]?.offset ?? 0))),
      () => undefined,
    );
  }

  private every(ms: number, work: () => void): void {
    const timer = setInterval(work, ms);
    timer.unref();
    this.timers.add(timer);
  }

  private pauseAfter(failures: number): number {
    return Math.min(this.tuning.retryFirstMs * 2 ** Math.min(failures, 20), this.tuning.retryMaxMs);
  }

  private tell(error: unknown): void {
    this.options.onError?.(error);
  }
}
