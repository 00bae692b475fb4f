import { allFacts, partitionCount } from '@qiyue/contracts';
import type { FactLike } from '@qiyue/decider';
import { surviveDrops } from '@qiyue/database';
import type { BatchContext, BatchOutcome } from './consume-batch';
import { applyWhole, consumeProjection } from './consume-projection';
import { consumeReaction } from './consume-reaction';
import type { ConsumerHandle, ConsumerOptions, ConsumerProblem, RetryPolicy } from './consumer-options';
import { describeError, Halt, isOutage } from './faults';
import type { LogBatch } from './log-transport';
import { migrateMessaging } from './migrations';
import { Parking } from './parking';
import { Positions } from './positions';
import { redrive } from './redrive';
import { routesOf } from './sort-batch';

const everyFact: readonly Pick<FactLike, 'service' | 'name' | 'version'>[] = Object.values(allFacts).flatMap((facts) =>
  Object.values(facts),
);

/** Figures of this process, and who is told of what. */
class Watch {
  readonly halted = new Map<string, string>();
  handled = 0;
  duplicates = 0;
  retries = 0;

  constructor(
    private readonly group: string,
    private readonly tell: (problem: ConsumerProblem) => void,
  ) {}

  retried(error: unknown): void {
    this.retries += 1;
    this.tell({ kind: 'retried', group: this.group, error: describeError(error) });
  }

  done({ topic, partition }: LogBatch, { items, halt }: BatchOutcome): void {
    if (halt === undefined) this.halted.delete(`${topic}/${partition}`);
    for (const { message, verdict, reason } of items) {
      if (verdict === 'handle') this.handled += 1;
      if (verdict === 'duplicate') this.duplicates += 1;
      if (verdict !== 'park' && verdict !== 'unrouted') continue;
      const about = {
        topic,
        partition,
        key: message.key,
        ...(message.envelope === undefined ? {} : { type: message.envelope.type, eventId: message.envelope.id }),
      };
      this.tell({ kind: verdict === 'park' ? 'parked' : 'unrouted', group: this.group, ...about, error: reason ?? 'no such fact' });
    }
  }

  failed(topic: string, partition: number, error: unknown): void {
    if (!(error instanceof Halt)) return;
    const place = `${topic}/${partition}`;
    // Said once, not with every try.
    if (this.halted.get(place) === error.message) return;
    this.halted.set(place, error.message);
    this.tell({ kind: 'halted', group: this.group, topic, partition, error: error.message });
  }
}

const contextOf = (options: ConsumerOptions, watch: Watch): BatchContext => {
  const retry: RetryPolicy = { attempts: 5, firstDelayMs: 50, maxDelayMs: 2_000, ...options.retry };
  return {
    pool: surviveDrops(options.pool),
    positions: new Positions(options.pool, options.transport, options.group, options.topics, options.startFrom ?? 'earliest'),
    parking: new Parking(options.pool, options.group, { keys: 1_000, eventsPerKey: 1_000, ...options.limits }),
    routeOf: routesOf(options.handles, options.catalogue ?? everyFact),
    retry,
    tryTimeoutMs: options.tryTimeoutMs ?? 30_000,
    isTransient: options.isTransient ?? isOutage,
    onRetry: (error) => watch.retried(error),
  };
};

/**
 * Joins a group and handles its topics. Makes its tables and the topics if they are missing.
 * @throws WrongPartitionCount when a topic is there with another number of partitions.
 */
export const startConsumer = async (options: ConsumerOptions): Promise<ConsumerHandle> => {
  const { transport, pool, group, topics } = options;
  const watch = new Watch(group, (problem) => options.onProblem?.(problem));
  const context = contextOf(options, watch);
  const { positions, parking } = context;
  await migrateMessaging(pool);
  await transport.ensureTopics(topics, options.partitions ?? partitionCount);
  await positions.initialise();
  const handle =
    options.mode === 'projection'
      ? consumeProjection(context, options.apply)
      : consumeReaction(context, options.react, options.concurrency ?? 8);
  const noting = async <T>(topic: string, partition: number, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      watch.failed(topic, partition, error);
      throw error;
    }
  };
  const member = await transport.consume({
    group,
    topics,
    ...(options.batchSize === undefined ? {} : { batchSize: options.batchSize }),
    onError: (error) => void (error instanceof Halt || watch.retried(error)),
    startAt: (topic, partition) => noting(topic, partition, () => positions.startAt(topic, partition)),
    onBatch: (batch) =>
      noting(batch.topic, batch.partition, async () => {
        const outcome = await handle(batch);
        watch.done(batch, outcome);
        if (outcome.halt !== undefined) throw outcome.halt;
      }),
  });
  return {
    caughtUp: async () => (await positions.lag()) === 0n,
    stop: () => member.stop(),
    fatal: () => member.fatal(),
    list: () => parking.list(),
    discard: (key, reason, by) => parking.discard(key, reason, by),
    redrive: (key) =>
      redrive(
        context,
        group,
        key,
        options.mode === 'projection'
          ? {
              inside: (tx, envelope, { topic, partition }) =>
                applyWhole(options.apply, tx, [envelope], { topic, partition, attempt: 2, isRedriven: true }),
            }
          : { before: (envelope) => options.react(envelope) },
      ),
    stats: async () => {
      const { handled, duplicates, retries, halted } = watch;
      const [lag, counts] = await Promise.all([positions.lag(), parking.counts()]);
      return {
        ...counts,
        lag: Number(lag),
        handled,
        duplicates,
        retries,
        halted: [...halted].map(([place, problem]) => `${place}: ${problem}`),
      };
    },
  };
};
