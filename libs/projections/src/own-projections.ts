import type { AnyReadModel } from './declaration';
import { Follower } from './follower';
import type { ModelHealth, OwnProjections, OwnProjectionsOptions } from './handle';
import { migrate } from './migrations';
import { inTransaction } from '@qiyue/database';
import { dropTable, ensureLive, ensureShadow, saveHalt, standingOf, sweepRetired, tablesOf, type Registered } from './registry';
import { fillAndSwap, type RebuildOptions } from './rebuild';
import { RebuildImpossible } from './replay-facts';
import { Stopped, stopper, untilDone } from './retry';

const DEFAULT_MAX_BATCH = 5_000;

interface Running {
  readonly options: OwnProjectionsOptions;
  readonly rebuilding: RebuildOptions;
  readonly follower: Follower;
  readonly jobs: Map<string, Promise<void>>;
  readonly superseded: Set<string>;
  /** Rebuilds that halted and were not tried again since, by model. */
  readonly halted: Map<string, RebuildImpossible>;
}

const checkNames = (models: readonly AnyReadModel[]): void => {
  const names = new Set<string>();
  for (const { name } of models) {
    if (names.has(name)) throw new TypeError(`two read models are named ${name}`);
    names.add(name);
  }
};

/** Makes the tables and views of read models that have none yet, and this library's own. Safe at every start and for several pods at once; changes no table that is there. */
export const migrateReadModels = async (pool: OwnProjectionsOptions['pool'], models: readonly AnyReadModel[]): Promise<void> => {
  checkNames(models);
  await migrate(pool);
  for (const model of models) await ensureLive(pool, model);
};

/** Fills a table until it is the live one. `shadow` takes up or makes a shadow table; `live` makes a new live table ready for facts. */
const fillUntilLive = async (
  { options, rebuilding, follower, superseded }: Running,
  model: AnyReadModel,
  kind: 'shadow' | 'live',
): Promise<void> => {
  const { pool, hooks } = options;
  const fillOnce = async (): Promise<void> => {
    const table =
      kind === 'shadow' ? await ensureShadow(pool, model) : (await tablesOf(pool, [model.name])).find(({ state }) => state === 'live');
    if (table === undefined || standingOf(model, table) === 'newer') {
      superseded.add(model.name);
      throw new RebuildImpossible(`a newer version of ${model.name} is being filled or serves already`);
    }
    hooks?.onRebuild?.({ model: model.name, table: table.physical, state: 'filling' });
    await fillAndSwap(rebuilding, model, table);
    superseded.delete(model.name);
    hooks?.onRebuild?.({ model: model.name, table: table.physical, state: 'live' });
  };
  const { stop } = rebuilding;
  await untilDone(stop, fillOnce, { onTrouble: hooks?.onTrouble, isFinal: (error) => error instanceof RebuildImpossible });
  if (kind === 'shadow' && model.own.length > 0) await untilDone(stop, () => follower.join([model]), { onTrouble: hooks?.onTrouble });
  // The rows are live; a table that cannot be dropped now is dropped at the next start.
  await sweepRetired(pool, [model.name]).catch(() => undefined);
};

/** One job per model at a time; asked again meanwhile, it is the same one. */
const startJob = (running: Running, model: AnyReadModel, kind: 'shadow' | 'live'): Promise<void> => {
  const { jobs, options } = running;
  const known = jobs.get(model.name);
  if (known !== undefined) return known;
  running.halted.delete(model.name);
  const job = fillUntilLive(running, model, kind).finally(() => jobs.delete(model.name));
  jobs.set(model.name, job);
  job.catch((error: unknown) => {
    if (error instanceof RebuildImpossible && error.halt !== undefined) {
      running.halted.set(model.name, error);
      options.hooks?.onHalt?.(error.halt);
    } else if (!(error instanceof Stopped)) options.hooks?.onTrouble?.({ error, attempt: 1 });
  });
  return job;
};

/** What a model needs at the start, from how its tables stand. */
const takeUp = async (running: Running, model: AnyReadModel): Promise<'follow' | 'wait'> => {
  const { pool, replay } = running.options;
  const live = await ensureLive(pool, model);
  const standing = standingOf(model, live);
  const shadow = (await tablesOf(pool, [model.name])).find(({ state }) => state === 'shadow');
  if (standing === 'newer') {
    running.superseded.add(model.name);
    return 'wait';
  }
  const unfinished = shadow !== undefined && standingOf(model, shadow) === 'same' && shadow.halt === undefined;
  if (standing === 'same' && shadow !== undefined && !unfinished && standingOf(model, shadow) === 'older')
    await inTransaction(pool, (tx) => dropTable(tx, shadow.physical));
  const stale = standing === 'older' || (live.halt !== undefined && model.facts.length > 0);
  if ((stale || unfinished || !live.factsReady) && model.facts.length > 0 && replay === undefined) {
    if (stale || unfinished)
      throw new RebuildImpossible(`${model.name} follows facts and has changed: a replay of the log of facts is needed`);
    await pool.query('UPDATE read_model_tables SET facts_ready = true WHERE physical = $1', [live.physical]);
  } else if (stale || unfinished) {
    void startJob(running, model, 'shadow');
  } else if (!live.factsReady) {
    void startJob(running, model, 'live');
  }
  if (standing === 'older') return 'wait';
  // A program that starts again may have been mended.
  if (live.halt !== undefined && !stale) await inTransaction(pool, (tx) => saveHalt(tx, live.physical, undefined));
  return model.own.length > 0 ? 'follow' : 'wait';
};

const stateOf = (
  { superseded, jobs, follower }: Running,
  model: AnyReadModel,
  live: Registered,
  shadow: Registered | undefined,
): ModelHealth['state'] => {
  if (superseded.has(model.name) || standingOf(model, live) === 'newer') return 'superseded';
  if ((live.halt ?? shadow?.halt) !== undefined) return 'halted';
  if (shadow !== undefined || standingOf(model, live) === 'older') return 'rebuilding';
  return jobs.has(model.name) || !live.factsReady || follower.isFilling(live.physical) ? 'filling' : 'live';
};

const healthOf = async (running: Running): Promise<readonly ModelHealth[]> => {
  const { pool, models } = running.options;
  const tables = await tablesOf(
    pool,
    models.map(({ name }) => name),
  );
  return models.map((model): ModelHealth => {
    const live = tables.find((table) => table.model === model.name && table.state === 'live');
    const shadow = tables.find((table) => table.model === model.name && table.state === 'shadow');
    if (live === undefined) return { model: model.name, state: 'superseded', table: undefined, position: undefined };
    const halt = live.halt ?? shadow?.halt;
    return {
      model: model.name,
      state: stateOf(running, model, live, shadow),
      table: live.physical,
      position: live.position,
      ...(halt === undefined ? {} : { halt }),
    };
  });
};

const resume = async (running: Running, model: AnyReadModel): Promise<void> => {
  const { pool } = running.options;
  const live = await ensureLive(pool, model);
  if (standingOf(model, live) !== 'same' || live.halt === undefined || model.facts.length > 0) return startJob(running, model, 'shadow');
  await inTransaction(pool, (tx) => saveHalt(tx, live.physical, undefined));
  await running.follower.join([model]);
};

/**
 * Starts the read models of a service: makes their tables, follows the own events, fills what is new and rebuilds what has changed. Resolves when
 * everything has been begun; the tables and views are there then, and queries may come.
 */
export const startOwnProjections = async (options: OwnProjectionsOptions): Promise<OwnProjections> => {
  const { pool, models, subscribe, replay, hooks = {}, maxBatch = DEFAULT_MAX_BATCH } = options;
  const stop = stopper();
  const superseded = new Set<string>();
  const common = { pool, subscribe, maxBatch, hooks, stop };
  const follower = new Follower({ ...common, onHalt: (halt) => hooks.onHalt?.(halt), onSuperseded: (model) => superseded.add(model) });
  const running: Running = { options, rebuilding: { ...common, replay }, follower, jobs: new Map(), superseded, halted: new Map() };
  const end = async (): Promise<void> => {
    stop.stop();
    await Promise.all([follower.stop(), ...[...running.jobs.values()].map((job) => job.catch(() => undefined))]);
  };
  try {
    await migrateReadModels(pool, models);
    await sweepRetired(
      pool,
      models.map(({ name }) => name),
    );
    const followed: AnyReadModel[] = [];
    for (const model of models) if ((await takeUp(running, model)) === 'follow') followed.push(model);
    await follower.join(followed);
  } catch (error) {
    await end();
    throw error;
  }
  return {
    caughtUp: async () => running.jobs.size === 0 && (await follower.caughtUp()) && running.jobs.size === 0,
    ready: async () => {
      for (const error of running.halted.values()) throw error;
      await Promise.all(running.jobs.values());
      await follower.filled();
    },
    health: () => healthOf(running),
    rebuild: (model) => startJob(running, model, 'shadow'),
    resume: (model) => resume(running, model),
    stop: end,
  };
};
