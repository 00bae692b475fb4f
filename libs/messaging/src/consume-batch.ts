import type { Pool, PoolClient } from 'pg';
import type { RetryPolicy } from './consumer-options';
import { Halt, OutOfPlace, TryTimeout } from './faults';
import { PartitionLost, type LogBatch } from './log-transport';
import type { Parking } from './parking';
import type { Positions } from './positions';
import { sortBatch, type Route, type Sorted, type SortedBatch } from './sort-batch';

/** What both kinds of consumers work with. */
export interface BatchContext {
  readonly pool: Pool;
  readonly positions: Positions;
  readonly parking: Parking;
  readonly routeOf: (type: string) => Route;
  readonly retry: RetryPolicy;
  readonly tryTimeoutMs: number;
  readonly isTransient: (error: unknown) => boolean;
  /** Counts one more try of something that failed. */
  readonly onRetry: (error: unknown) => void;
}

/** What became of the records of a batch. */
export type Items = readonly (Sorted & { readonly attempts?: number })[];

/** What became of a batch, for figures and alerts. */
export interface BatchOutcome {
  readonly items: Items;
  /** Something is missing after these items: the partition stops there. */
  readonly halt?: Halt;
}

/** A batch sorted against what the group remembers. */
export interface Plan extends SortedBatch {
  /** Where the group stood when the plan was made. */
  readonly at: bigint;
  /** Where it stands when the plan is done. */
  readonly next: bigint;
  readonly parked: ReadonlySet<string>;
}

const HEARTBEAT_MS = 500;

/** Faults of the moment, not of an event: they never count as tries and never park anything. */
export const isOfTheMoment = (context: Pick<BatchContext, 'isTransient'>, error: unknown): boolean =>
  error instanceof Halt || error instanceof OutOfPlace || error instanceof PartitionLost || context.isTransient(error);

/**
 * Sorts the part of a batch that the group has not handled. Undefined: it has handled all of it.
 * With `lock` the position and the parked keys stay locked until the transaction ends.
 */
export const planOf = async (
  context: BatchContext,
  client: Pool | PoolClient,
  batch: LogBatch,
  lock: boolean,
): Promise<Plan | undefined> => {
  const { topic, partition } = batch;
  const here = await context.positions.recall(client, batch, lock ? { statementTimeoutMs: context.tryTimeoutMs } : undefined);
  if (batch.from > here.next) throw new OutOfPlace(`${topic}/${partition}: the batch starts at ${batch.from}, but ${here.next} is next`);
  if (batch.next <= here.next) return undefined;
  const messages = batch.from === here.next ? batch.messages : batch.messages.filter(({ offset }) => offset >= here.next);
  // Parking is rare. Nobody but whoever has this position parks its keys, so none of them is parked from here on if none of the group was.
  const keys = here.hasParked ? [...new Set(messages.map(({ key }) => key))] : [];
  const parked = await context.parking.among(client, keys, lock);
  const { last, atStart } = here;
  const sorted = sortBatch({ messages, last, atStart, parked, routeOf: context.routeOf });
  return { ...sorted, at: here.next, next: sorted.halt?.offset ?? batch.next, parked };
};

/** Whether anything has to be written beside the position. */
export const leavesTraces = (items: Items): boolean =>
  items.some(({ verdict }) => verdict === 'park' || verdict === 'behind' || verdict === 'unrouted');

/**
 * Writes down what became of a plan and moves the position.
 * @throws OutOfPlace when somebody else has moved it since the plan was made.
 */
export const record = async (
  context: BatchContext,
  tx: Pool | PoolClient,
  { topic, partition }: LogBatch,
  plan: Plan,
  items: Items,
): Promise<void> => {
  const moved = await context.positions.advance(tx, topic, partition, plan.at, plan.next, plan.last);
  if (!moved) throw new OutOfPlace(`${topic}/${partition}: somebody else went on from ${plan.at}`);
  if (leavesTraces(items)) await context.parking.store(tx as PoolClient, topic, partition, items);
};

/** The outcome of a plan that has been recorded. */
export const outcomeOf = ({ topic, partition }: LogBatch, { halt }: Plan, items: Items): BatchOutcome =>
  halt === undefined ? { items } : { items, halt: new Halt(`${topic}/${partition} at ${halt.offset}: ${halt.problem}`) };

/** Keeps the partition while it works; `check` throws once the partition is lost. */
export const whileBeating = async <T>(batch: LogBatch, work: (check: () => void) => Promise<T>): Promise<T> => {
  let lost: unknown;
  const timer = setInterval(() => void batch.heartbeat().catch((error: unknown) => (lost = error)), HEARTBEAT_MS);
  try {
    return await work(() => {
      if (lost !== undefined) throw lost;
    });
  } finally {
    clearInterval(timer);
  }
};

/** The pause before try number `attempt` (2 is the second). */
export const pauseBefore = (attempt: number, { firstDelayMs, maxDelayMs }: RetryPolicy): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.min(firstDelayMs * 2 ** (attempt - 2), maxDelayMs)));

/** @throws TryTimeout when the work takes longer. */
export const within = async <T>(limitMs: number, work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TryTimeout(`no answer within ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
};
