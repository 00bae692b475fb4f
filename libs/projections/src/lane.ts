import { laterPosition, type StoredEvent, type Subscription } from '@qiyue/event-store';
import type { Pool } from 'pg';
import { BEGIN_UNHURRIED, inShortTransaction, inTransaction } from '@qiyue/database';
import { Unfoldable } from './apply-batch';
import type { Halt, ProjectionHooks } from './handle';
import { itemOfStored, type Placed } from './item';
import { foldCarefully, isDataError, isGone, type Member } from './member';
import { foldOwnBatch, foldOwnBatchShortly, type OwnBatch, type OwnBatchResult } from './own-batch';
import { stopper, untilDone } from './retry';
import type { Position, Subscribe } from './sources';

/** One subscription and the tables that follow it together: a batch is one transaction for all of them. */
export interface Lane {
  readonly members: readonly Member[];
  /** Of the last event in the rows. */
  position(): Position | undefined;
  /** Whether everything of the members' streams that is in `$all` at the time of the call is in the rows. */
  caughtUp(): Promise<boolean>;
  /** Resolves when nothing runs any more. */
  stop(): Promise<void>;
}

export interface LaneOptions {
  readonly pool: Pool;
  readonly subscribe: Subscribe;
  readonly members: readonly Member[];
  /** The last event that every member has. */
  readonly from: Position | undefined;
  /** Where reading begins: `from`, or after it, where the store has found nothing between. */
  readonly searched: Position | undefined;
  readonly maxBatch: number;
  readonly hooks: ProjectionHooks;
  /** Told of members that cannot go on in this lane: their table is gone (once), or stands before what the lane reads (with every batch). */
  readonly onLost: (lost: readonly Member[]) => void;
  readonly onHalt: (halt: Halt) => void;
}

const NOTE_EVERY_MS = 5_000;

/** With few round trips; and again with care where something is amiss: an item that cannot be folded, a table that is gone. */
const applyOnce = async ({ pool }: LaneOptions, members: readonly Member[], batch: OwnBatch): Promise<OwnBatchResult> => {
  try {
    return await inShortTransaction(pool, (tx) => foldOwnBatchShortly(tx, members, batch), BEGIN_UNHURRIED);
  } catch (error) {
    if (!(error instanceof Unfoldable || isDataError(error) || isGone(error))) throw error;
    return inTransaction(pool, (tx) => foldOwnBatch(tx, members, batch, foldCarefully), BEGIN_UNHURRIED);
  }
};

/** Events on their way into the rows, and how far the store had searched when it handed them over. */
interface Handed {
  readonly entries: readonly Placed[];
  readonly searched: Position;
}

/** Reading goes on while a transaction runs; the next one takes all that has come meanwhile. */
const queueOf = (maxBatch: number) => {
  const waiting: Handed[] = [];
  const wakers: { work?: () => void; room?: () => void } = {};
  let size = 0;
  return {
    isEmpty: () => waiting.length === 0,
    isFull: () => size >= 2 * maxBatch,
    put: (handed: Handed): void => {
      waiting.push(handed);
      size += handed.entries.length;
      wakers.work?.();
    },
    take: (): Handed | undefined => {
      const first = waiting.shift();
      if (first === undefined) return undefined;
      const entries = [...first.entries];
      // Only what comes with these entries: the store has searched further by now, but past entries that still wait.
      let { searched } = first;
      for (let next = waiting[0]; next !== undefined && entries.length + next.entries.length <= maxBatch; next = waiting[0]) {
        waiting.shift();
        for (const entry of next.entries) entries.push(entry);
        searched = laterPosition(searched, next.searched);
      }
      size -= entries.length;
      wakers.room?.();
      return { entries, searched };
    },
    untilWork: () => new Promise<void>((resolve) => (wakers.work = resolve)),
    untilRoom: () => new Promise<void>((resolve) => (wakers.room = resolve)),
    wake: (): void => {
      wakers.work?.();
      wakers.room?.();
    },
  };
};

const entryOf = (event: StoredEvent): Placed => {
  if (event.position === undefined) throw new TypeError(`event ${event.id} came without its position`);
  return { item: itemOfStored(event), position: event.position };
};

/** Starts a lane. It tries again for ever when the database or the store is away. */
export const startLane = (options: LaneOptions): Lane => {
  const { subscribe, members, from, searched: begin, maxBatch, hooks, onLost, onHalt } = options;
  const stop = stopper();
  const queue = queueOf(maxBatch);
  let active = members;
  let position = from;
  let notedAt = performance.now();
  let working = false;

  const tell = ({ halts, gone, behind }: OwnBatchResult): void => {
    for (const halt of halts) onHalt(halt);
    const lost = active.filter(({ physical }) => gone.includes(physical) || behind.includes(physical));
    active = active.filter(({ physical }) => !gone.includes(physical));
    if (lost.length > 0) onLost(lost);
  };

  const work = async (): Promise<void> => {
    while (!stop.stopped) {
      const taken = queue.take();
      if (taken === undefined) {
        working = false;
        await queue.untilWork();
        working = true;
        continue;
      }
      const startedAt = performance.now();
      const result = await untilDone(stop, () => applyOnce(options, active, { from: position, ...taken }), {
        onTrouble: hooks.onTrouble,
      });
      position = laterPosition(position, taken.entries.at(-1)?.position);
      notedAt = performance.now();
      hooks.onBatch?.({ items: result.items, rows: result.rows, elapsedMs: performance.now() - startedAt });
      tell(result);
    }
  };

  const streams = [...new Set(members.flatMap(({ model }) => model.own))];
  working = true;
  const worker = work().catch((error: unknown) => {
    if (!stop.stopped) throw error;
  });
  const subscription: Subscription = subscribe({
    categories: [...new Set(streams.map(({ category }) => category))],
    streams,
    batchSize: Math.min(500, maxBatch),
    ...(begin === undefined ? {} : { from: begin }),
    // Taken over as soon as it is queued: the position that counts is the one in the database.
    onBatch: async (events, upTo) => {
      // That nothing came is worth a note now and then, so that a restart need not search all of it again.
      if (events.length > 0 || performance.now() - notedAt > NOTE_EVERY_MS) queue.put({ entries: events.map(entryOf), searched: upTo });
      while (queue.isFull() && !stop.stopped) await queue.untilRoom();
    },
  });

  let ended: Promise<unknown> | undefined;
  return {
    members,
    position: () => position,
    caughtUp: async () => (await subscription.caughtUp()) && queue.isEmpty() && !working,
    stop: async () => {
      stop.stop();
      queue.wake();
      await (ended ??= Promise.all([subscription.stop(), worker]));
    },
  };
};
