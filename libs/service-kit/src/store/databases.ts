import { surviveDrops } from '@qiyue/database';
import { Pool, type PoolConfig } from 'pg';

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
  const pool = surviveDrops(new Pool({ connectionString: databaseUrl(serverUrl, 'postgres'), max: 1, connectionTimeoutMillis: 10_000 }));
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
  const pool = new Pool({ connectionString: url, idleTimeoutMillis: 10_000, ...rest });
  pool.on('error', onTrouble);
  return surviveDrops(pool);
};
