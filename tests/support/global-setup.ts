import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres, type LocalPostgres } from '../../libs/local-postgres/src';

declare global {
  var qiyueTestPostgres: LocalPostgres | undefined;
}

/** Starts one PostgreSQL for all integration suites, unless `QIYUE_TEST_POSTGRES_URL` names one that is up already. */
export default async (): Promise<void> => {
  if (process.env['QIYUE_TEST_POSTGRES_URL']) return;
  const server = await startPostgres({
    dataDir: mkdtempSync(join(tmpdir(), 'qiyue-test-')),
    persistent: false,
    durable: false,
    connectionsMax: 400,
  });
  globalThis.qiyueTestPostgres = server;
  process.env['QIYUE_TEST_POSTGRES_URL'] = server.url;
};
