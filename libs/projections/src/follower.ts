import { comparePositions, laterPosition } from '@qiyue/event-store';
import { startLane, type Lane, type LaneOptions } from './lane';
import type { Member } from './member';
import { standingOf, tablesOf } from './registry';
import { untilDone, type Stopper } from './retry';
import type { Position } from './sources';

const POLL_MS = 10;

type Model = Member['model'];

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

/** Groups of equal position, the furthest first. */
const byPosition = (standings: readonly Standing[]): readonly (readonly Standing[])[] => {
  const groups = new Map<string, Standing[]>();
  for (const standing of standings) {
    const place = `${standing.position?.commit}:${standing.position?.prepare}`;
    groups.set(place, [...(groups.get(place) ?? []), standing]);
  }
  return [...groups.values()].sort(([a], [b]) => comparePositions(b?.position, a?.position));
};

/** Keeps the live tables with own events up to date: one lane for those that are level, further ones for those that catch up, merged when they have. */
export class Follower {
  private main: Lane | undefined;
  /** Whether the main lane has had everything once. */
  private isMainFilled = false;
  private readonly catchingUp = new Set<Lane>();
  private readonly recovering = new Set<string>();
  private readonly watchers = new Set<Promise<void>>();
  private changes = 0;
  private changing: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: FollowerOptions) {}

  /** Follows the live tables of these models, whichever they are by now, from where they stand. Throws if they cannot be read. */
  join(models: readonly Model[]): Promise<void> {
    return this.exclusively(async () => {
      const members = (await this.standings(models)).filter(({ physical }) => !this.isCatchingUp(physical));
      for (const group of byPosition(members)) {
        const lane = this.start(group);
        if (this.main === undefined) this.main = lane;
        else this.catchingUp.add(lane);
        this.watch(lane);
      }
    });
  }

  /** Whether all lanes are merged into one and it has everything. */
  async caughtUp(): Promise<boolean> {
    return this.isSettled() && (this.main === undefined || (await this.main.caughtUp())) && this.isSettled();
  }

  /** Whether a table is still on its way to where the events are. */
  isFilling(physical: string): boolean {
    return (
      this.isCatchingUp(physical) || (!this.isMainFilled && this.main?.members.some((member) => member.physical === physical) === true)
    );
  }

  /** Resolves once nothing fills any more. */
  async filled(): Promise<void> {
    const { stop } = this.options;
    while (!stop.stopped && !(this.isSettled() && (this.main === undefined || this.isMainFilled))) await stop.pause(POLL_MS);
  }

  /** Ends the lanes, after the common stopper was used. */
  async stop(): Promise<void> {
    await Promise.all([...this.watchers, this.changing]);
    await Promise.all([this.main, ...this.catchingUp].map((lane) => lane?.stop()));
  }

  private isSettled(): boolean {
    return this.changes === 0 && this.catchingUp.size === 0;
  }

  private isCatchingUp(physical: string): boolean {
    return [...this.catchingUp].some(({ members }) => members.some((member) => member.physical === physical));
  }

  /** Lanes change one change at a time. */
  private async exclusively(change: () => Promise<void>): Promise<void> {
    this.changes += 1;
    const mine = this.changing.then(change);
    this.changing = mine.catch(() => undefined);
    await mine.finally(() => (this.changes -= 1));
  }

  private insist(change: () => Promise<void>): Promise<void> {
    return untilDone(this.options.stop, change, { onTrouble: this.options.hooks.onTrouble });
  }

  private async standings(models: readonly Model[]): Promise<readonly Standing[]> {
    const names = models.map(({ name }) => name);
    const tables = (await tablesOf(this.options.pool, names)).filter(({ state }) => state === 'live');
    return models.flatMap((model): Standing[] => {
      const table = tables.find((one) => one.model === model.name);
      if (table === undefined || standingOf(model, table) !== 'same') {
        this.options.onSuperseded(model.name);
        return [];
      }
      const { physical, position, searched, halt } = table;
      return halt === undefined ? [{ model, physical, position, searched }] : [];
    });
  }

  private start(members: readonly Standing[]): Lane {
    return startLane({
      ...this.options,
      members,
      from: earliest(members.map(({ position }) => position)),
      searched: earliest(members.map(({ position, searched }) => laterPosition(position, searched))),
      // Ends by itself, or with `Stopped`.
      onLost: (lost) => void this.recover(lost).catch(() => undefined),
    });
  }

  /** Members that lost their place come back in a lane of their own, at the table that is live by now. */
  private async recover(lost: readonly Member[]): Promise<void> {
    const models = lost
      .filter(({ model, physical }) => !this.recovering.has(model.name) && !this.isCatchingUp(physical))
      .map(({ model }) => model);
    if (models.length === 0) return;
    for (const { name } of models) this.recovering.add(name);
    await this.insist(() => this.join(models)).finally(() => models.forEach(({ name }) => this.recovering.delete(name)));
  }

  private watch(lane: Lane): void {
    const watcher = this.untilNear(lane).catch(() => undefined);
    this.watchers.add(watcher);
    void watcher.finally(() => this.watchers.delete(watcher));
  }

  private async untilNear(lane: Lane): Promise<void> {
    const { stop } = this.options;
    const isRunning = (): boolean => lane === this.main || this.catchingUp.has(lane);
    while (!stop.stopped && isRunning() && !(await this.isNear(lane))) await stop.pause(POLL_MS);
    if (stop.stopped) return;
    if (lane === this.main) this.isMainFilled = true;
    else if (this.catchingUp.has(lane)) await this.insist(() => this.exclusively(() => this.merge(lane)));
  }

  private async isNear(lane: Lane): Promise<boolean> {
    const { main } = this;
    if (main !== undefined && lane !== main && comparePositions(lane.position(), main.position()) >= 0) return true;
    // The store may be away; the lane's subscription deals with that.
    return lane.caughtUp().catch(() => false);
  }

  /**
   * Two lanes end, and one begins where the member furthest behind stands: what the others have already is dropped by their position rows, so nothing is
   * missed. May be called again after it failed halfway.
   */
  private async merge(lane: Lane): Promise<void> {
    const { main } = this;
    if (!this.catchingUp.has(lane)) return;
    if (main === undefined) {
      this.catchingUp.delete(lane);
      this.main = lane;
      this.isMainFilled = true;
      return;
    }
    await Promise.all([main.stop(), lane.stop()]);
    const models = new Map([...main.members, ...lane.members].map(({ model }) => [model.name, model]));
    const members = await this.standings([...models.values()]);
    this.catchingUp.delete(lane);
    const free = members.filter(({ physical }) => !this.isCatchingUp(physical));
    this.main = free.length === 0 ? undefined : this.start(free);
    if (this.main !== undefined) this.watch(this.main);
  }
}
