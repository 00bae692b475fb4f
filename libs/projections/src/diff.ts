import type { Item } from './item';
import { comparePositions, type StoredEvent } from '@qiyue/event-store';
import type { PoolClient } from 'pg';
import { foldInto } from './apply-batch';
import { quoted } from './bulk-write';
import { transact, withClient } from '@qiyue/database';
import type { AnyReadModel, ReadModel } from './declaration';
import { factsAfter, factsFor, reachesOf } from './facts-batch';
import type { OwnProjectionsOptions } from './handle';
import { itemOfStored, itemsOf, type Placed } from './item';
import { columnsSql, standingOf, tablesOf, type Registered } from './registry';
import { RebuildImpossible, servicesOf } from './replay-facts';
import { sourceOf, type Position, type Replay, type Subscribe } from './sources';

/** A row that is not what a fresh fold gives. Names columns, never values. */
export interface RowDifference {
  /** Values of the primary key, as text. */
  readonly key: readonly string[];
  /** `missing`: a fold gives the row and the table has it not · `surplus`: the other way round · otherwise the columns that differ. */
  readonly differs: 'missing' | 'surplus' | readonly string[];
}

export interface RebuildDiff {
  readonly equal: boolean;
  /** Rows of the live table. */
  readonly rows: number;
  /** How many rows differ; `differences` lists the first hundred. */
  readonly differing: number;
  readonly differences: readonly RowDifference[];
}

const LISTED = 100;
const POLL_MS = 5;
// A name of the session alone; it hides nothing, because every read model's table begins with a letter.
const FRESH = quoted('_fresh');

const compare = async (tx: PoolClient, { shape }: ReadModel, live: string): Promise<RebuildDiff> => {
  const names = shape.columns.map(({ name }) => quoted(name));
  const keys = shape.key.map(({ name }) => quoted(name));
  const first = keys[0] as string;
  const differing = shape.columns.map(
    ({ name }) => `CASE WHEN l.${quoted(name)} IS DISTINCT FROM f.${quoted(name)} THEN '${name.replaceAll("'", "''")}' END`,
  );
  const { rows } = await tx.query<{ key: string[]; live: boolean; fresh: boolean; columns: string[]; total: number }>(
    `SELECT ARRAY[${keys.map((key) => `coalesce(l.${key}, f.${key})::text`).join(', ')}] AS key, l.${first} IS NOT NULL AS live, f.${first} IS NOT NULL AS fresh,
            array_remove(ARRAY[${differing.join(', ')}], NULL) AS columns, (count(*) OVER ())::integer AS total
     FROM ${quoted(live)} l FULL JOIN ${FRESH} f ON ${keys.map((key) => `l.${key} = f.${key}`).join(' AND ')}
     WHERE ROW(${names.map((name) => `l.${name}`).join(', ')}) IS DISTINCT FROM ROW(${names.map((name) => `f.${name}`).join(', ')})
     ORDER BY 1 LIMIT ${LISTED}`,
  );
  const { rows: counted } = await tx.query<{ count: string }>(`SELECT count(*)::text AS count FROM ${quoted(live)}`);
  const differences = rows.map(({ key, live: isLive, fresh, columns }): RowDifference => ({
    key,
    differs: !isLive ? 'missing' : !fresh ? 'surplus' : columns,
  }));
  return { equal: rows.length === 0, rows: Number(counted[0]?.count), differing: rows[0]?.total ?? 0, differences };
};

/** Hands over the own events after one position up to another, in order. */
const readOwn = async (
  subscribe: Subscribe,
  model: ReadModel,
  after: Position | undefined,
  upTo: Position | undefined,
  take: (items: readonly Item[]) => Promise<void>,
): Promise<void> => {
  if (upTo === undefined || comparePositions(after, upTo) >= 0) return;
  let ended = false;
  let failure: { readonly error: unknown } | undefined;
  const within = ({ position }: StoredEvent): boolean => comparePositions(position, upTo) <= 0;
  const subscription = subscribe({
    categories: model.own.map(({ category }) => category),
    streams: model.own,
    ...(after === undefined ? {} : { from: after }),
    onBatch: async (events) => {
      if (ended) return;
      await take(events.filter(within).map(itemOfStored)).catch((error: unknown) => (failure = { error }));
      ended = failure !== undefined || comparePositions(events.at(-1)?.position, upTo) >= 0;
    },
  });
  try {
    while (!ended && !(await subscription.caughtUp())) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  } finally {
    await subscription.stop();
  }
  if (failure !== undefined) throw failure.error;
};

/** Facts on their way into the fresh rows: never further in any partition than the live table is. */
const factReader = (tx: PoolClient, model: ReadModel, replay: Replay, take: (items: readonly Item[]) => Promise<void>) => {
  const { signal } = new AbortController();
  const services = servicesOf(model);
  /** By partition: place of the last fact in the fresh rows, and the facts behind where the live table was when they were read. */
  const folded = new Map<string, Position>();
  const waiting = new Map<string, readonly Placed[]>();
  let cursor: string | undefined;
  const offer = async (reached: ReadonlyMap<string, Position>, source: string, facts: readonly Placed[]): Promise<void> => {
    const fresh = factsAfter([...(waiting.get(source) ?? []), ...facts], folded.get(source));
    const within = fresh.filter(({ position }) => comparePositions(position, reached.get(source)) <= 0);
    waiting.set(source, fresh.slice(within.length));
    const last = within.at(-1);
    if (last === undefined) return;
    folded.set(source, last.position);
    await take(itemsOf(within));
  };
  return async ({ physical }: Registered): Promise<void> => {
    const reached = await reachesOf(tx, physical);
    for (const source of [...waiting.keys()]) await offer(reached, source, []);
    for await (const batch of replay(services, cursor, signal)) {
      await offer(reached, sourceOf(batch), factsFor([model], batch.envelopes));
      cursor = batch.next;
    }
  };
};

const liveOf = async (tx: PoolClient, model: ReadModel, lock: boolean): Promise<Registered> => {
  const live = (await tablesOf(tx, [model.name], lock)).find(({ state }) => state === 'live');
  if (live === undefined || standingOf(model, live) !== 'same')
    throw new RebuildImpossible(`the live table of ${model.name} is not of this version; there is nothing to compare`);
  return live;
};

const compareWithFold = async (
  client: PoolClient,
  { subscribe, replay }: Pick<OwnProjectionsOptions, 'subscribe' | 'replay'>,
  model: AnyReadModel,
): Promise<RebuildDiff | undefined> => {
  const take = async (items: readonly Item[]): Promise<void> => {
    const { fault } = await foldInto(client, model, FRESH, items);
    if (fault !== undefined) throw fault.error;
  };
  if (model.facts.length > 0 && replay === undefined)
    throw new RebuildImpossible(`${model.name} follows facts: a replay of the log of facts is needed`);
  const readFacts = model.facts.length > 0 && replay !== undefined ? factReader(client, model, replay, take) : async () => undefined;
  const before = await liveOf(client, model, false);
  // Most of the history is read while the live table moves on, the rest while it stands still.
  await readOwn(subscribe, model, undefined, before.position, take);
  await readFacts(before);
  return transact(client, async () => {
    const live = await liveOf(client, model, true);
    if (comparePositions(live.position, before.position) < 0) return undefined;
    await readOwn(subscribe, model, before.position, live.position, take);
    await readFacts(live);
    return compare(client, model, live.physical);
  });
};

/**
 * Compares a model's live rows with a fresh fold of all events and facts, at one common position, in a table of this session alone. The live table is held
 * for the last part of it. Works whether the model is being followed or not. Throws `RebuildImpossible` if there is nothing to compare, and what a handler throws.
 */
export const diffRebuild = async (
  sources: Pick<OwnProjectionsOptions, 'pool' | 'subscribe' | 'replay'>,
  model: AnyReadModel,
): Promise<RebuildDiff> => {
  for (;;) {
    const diff = await withClient(sources.pool, async (client) => {
      await client.query(`CREATE TEMPORARY TABLE ${FRESH} ${columnsSql(model)}`);
      try {
        return await compareWithFold(client, sources, model);
      } finally {
        await client.query(`DROP TABLE IF EXISTS ${FRESH}`);
      }
    });
    // A swap in between can leave the live table a step behind what was read already; then all is read again.
    if (diff !== undefined) return diff;
  }
};
