import { Pool } from 'pg';
import { subscribe } from '@qiyue/event-store';
import { diffRebuild, replayOf, type AnyReadModel, type RebuildDiff } from '@qiyue/projections';
import { databaseUrl } from '../store/databases';
import type { TestPlatform } from './index';

/** Bytes as the text they may be, so that a search meets what is kept as bytes too. */
const readable = (_key: string, value: unknown): unknown => {
  const bytes = value as { readonly type?: unknown; readonly data?: unknown } | null;
  return bytes?.type === 'Buffer' && Array.isArray(bytes.data) ? Buffer.from(bytes.data as number[]).toString('utf8') : value;
};

/** Every row of every table that a test platform keeps, by `<database>.<table>`: event store, bus, vault, platform, and each service's own. */
export const everythingStored = async ({ node, env }: TestPlatform): Promise<ReadonlyMap<string, string>> => {
  const open = (database: string): Pool => new Pool({ connectionString: databaseUrl(node.postgresUrl, database), max: 1 });
  const server = open('postgres');
  const found = new Map<string, string>();
  try {
    const { rows: databases } = await server.query<{ datname: string }>(
      'SELECT datname FROM pg_database WHERE starts_with(datname, $1) OR datname = $2',
      [env['DATABASE_PREFIX'], node.database],
    );
    for (const { datname } of databases) {
      const pool = open(datname);
      try {
        const { rows: tables } = await pool.query<{ name: string }>(
          `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
        );
        for (const { name } of tables)
          found.set(`${datname}.${name}`, JSON.stringify((await pool.query(`SELECT * FROM ${name}`)).rows, readable));
      } finally {
        await pool.end();
      }
    }
  } finally {
    await server.end();
  }
  return found;
};

/** The tables that hold any of these words, in clear. */
export const tablesHolding = async (platform: TestPlatform, words: readonly string[]): Promise<readonly string[]> =>
  [...(await everythingStored(platform))].filter(([, text]) => words.some((word) => text.includes(word))).map(([name]) => name);

/** Compares the rows of a service's read model with a fresh fold of all events. */
export const freshFold = (platform: TestPlatform, service: string, model: AnyReadModel): Promise<RebuildDiff> => {
  const { process, services } = platform.platform.state;
  const runtime = services.find(({ definition }) => definition.name === service);
  if (runtime === undefined) throw new Error(`no service ${service} runs here`);
  return diffRebuild(
    {
      pool: runtime.pool,
      subscribe: (options) => subscribe({ client: process.client, ...options }),
      replay: replayOf(process.transport),
    },
    model,
  );
};
