import { Pool, type PoolClient, type PoolConfig } from 'pg';

/** The server's URL with a database in it. */
export const databaseUrl = (serverUrl: string, database: string): string => {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.toString();
};

const DUPLICATE_DATABASE = '42P04';
const UNIQUE_VIOLATION = '23505';

/** Creates the databases that do not exist yet; two processes may do so at once. */
export const ensureDatabases = async (serverUrl: string, names: readonly string[]): Promise<void> => {
  const pool = new Pool({ connectionString: databaseUrl(serverUrl, 'postgres'), max: 1 });
  try {
    const { rows } = await pool.query<{ datname: string }>('SELECT datname FROM pg_database WHERE datname = ANY($1)', [names]);
    const there = new Set(rows.map(({ datname }) => datname));
    for (const name of names.filter((one) => !there.has(one))) {
      await pool.query(`CREATE DATABASE "${name.replaceAll('"', '""')}"`).catch((fault: { code?: string }) => {
        if (fault.code !== DUPLICATE_DATABASE && fault.code !== UNIQUE_VIOLATION) throw fault;
      });
    }
  } finally {
    await pool.end();
  }
};

/** A pool whose idle connections may drop without ending the process. */
export const openPool = (url: string, options: PoolConfig & { readonly onTrouble: (fault: Error) => void }): Pool => {
  const { onTrouble, ...rest } = options;
  const pool = new Pool({ connectionString: url, idleTimeoutMillis: 10_000, connectionTimeoutMillis: 10_000, ...rest });
  pool.on('error', onTrouble);
  return pool;
};

/** Runs in one transaction; rolls back and throws on when it throws. */
export const inTransaction = async <T>(pool: Pool, run: (tx: PoolClient) => Promise<T>): Promise<T> => {
  const tx = await pool.connect();
  let broken: Error | undefined;
  // A connection that breaks while it is out emits `error`, which ends the process if nobody listens; the running query rejects as well.
  const onError = (fault: Error): void => void (broken = fault);
  tx.on('error', onError);
  try {
    await tx.query('BEGIN');
    const result = await run(tx);
    await tx.query('COMMIT');
    return result;
  } catch (fault) {
    await tx.query('ROLLBACK').catch(onError);
    throw fault;
  } finally {
    tx.removeListener('error', onError);
    tx.release(broken);
  }
};

// The lock every library takes before it changes tables: "kit" in hexadecimal ASCII.
const MIGRATION_LOCK = 0x6b6974;

/** Applies the steps that the database has not seen, in order; two pods may start at once. */
export const migrateKit = async (pool: Pool, lib: string, steps: readonly string[]): Promise<void> => {
  await inTransaction(pool, async (tx) => {
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
};
