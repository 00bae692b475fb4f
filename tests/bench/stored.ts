import { randomUUID } from 'node:crypto';
import { Pool } from 'pg';
import type { Parts } from './parts';

const data = (accountId: string): string =>
  `{"accountId":"' || ${accountId} || '","cause":"8.2.2","reason":"sealed:1:' || ${accountId} || ':AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","suspendedAt":"2026-03-02T02:00:00.000Z"}`;

const metadata = {
  schemaVersion: 1,
  correlationId: randomUUID(),
  causationId: randomUUID(),
  commandId: randomUUID(),
  fingerprint: 'b'.repeat(64),
  command: 'suspend',
  factsHash: 'c'.repeat(64),
  actor: { kind: 'officer', id: 'bench' },
  clause: '8.2.2',
  recordedAt: '2026-03-02T02:00:00.000Z',
  prevHash: 'd'.repeat(64),
  hash: 'e'.repeat(64),
};

/**
 * Fills a node's table with suspensions of as many accounts, one stream each, in the node's own format, the fast way: by PostgreSQL itself. For a node
 * that does not run; chain hashes are made up.
 */
const fill = async (parts: Parts, database: string, count: number): Promise<void> => {
  const pool = new Pool({ connectionString: `${parts.postgresUrl}/${database}`, max: 1 });
  await pool.query('SET synchronous_commit TO off');
  await pool.query(
    `INSERT INTO events (position, stream, revision, id, type, is_json, created_ms, data, metadata)
     SELECT last + g, 'standing-' || account, 0, gen_random_uuid(), 'AccountSuspended', true, 1772416800000,
       convert_to('${data('account')}', 'UTF8'), convert_to('${JSON.stringify(metadata)}', 'UTF8')
     FROM (SELECT coalesce(max(position), 0) AS last FROM events) AS head,
       LATERAL (SELECT g, gen_random_uuid()::text AS account FROM generate_series(1, $1::bigint) AS g WHERE last >= 0) AS made`,
    [count],
  );
  await pool.query('VACUUM ANALYZE events');
  await pool.end();
};

/** A database with a node's table, filled; no node runs on it yet. */
export const filledDatabase = async (parts: Parts, count: number): Promise<string> => {
  const node = await parts.node();
  await node.stop();
  await fill(parts, node.database, count);
  return node.database;
};
