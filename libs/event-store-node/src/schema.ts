import { Client } from 'pg';

// `stream` sorts bytewise ("C"), which is both faster and the same on every machine.
const SCHEMA = `
CREATE TABLE IF NOT EXISTS events (
  position   bigint  NOT NULL PRIMARY KEY,
  stream     text    COLLATE "C" NOT NULL,
  revision   bigint  NOT NULL,
  id         uuid    NOT NULL,
  type       text    COLLATE "C" NOT NULL,
  is_json    boolean NOT NULL,
  created_ms bigint  NOT NULL,
  data       bytea   NOT NULL,
  metadata   bytea   NOT NULL,
  CONSTRAINT events_stream_revision UNIQUE (stream, revision)
)`;

/** Connection option: every query is a range of an index, and a plan made while the table was small must not be a scan. */
export const INDEX_ONLY = '-c enable_seqscan=off -c enable_bitmapscan=off';

const DATABASE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,62}$/;

/** The URL of one database on the server that `postgresUrl` (without a database name) points to. */
export const databaseUrl = (postgresUrl: string, database: string): string => {
  if (!DATABASE_NAME.test(database)) throw new Error(`"${database}" cannot be a database name: up to 63 letters, digits, "_" and "-"`);
  const url = new URL(postgresUrl);
  url.pathname = `/${database}`;
  return url.toString();
};

const withClient = async <T>(url: string, work: (client: Client) => Promise<T>): Promise<T> => {
  const client = new Client({ connectionString: url });
  // Whatever was asked rejects as well; this only keeps a connection that breaks between two questions from ending the process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};

const errorCode = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** Makes the database unless it is there. Two nodes may do so at the same time. */
export const ensureDatabase = async (postgresUrl: string, database: string): Promise<void> => {
  databaseUrl(postgresUrl, database);
  await withClient(databaseUrl(postgresUrl, 'postgres'), async (client) => {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
    if (rowCount) return;
    try {
      await client.query(`CREATE DATABASE "${database}" TEMPLATE template0 ENCODING 'UTF8'`);
    } catch (error) {
      // 42P04 and 23505: another node was faster.
      if (!['42P04', '23505'].includes(errorCode(error) ?? '')) throw error;
    }
  });
};

/** Drops the database, closing whatever connections are left to it. */
export const dropDatabase = async (postgresUrl: string, database: string): Promise<void> => {
  databaseUrl(postgresUrl, database);
  await withClient(databaseUrl(postgresUrl, 'postgres'), (client) => client.query(`DROP DATABASE IF EXISTS "${database}" WITH (FORCE)`));
};

/** Makes the table unless it is there. Called by the one node that holds the writer's lock. */
export const ensureSchema = async (client: Client): Promise<void> => {
  const { rows } = await client.query<{ there: boolean }>(`SELECT to_regclass('events') IS NOT NULL AS there`);
  if (!rows[0]?.there) await client.query(SCHEMA);
};
