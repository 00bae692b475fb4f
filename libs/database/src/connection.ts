import type { Duplex } from 'node:stream';
import type { ClientBase, Pool, PoolClient, QueryConfig, QueryResult } from 'pg';

/** Lets statements of a connection go out behind each other without waiting for the answers in between: a mode of `pg` that its pools have no say in. */
const pipelined = (client: PoolClient): PoolClient => Object.assign(client, { pipeline: true });

/**
 * Runs with one connection of the pool, whose statements need not wait for each other's answers. A connection that breaks while it is checked out emits
 * `error`, which would end the process if nobody listened; the queries that were running reject as well, so listening is enough.
 */
export const withClient = async <T>(pool: Pool, run: (client: PoolClient) => Promise<T>): Promise<T> => {
  const client = pipelined(await pool.connect());
  let broken: Error | undefined;
  const onError = (error: Error): void => void (broken = error);
  client.on('error', onError);
  try {
    return await run(client);
  } finally {
    // A broken connection is thrown away by the pool and may have more to say while it ends, so its listener stays.
    if (broken === undefined) client.removeListener('error', onError);
    client.release(broken);
  }
};

/** What goes out on a connection in this turn of the event loop goes out as one message. */
const gather = (client: ClientBase): void => {
  const { stream } = (client as unknown as { readonly connection: { readonly stream: Duplex } }).connection;
  stream.cork();
  process.nextTick(() => stream.uncork());
};

/** Puts several statements at once: one way there and back for all of them. Each is answered or refused by itself. */
export const together = (client: ClientBase, statements: readonly QueryConfig[]): Promise<PromiseSettledResult<QueryResult>[]> => {
  gather(client);
  return Promise.allSettled(statements.map((one) => client.query(one)));
};

/** Puts statements one after the other. */
export const inOrder = async (client: ClientBase, statements: readonly QueryConfig[]): Promise<void> => {
  for (const one of statements) await client.query(one);
};

const TRANSACTION_IS_LOST = '25P02';

/**
 * Waits for all, also where one fails: nothing may go on in a transaction that has ended. Throws the first failure in this order, but none that only says
 * that the transaction was lost by another.
 */
export const allOf = async (work: readonly (Promise<unknown> | undefined)[]): Promise<void> => {
  const failed = (await Promise.allSettled(work)).filter((one) => one.status === 'rejected');
  const [first] = failed;
  if (first !== undefined) throw (failed.find(({ reason }) => sqlStateOf(reason) !== TRANSACTION_IS_LOST) ?? first).reason;
};

/** What a transaction came to. */
export interface Outcome<T> {
  readonly value: T;
  /** Its last statements, which the commit goes out with; their values are texts, numbers, booleans, null and arrays of them. */
  readonly last?: readonly QueryConfig[] | undefined;
}

const isPlain = (value: unknown): boolean =>
  value === null || !['object', 'function', 'symbol'].includes(typeof value) || (Array.isArray(value) && value.every(isPlain));

/** What cannot be sent must be found out before anything is: the commit would go out without it. */
const checked = (last: readonly QueryConfig[]): readonly QueryConfig[] => {
  if (!last.every(({ values = [] }) => isPlain(values))) throw new TypeError('a last statement has a value that is not plain');
  return last;
};

/** `transact`, where the first statements of `run` go out with the beginning, and those that it gives back with the commit. */
export const transactShortly = async <T>(client: PoolClient, run: (tx: PoolClient) => Promise<Outcome<T>>, begin = 'BEGIN'): Promise<T> => {
  try {
    gather(client);
    const begun = client.query(begin);
    begun.catch(() => undefined);
    const { value, last = [] } = await run(client);
    const statements = checked(last);
    gather(client);
    await allOf([begun, ...statements.map((one) => client.query(one)), client.query('COMMIT')]);
    return value;
  } catch (fault) {
    // When even this fails the connection is gone, and its transaction with it; `withClient` then throws it away.
    await client.query('ROLLBACK').catch((error: Error) => client.emit('error', error));
    throw fault;
  }
};

/** Runs in one transaction of a connection; rolls back and throws on when it throws. `begin` may set more than the transaction itself. */
export const transact = <T>(client: PoolClient, run: (tx: PoolClient) => Promise<T>, begin?: string): Promise<T> =>
  transactShortly(client, async (tx) => ({ value: await run(tx) }), begin);

/** `transact` on a connection of the pool. */
export const inTransaction = <T>(pool: Pool, run: (tx: PoolClient) => Promise<T>, begin?: string): Promise<T> =>
  withClient(pool, (client) => transact(client, run, begin));

/** `transactShortly` on a connection of the pool. */
export const inShortTransaction = <T>(pool: Pool, run: (tx: PoolClient) => Promise<Outcome<T>>, begin?: string): Promise<T> =>
  withClient(pool, (client) => transactShortly(client, run, begin));

/**
 * Begins a transaction whose commit does not wait for the disk. For what is written together with the position it is rebuilt from: what a crash of
 * PostgreSQL takes of both comes again, and a crash of anything else takes nothing.
 */
export const BEGIN_UNHURRIED = 'BEGIN; SET LOCAL synchronous_commit TO off';

/** The same for a single statement: a condition to put into it, always true. */
export const UNHURRIED = `set_config('synchronous_commit', 'off', true) = 'off'`;

const guarded = new WeakSet<Pool>();

/**
 * Lets connections of a pool drop without ending the process. An idle one that drops makes its pool emit `error`; one that drops at the very instant
 * it is handed out emits `error` itself, before whoever asked for it could begin to listen. The pool replaces either by itself.
 */
export const surviveDrops = (pool: Pool): Pool => {
  if (guarded.has(pool)) return pool;
  guarded.add(pool);
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
};

/** SQLSTATE of an error PostgreSQL gave, if it did. */
export const sqlStateOf = (error: unknown): string | undefined => {
  const code = typeof error === 'object' && error !== null ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
};
