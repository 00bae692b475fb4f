import { comparePositions, laterPosition } from '@qiyue/event-store';
import type { ClientBase, Pool } from 'pg';
import { quoted } from './bulk-write';
import { inTransaction, sqlStateOf } from '@qiyue/database';
import type { ReadModel } from './declaration';
import { reachesOf } from './facts-batch';
import type { Halt, ProjectionHooks } from './handle';
import { startLane, type Lane } from './lane';
import type { Member } from './member';
import { createIndexes, lockTables, pointView, standingOf, tablesOf, type Registered } from './registry';
import { gone, haltedRebuild, RebuildImpossible, replayInPieces, replayRest } from './replay-facts';
import { Stopped, type Stopper } from './retry';
import type { Replay, Subscribe } from './sources';

const POLL_MS = 10;
const LONGEST_POLL_MS = 500;
// A reader in a long transaction holds the view; the swap lets go and comes again rather than have new readers queue behind it.
const BEGIN_SWAP = `BEGIN; SET LOCAL lock_timeout = '300ms'`;
// A replay that brings fewer envelopes than this is close enough to the end of the log for the rest to be read under the lock.
const NEAR_THE_END = 1_000;

export interface RebuildOptions {
  readonly pool: Pool;
  readonly subscribe: Subscribe;
  readonly replay: Replay | undefined;
  readonly maxBatch: number;
  readonly hooks: ProjectionHooks;
  readonly stop: Stopper;
}

interface Job extends RebuildOptions {
  readonly member: Member;
  /** Own events on their way into the table; none for a table that a lane follows already, or a model without own streams. */
  readonly lane: Lane | undefined;
  readonly halted: () => Halt | undefined;
  readonly lost: () => boolean;
}

const needReplay = ({ replay, member }: Job): Replay => {
  if (replay === undefined)
    throw new RebuildImpossible(`${member.model.name} follows facts and has to be filled: a replay of the log of facts is needed`);
  return replay;
};

const registered = async ({ pool, member }: Job): Promise<Registered> => {
  const table = (await tablesOf(pool, [member.model.name])).find(({ physical }) => physical === member.physical);
  if (table === undefined) throw gone(member);
  if (table.halt !== undefined) throw haltedRebuild(table.halt);
  return table;
};

const checkRunning = ({ stop, halted, lost }: Job): void => {
  if (stop.stopped) throw new Stopped();
  const halt = halted();
  if (halt !== undefined) throw haltedRebuild(halt);
  // The database lost its last commits in a crash, or the table is gone; starting over from the position row tells which.
  if (lost()) throw new Error('the lane of a rebuild lost its place');
};

const fill = async (job: Job): Promise<void> => {
  const { pool, stop, member, lane } = job;
  if (member.model.facts.length > 0) {
    const replay = needReplay(job);
    while ((await replayInPieces(pool, stop, replay, member, (await registered(job)).replayCursor)) >= NEAR_THE_END) checkRunning(job);
  }
  while (lane !== undefined && !(await lane.caughtUp().catch(() => false))) {
    checkRunning(job);
    const live = (await tablesOf(pool, [member.model.name])).find(({ state }) => state === 'live');
    if (live?.position !== undefined && comparePositions(lane.position(), live.position) >= 0) return;
    await stop.pause(POLL_MS);
  }
};

/** Whether the fresh table has every fact the live one has. A log that has lost its beginning shows here. */
const checkFacts = async (tx: ClientBase, model: ReadModel, fresh: Registered, live: Registered): Promise<void> => {
  if (standingOf(model, live) !== 'same') return;
  const reached = await reachesOf(tx, fresh.physical);
  for (const [source, position] of await reachesOf(tx, live.physical)) {
    if (comparePositions(reached.get(source), position) < 0)
      throw new RebuildImpossible(`the replay of facts for ${model.name} lacks facts of ${source} that the live table has`);
  }
};

/** One try to make the fresh table the live one. False if the live one has events it has not, or somebody holds a lock. */
const trySwap = (job: Job): Promise<boolean> =>
  inTransaction(
    job.pool,
    async (tx) => {
      const { member, lane } = job;
      const tables = await tablesOf(tx, [member.model.name], true);
      const fresh = tables.find(({ physical }) => physical === member.physical);
      const live = tables.find(({ state }) => state === 'live');
      if (fresh === undefined || live === undefined || standingOf(member.model, live) === 'newer') throw gone(member);
      if (fresh.halt !== undefined) throw haltedRebuild(fresh.halt);
      if (fresh.state === 'live' && fresh.factsReady) return true;
      // Either it has all the live one has, or, by the store's own word, all there is.
      if (lane !== undefined && comparePositions(fresh.position, live.position) < 0 && !(await lane.caughtUp().catch(() => false)))
        return false;
      if (member.model.facts.length > 0) {
        await replayRest(tx, job.stop, needReplay(job), member, fresh.replayCursor);
        if (fresh !== live) await checkFacts(tx, member.model, fresh, live);
      }
      if (fresh.state === 'shadow') {
        await pointView(tx, member.model, member.physical);
        await tx.query(`UPDATE read_model_tables SET state = 'retired' WHERE physical = $1`, [live.physical]);
      }
      await tx.query(`UPDATE read_model_tables SET state = 'live', facts_ready = true WHERE physical = $1`, [member.physical]);
      return true;
    },
    BEGIN_SWAP,
  ).catch((error: unknown) => {
    if (sqlStateOf(error) === '55P03') return false;
    throw error;
  });

const index = ({ pool, member }: Job): Promise<void> =>
  inTransaction(pool, async (tx) => {
    if ((await lockTables(tx, [member.physical])).length === 0) return;
    await createIndexes(tx, member.model, member.physical);
    // The planner knows nothing of a table that has just been filled.
    await tx.query(`ANALYZE ${quoted(member.physical)}`);
  });

const startShadowLane = (options: RebuildOptions, member: Member, { position: from, searched }: Registered): Job => {
  let halt: Halt | undefined;
  let lost = false;
  const lane = startLane({
    ...options,
    members: [member],
    from,
    searched: laterPosition(from, searched),
    onHalt: (told) => (halt = told),
    onLost: () => (lost = true),
  });
  return { ...options, member, lane, halted: () => halt, lost: () => lost };
};

/**
 * Fills a table from the start, or from where an earlier try stopped, and makes it the live one: a shadow by pointing the view at it, a new live table by
 * handing it over to the consumer of facts. All progress is in the database, so this may crash anywhere and be called again.
 * Throws `RebuildImpossible` if no retry will help.
 */
export const fillAndSwap = async (options: RebuildOptions, model: ReadModel, table: Registered): Promise<void> => {
  const member = { model, physical: table.physical };
  const followed = table.state === 'shadow' && model.own.length > 0;
  const job = followed
    ? startShadowLane(options, member, table)
    : { ...options, member, lane: undefined, halted: () => undefined, lost: () => false };
  try {
    await fill(job);
    if (table.state === 'shadow') await index(job);
    for (let wait = POLL_MS; !(await trySwap(job)); wait = Math.min(LONGEST_POLL_MS, wait * 2)) {
      checkRunning(job);
      await options.stop.pause(wait);
    }
  } finally {
    await job.lane?.stop();
  }
};
