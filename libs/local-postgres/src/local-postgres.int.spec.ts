import { existsSync, mkdtempSync, rmSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { freePort, startPostgres } from './index';

const query = async (url: string, text: string): Promise<readonly Record<string, unknown>[]> => {
  const client = new Client({ connectionString: `${url}/postgres` });
  client.on('error', () => undefined); // a server that is killed tells the query, and its connection as well
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
};

describe('a local PostgreSQL', () => {
  const folders: string[] = [];
  const folder = (): string => {
    const made = mkdtempSync(join(tmpdir(), 'qiyue-pg-'));
    folders.push(made);
    return made;
  };
  afterAll(() => folders.forEach((one) => rmSync(one, { recursive: true, force: true })));

  test('keeps its data between starts', async () => {
    const dataDir = folder();
    const first = await startPostgres({ dataDir, password: 'a b/c@d' });
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.stop();
    const second = await startPostgres({ dataDir, password: 'a b/c@d' });
    expect(await query(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    await second.stop();
  }, 60_000);

  test('killed in the middle of its work and started again at once on the same port, it has what it acknowledged', async () => {
    const dataDir = folder();
    const first = await startPostgres({ dataDir, durable: false });
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    const asleep = query(first.url, 'SELECT pg_sleep(600)').catch(({ message }: Error) => message);
    const working = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'";
    while ((await query(first.url, working)).length === 0);
    await first.kill();
    const second = await startPostgres({ dataDir, durable: false, port: first.port });
    expect(await query(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    expect(await asleep).toMatch(/terminated|reset/i);
    await second.stop();
  }, 60_000);

  test('removes its data when it is not to persist', async () => {
    const dataDir = folder();
    const server = await startPostgres({ dataDir, persistent: false, durable: false });
    expect(existsSync(join(dataDir, 'pg'))).toBe(true);
    await server.stop();
    expect(existsSync(join(dataDir, 'pg'))).toBe(false);
  }, 60_000);

  test('a server left behind by a killed process is ended, and nothing acknowledged is lost', async () => {
    const dataDir = folder();
    const first = await startPostgres({ dataDir, durable: false });
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    // No stop: as if the process that started it had died.
    const second = await startPostgres({ dataDir, durable: false });
    expect(second.pid).not.toBe(first.pid);
    expect(await query(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    await second.stop();
  }, 60_000);

  test('a server that was killed comes back with what it had acknowledged', async () => {
    const dataDir = folder();
    const first = await startPostgres({ dataDir, durable: false });
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    process.kill(first.pid, 'SIGKILL');
    await first.stop();
    const second = await startPostgres({ dataDir, durable: false });
    expect(await query(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    await second.stop();
  }, 60_000);

  test('works in a folder that shuts other users out', async () => {
    const closed = folder();
    chmodSync(closed, 0o700);
    const server = await startPostgres({ dataDir: join(closed, 'inner'), persistent: false, durable: false });
    expect(await query(server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await server.stop();
  }, 60_000);

  test('takes no connection without the password', async () => {
    const server = await startPostgres({ dataDir: folder(), password: 'right', persistent: false, durable: false });
    await expect(query(server.url.replace('right', 'wrong'), 'SELECT 1')).rejects.toThrow(/password/);
    await server.stop();
  }, 60_000);
});

test('a free port is none that an outgoing connection may be given meanwhile', async () => {
  for (let times = 0; times < 20; times += 1) expect(await freePort()).toBeLessThan(32_768);
});
