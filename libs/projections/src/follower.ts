import { comparePositions, laterPosition } from '@qiyue/event-store';
import { startLane, type Lane, type LaneOptions } from './lane';
import type { Member } from './member';
import { standingOf, tablesOf } from './registry';
import { untilDone, type Stopper } from './retry';
import type { Position } from './sources';

const POLL_MS = 10;

/** Keeps the live tables with own events up to date: one lane for those that are level, further ones for those that catch up, merged when they have. */
export interface Follower {
  /** Follows the live tables of these models, whichever they are by now, from where they stand. Throws if they cannot be read. */
  join(models: readonly Member['model'][]): Promise<void>;
  /** Whether all lanes are merged into one and it has everything. */
  caughtUp(): Promise<boolean>;
  /** Whether a table is still on its way to where the events are. */
  isFilling(physical: string): boolean;
  /** Resolves once nothing fills any more. */
  filled(): Promise<void>;
  stop(): Promise<void>;
}

export interface FollowerOptions extends Omit<LaneOptions, 'members' | 'from' | 'searched' | 'onLost'> {
  readonly stop: Stopper;
  /** Told of a model whose live table is another one now, and not of this program's making. */
  readonly onSuperseded: (model: string) => void;
}

interface Standing extends Member {
  readonly position: Position | undefined;
  readonly searched: Position | undefined;
}

/** The earliest of some positions; undefined lies before all. */
const earliest = (positions: readonly (Position | undefined)[]): Position | undefined =>
  positions.reduce((least, position) => (comparePositions(position, least) < 0 ? position : least), positions[0]);

const byPosition = (standings: readonly Standing[]): readonly (readonly Standing[])[] => {
  const groups = new Map<string, Standing[]>();
  for (const standing of standings) {
    const place = `${standing.position?.commit}:${standing.position?.prepare}`;
    groups.set(place, [...(groups.get(place) ?? []), standing]);
  }
  return [...groups.values()].sort(([a], [b]) => comparePositions(b?.position, a?.position));
};

export const startFollower = (options: FollowerOptions): Follower => {
  const { pool, stop, hooks, onSuperseded } = options;
  const watchers = new Set<Promise<void>>();
  const catchingUp = new Set<Lane>();
  const recovering = new Set<string>();
  let main: Lane | undefined;
  let mainFilled = false;
  let changes = 0;
  let changing: Promise<unknown> = Promise.resolve();

  /** Lanes change one change at a time. */
  const exclusively = async (change: () => Promise<void>): Promise<void> => {
    changes += 1;
    const mine = changing.then(change);
    changing = mine.catch(() => undefined);
    await mine.finally(() => (changes -= 1));
  };

  const standings = async (models: readonly Member['model'][]): Promise<readonly Standing[]> => {
    const tables = (
      await tablesOf(
        pool,
        models.map(({ name }) => name),
      )
    ).filter(({ state }) => state === 'live');
    return models.flatMap((model): Standing[] => {
      const table = tables.find((one) => one.model === model.name);
      if (table === undefined || standingOf(model, table) !== 'same') {
        onSuperseded(model.name);
        return [];
      }
      return table.halt === undefined ? [{ model, physical: table.physical, position: table.position, searched: table.searched }] : [];
    });
  };

  const start = (members: readonly Standing[]): Lane => {
    const from = earliest(members.map(({ position }) => position));
    const searched = earliest(members.map((member) => laterPosition(member.position, member.searched)));
    return startLane({ ...options, members, from, searched, onLost: (lost) => void recover(lost).catch(() => undefined) });
  };

  const held = (physical: string): boolean => [...catchingUp].some(({ members }) => members.some((member) => member.physical === physical));

  /** Members that lost their place come back in a lane of their own, at the table that is live by now. */
  const recover = async (lost: readonly Member[]): Promise<void> => {
    const mine = lost.filter(({ model, physical }) => !recovering.has(model.name) && !held(physical));
    if (mine.length === 0) return;
    const models = mine.map(({ model }) => model);
    for (const { name } of models) recovering.add(name);
    await insist(() => join(models)).finally(() => models.forEach(({ name }) => recovering.delete(name)));
  };

  const insist = (change: () => Promise<void>): Promise<void> => untilDone(stop, change, { onTrouble: hooks.onTrouble });

  const near = async (lane: Lane): Promise<boolean> => {
    if (main !== undefined && lane !== main && comparePositions(lane.position(), main.position()) >= 0) return true;
    // The store may be away; the lane's subscription deals with that.
    return lane.caughtUp().catch(() => false);
  };

  const watch = (lane: Lane): void => {
    const watcher = (async () => {
      while (!stop.stopped && (lane === main || catchingUp.has(lane)) && !(await near(lane))) await stop.pause(POLL_MS);
      if (stop.stopped) return;
      if (lane === main) mainFilled = true;
      else if (catchingUp.has(lane)) await insist(() => exclusively(() => merge(lane)));
    })().catch(() => undefined);
    watchers.add(watcher);
    void watcher.finally(() => watchers.delete(watcher));
  };

  /**
   * Two lanes end, and one begins where the member furthest behind stands: what the others have already is dropped by their position rows, so nothing is
   * missed. May be called again after it failed halfway.
   */
  const merge = async (lane: Lane): Promise<void> => {
    if (!catchingUp.has(lane)) return;
    if (main === undefined) {
      catchingUp.delete(lane);
      main = lane;
      mainFilled = true;
      return;
    }
    await Promise.all([main.stop(), lane.stop()]);
    const models = new Map([...main.members, ...lane.members].map(({ model }) => [model.name, model]));
    const members = await standings([...models.values()]);
    catchingUp.delete(lane);
    const free = members.filter(({ physical }) => !held(physical));
    main = free.length === 0 ? undefined : start(free);
    if (main !== undefined) watch(main);
  };

  const enter = (lane: Lane): void => {
    if (main === undefined) main = lane;
    else catchingUp.add(lane);
    watch(lane);
  };

  const join = (models: readonly Member['model'][]): Promise<void> =>
    exclusively(async () => {
      const members = (await standings(models)).filter(({ physical }) => !held(physical));
      for (const group of byPosition(members)) enter(start(group));
    });

  return {
    join,
    caughtUp: async () =>
      changes === 0 && catchingUp.size === 0 && (main === undefined || (await main.caughtUp())) && changes === 0 && catchingUp.size === 0,
    isFilling: (physical) => held(physical) || (!mainFilled && main?.members.some((member) => member.physical === physical) === true),
    filled: async () => {
      while (!stop.stopped && (changes > 0 || catchingUp.size > 0 || (main !== undefined && !mainFilled))) await stop.pause(POLL_MS);
    },
    stop: async () => {
      await Promise.all([...watchers, changing]);
      await Promise.all([main, ...catchingUp].map((lane) => lane?.stop()));
    },
  };
};
