import type { ClientBase, Pool, QueryConfig } from 'pg';
import { ownTypes, quoted } from './bulk-write';
import { inTransaction, statement, type Statement } from '@qiyue/database';
import type { ReadModel } from './declaration';
import type { Halt } from './handle';
import type { Position } from './sources';

/** A physical table, as it is registered. */
export interface Registered {
  readonly physical: string;
  readonly model: string;
  readonly version: number;
  readonly hash: string;
  readonly state: 'live' | 'shadow' | 'retired';
  /** Of the last own event in the rows (or passed by): what comes again is told by it. */
  readonly position: Position | undefined;
  /** How far `$all` was searched by the store's own word. Only where reading begins again: a store that spoke too soon can deliver events before it. */
  readonly searched: Position | undefined;
  /** Whether everything the consumer delivered before is in the rows, so that it may go on with what it delivers next. */
  readonly factsReady: boolean;
  readonly replayCursor: string | undefined;
  readonly halt: Halt | undefined;
}

type Stored = readonly [
  string,
  string,
  number,
  string,
  Registered['state'],
  string | null,
  string | null,
  string | null,
  string | null,
  boolean,
  string | null,
  Halt | null,
];

const placeOf = (commit: string | null, prepare: string | null): Position | undefined =>
  commit === null || prepare === null ? undefined : { commit: BigInt(commit), prepare: BigInt(prepare) };

const registeredOf = ([
  physical,
  model,
  version,
  hash,
  state,
  commit,
  prepare,
  searchedCommit,
  searchedPrepare,
  factsReady,
  cursor,
  halt,
]: Stored): Registered => ({
  physical,
  model,
  version,
  hash,
  state,
  position: placeOf(commit, prepare),
  searched: placeOf(searchedCommit, searchedPrepare),
  factsReady,
  replayCursor: cursor ?? undefined,
  halt: halt ?? undefined,
});

const select =
  'SELECT physical, model, version, hash, state, commit_position, prepare_position, searched_commit, searched_prepare, facts_ready, replay_cursor, halt FROM read_model_tables';

const read = async (db: ClientBase | Pool, tail: string, values: readonly unknown[]): Promise<readonly Registered[]> => {
  const { rows } = await db.query<unknown[]>({
    ...statement(`${select} ${tail}`),
    values: [...values],
    rowMode: 'array',
    types: ownTypes,
  });
  return rows.map((row) => registeredOf(row as unknown as Stored));
};

/** Tables of these models that serve or fill. Locked ones are locked in one order everywhere, so that writers never deadlock. */
export const tablesOf = (db: ClientBase | Pool, models: readonly string[], lock = false): Promise<readonly Registered[]> =>
  read(db, `WHERE model = ANY($1) AND state <> 'retired' ORDER BY physical${lock ? ' FOR UPDATE' : ''}`, [models]);

/** Locks the position rows of physical tables; those that are gone are missing in the answer. */
export const lockTables = (tx: ClientBase, physicals: readonly string[]): Promise<readonly Registered[]> =>
  read(tx, 'WHERE physical = ANY($1) ORDER BY physical FOR UPDATE', [physicals]);

const SAVE_POSITION = statement('UPDATE read_model_tables SET commit_position = $2, prepare_position = $3 WHERE physical = ANY($1)');
const SAVE_SEARCHED = statement('UPDATE read_model_tables SET searched_commit = $2, searched_prepare = $3 WHERE physical = ANY($1)');

const saving = (save: Statement, physicals: readonly string[], { commit, prepare }: Position): readonly QueryConfig[] =>
  physicals.length === 0 ? [] : [{ ...save, values: [physicals, commit, prepare] }];

/** What notes where tables stand: at most one statement. */
export const savingPosition = (physicals: readonly string[], position: Position): readonly QueryConfig[] =>
  saving(SAVE_POSITION, physicals, position);

/** What notes how far the store had searched for tables: at most one statement. */
export const savingSearched = (physicals: readonly string[], position: Position): readonly QueryConfig[] =>
  saving(SAVE_SEARCHED, physicals, position);

export const saveHalt = async (tx: ClientBase, physical: string, halt: Halt | undefined): Promise<void> => {
  await tx.query('UPDATE read_model_tables SET halt = $2 WHERE physical = $1', [
    physical,
    halt === undefined ? null : JSON.stringify(halt),
  ]);
};

/** `same`: the table fits the program · `older`: it must be rebuilt · `newer`: a newer program made it, and this one leaves it alone. */
export const standingOf = (model: ReadModel, table: Pick<Registered, 'version' | 'hash'>): 'same' | 'older' | 'newer' => {
  if (table.version === model.version) return table.hash === model.hash ? 'same' : 'older';
  return table.version > model.version ? 'newer' : 'older';
};

const sqlTypes = { text: 'text COLLATE "C"', integer: 'integer', bigint: 'bigint', boolean: 'boolean', jsonb: 'jsonb' } as const;

/** Column list of the model's table, as CREATE TABLE takes it. */
export const columnsSql = ({ shape }: ReadModel): string => {
  const columns = shape.columns.map(({ name, type, nullable }) => `${quoted(name)} ${sqlTypes[type]}${nullable ? '' : ' NOT NULL'}`);
  return `(${[...columns, `PRIMARY KEY (${shape.key.map(({ name }) => quoted(name)).join(', ')})`].join(', ')})`;
};

export const createIndexes = async (db: ClientBase | Pool, { shape }: ReadModel, physical: string): Promise<void> => {
  for (const [index, { columns, where }] of shape.indexes.entries()) {
    await db.query(
      `CREATE INDEX IF NOT EXISTS ${quoted(`${physical}_i${index + 1}`)} ON ${quoted(physical)} (${columns.map(quoted).join(', ')})${where === undefined ? '' : ` WHERE ${where}`}`,
    );
  }
};

const createTable = async (tx: ClientBase, model: ReadModel, state: 'live' | 'shadow'): Promise<string> => {
  const { rows } = await tx.query<{ generation: string }>(`SELECT nextval('read_model_generation')::text AS generation`);
  const physical = `${model.name}_v${model.version}_${rows[0]?.generation}`;
  await tx.query(`CREATE TABLE ${quoted(physical)} ${columnsSql(model)}`);
  await tx.query('INSERT INTO read_model_tables (physical, model, version, hash, state, facts_ready) VALUES ($1, $2, $3, $4, $5, $6)', [
    physical,
    model.name,
    model.version,
    model.hash,
    state,
    model.facts.length === 0,
  ]);
  return physical;
};

/** Points the model's name at a physical table. */
export const pointView = async (tx: ClientBase, model: ReadModel, physical: string): Promise<void> => {
  // Not CREATE OR REPLACE, which refuses other columns than the view had.
  await tx.query(`DROP VIEW IF EXISTS ${quoted(model.name)}`);
  await tx.query(
    `CREATE VIEW ${quoted(model.name)} AS SELECT ${model.shape.columns.map(({ name }) => quoted(name)).join(', ')} FROM ${quoted(physical)}`,
  );
};

/** Forgets a physical table and drops it, in the caller's transaction. */
export const dropTable = async (tx: ClientBase, physical: string): Promise<void> => {
  await tx.query('DELETE FROM read_model_tables WHERE physical = $1', [physical]);
  await tx.query('DELETE FROM read_model_facts WHERE physical = $1', [physical]);
  await tx.query(`DROP TABLE IF EXISTS ${quoted(physical)}`);
};

const lockModel = (tx: ClientBase, model: ReadModel): Promise<unknown> =>
  tx.query(`SELECT pg_advisory_xact_lock(hashtext('read_model'), hashtext($1))`, [model.name]);

/** Makes the model's live table if there is none, and gives the live one back, whatever its version. */
export const ensureLive = (pool: Pool, model: ReadModel): Promise<Registered> =>
  inTransaction(pool, async (tx) => {
    await lockModel(tx, model);
    const live = (await tablesOf(tx, [model.name])).find(({ state }) => state === 'live');
    if (live !== undefined) return live;
    const physical = await createTable(tx, model, 'live');
    await createIndexes(tx, model, physical);
    await pointView(tx, model, physical);
    return (await lockTables(tx, [physical]))[0] as Registered;
  });

/** The shadow the model fills: the one a crashed rebuild left, if it fits and has not halted, or a new one. Undefined where a newer program has its own. */
export const ensureShadow = (pool: Pool, model: ReadModel): Promise<Registered | undefined> =>
  inTransaction(pool, async (tx) => {
    await lockModel(tx, model);
    const tables = await tablesOf(tx, [model.name], true);
    if (tables.some((table) => standingOf(model, table) === 'newer')) return undefined;
    const found = tables.find(({ state }) => state === 'shadow');
    if (found !== undefined && standingOf(model, found) === 'same' && found.halt === undefined) return found;
    if (found !== undefined) await dropTable(tx, found.physical);
    return (await lockTables(tx, [await createTable(tx, model, 'shadow')]))[0] as Registered;
  });

/** Drops tables that have been swapped out; those a slow reader still holds stay for the next time. */
export const sweepRetired = async (pool: Pool, models: readonly string[]): Promise<void> => {
  const { rows } = await pool.query<{ physical: string }>(
    `SELECT physical FROM read_model_tables WHERE model = ANY($1) AND state = 'retired'`,
    [models],
  );
  for (const { physical } of rows) {
    await inTransaction(pool, (tx) => dropTable(tx, physical), `BEGIN; SET LOCAL lock_timeout = '300ms'`).catch(() => undefined);
  }
};
