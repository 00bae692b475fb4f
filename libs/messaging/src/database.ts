import type { Pool, PoolClient } from 'pg';

// The lock every library takes before it changes tables, so that two pods or two libraries never do so at once: "kit" in hexadecimal ASCII.
const MIGRATION_LOCK = 0x6b6974;

/**
 * Runs with one connection of the pool. A connection that breaks while it is checked out emits `error`, which would end the
 * process if nobody listened; the query that was running rejects as well, so listening is enough.
 */
export const withClient = async <T>(pool: Pool, run: (client: PoolClient) => Promise<T>): Promise<T> => {
  const client = await pool.connect();
  let broken: Error | undefined;
  const onError = (error: Error): void => void (broken = error);
  client.on('error', onError);
  try {
    return await run(client);
  } finally {
    client.removeListener('error', onError);
    client.release(broken);
  }
};

/** Runs in one transaction of this connection; rolls back and throws on when it throws. */
export const transact = async <T>(tx: PoolClient, run: (tx: PoolClient) => Promise<T>): Promise<T> => {
  await tx.query('BEGIN');
  try {
    const result = await run(tx);
    await tx.query('COMMIT');
    return result;
  } catch (fault) {
    // When even this fails the connection is gone, and its transaction with it; `withClient` then throws it away.
    await tx.query('ROLLBACK').catch((error: Error) => tx.emit('error', error));
    throw fault;
  }
};

/** `transact` on a connection of the pool. */
export const inTransaction = <T>(pool: Pool, run: (tx: PoolClient) => Promise<T>): Promise<T> =>
  withClient(pool, (tx) => transact(tx, run));

const guarded = new WeakSet<Pool>();

/** An idle connection that drops makes its pool emit `error`, which ends the process if nobody listens; the pool replaces it by itself. */
export const surviveDrops = (pool: Pool): Pool => {
  if (!guarded.has(pool)) pool.on('error', () => undefined);
  guarded.add(pool);
  return pool;
};

const apply = async (pool: Pool, lib: string, steps: readonly string[]): Promise<void> =>
  inTransaction(surviveDrops(pool), async (tx) => {
    await tx.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    await tx.query(
      'CREATE TABLE IF NOT EXISTS kit_migrations (lib text NOT NULL, version integer NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (lib, version))',
    );
    const { rows } = await tx.query<{ version: number }>('SELECT version FROM kit_migrations WHERE lib = $1', [lib]);
    const applied = new Set(rows.map(({ version }) => version));
    for (const [index, step] of steps.entries()) {
      if (applied.has(index + 1)) continue;
      await tx.query(step);
      await tx.query('INSERT INTO kit_migrations (lib, version) VALUES ($1, $2)', [lib, index + 1]);
    }
  });

/** Once per pool while it succeeds, so that every consumer of a service may ask. */
export const migrateOnce = (lib: string, steps: readonly string[]): ((pool: Pool) => Promise<void>) => {
  const running = new WeakMap<Pool, Promise<void>>();
  return (pool) => {
    const known = running.get(pool) ?? apply(pool, lib, steps);
    running.set(pool, known);
    known.catch(() => running.delete(pool));
    return known;
  };
};
