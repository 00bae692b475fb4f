import autocannon from 'autocannon';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from '../support/build';
import { ended, start, type Started } from '../support/own-process';

/** Small, so that a flood is soon one. */
const limits = {
  REQUESTS_MAX: '30',
  RECEIVE_TIMEOUT_MS: '2000',
  IDENTITY_HASHES_MAX: '1',
  IDENTITY_HASHES_WAITING_MAX: '4',
};
/** What the process may have grown by when the floods are over. To keep the bodies that were sent would take five times as much. */
const GROWTH_MAX_BYTES = 128 * 1024 * 1024;

let dataDir: string;
let qiyue: Started;
let token: string;
let afterWarmUp: number;

const get = (path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> => fetch(`${qiyue.url}${path}`, { headers });
const post = (path: string, body: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  fetch(`${qiyue.url}${path}`, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
const memory = async (): Promise<number> => Number(/^process_resident_memory_bytes (\S+)/m.exec(await (await get('/metrics')).text())?.[1]);
const health = async (): Promise<readonly number[]> =>
  Promise.all(['/livez', '/readyz', '/metrics'].map(async (path) => (await get(path)).status));

/** Sixty at a time, within the limit and beyond it. A refusal may come, and the connection go, before all of a body is sent. */
const largeBodies = async (): Promise<readonly Response[]> => {
  const sizes = [250_000, 300_000, 2_000_000];
  const bodies = Array.from({ length: 60 }, (_, at) => JSON.stringify({ email: 'x'.repeat(sizes[at % sizes.length] ?? 0) }));
  const answers = await Promise.allSettled(bodies.map((body) => post('/identity/accounts', body)));
  return answers.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
};

/** Statuses of answers, and whether each 503 is the problem it should be. */
const judged = async (answers: readonly Response[]): Promise<readonly number[]> => {
  for (const answer of answers.filter(({ status }) => status === 503)) {
    expect([answer.headers.get('retry-after'), answer.headers.get('content-type')]).toEqual([
      '1',
      'application/problem+json; charset=utf-8',
    ]);
    expect(await answer.json()).toMatchObject({ status: 503, code: 'overloaded' });
  }
  return [...new Set(answers.map(({ status }) => status))].sort();
};

beforeAll(async () => {
  build();
  dataDir = mkdtempSync(join(tmpdir(), 'qiyue-flood-'));
  qiyue = await start(dataDir, limits);
  const session = await post('/identity/staff-sessions', JSON.stringify({ name: 'operator', password: qiyue.password }));
  ({ accessToken: token } = (await session.json()) as { accessToken: string });
  // A little of everything, so that what the process needs for its work once and for all is there.
  await autocannon({ url: `${qiyue.url}/order/price-lists`, connections: 100, amount: 2_000 });
  for (let round = 0; round < 4; round += 1) await largeBodies();
  afterWarmUp = await memory();
}, 600_000);
afterAll(async () => {
  qiyue.child.kill('SIGTERM');
  await ended(qiyue.child);
  rmSync(dataDir, { recursive: true, force: true });
}, 60_000);

describe('a flood', () => {
  test('of quick requests is answered, each one: with what was asked for, or 503; health answers throughout', async () => {
    const flood = autocannon({ url: `${qiyue.url}/order/price-lists`, connections: 150, amount: 4_000 });
    const asked = await health();
    const { statusCodeStats = {}, errors, timeouts } = await flood;
    expect([asked, errors, timeouts]).toEqual([[200, 200, 200], 0, 0]);
    expect(Object.keys(statusCodeStats).sort()).toEqual(['200', '503']);
    expect(Object.values(statusCodeStats).reduce((sum, { count = 0 }) => sum + count, 0)).toBe(4_000);
    expect((await get('/order/price-lists')).status).toBe(200);
  });

  test('of bodies that never end takes the places there are and no more; they are given back when the time to send is over', async () => {
    const { port } = new URL(qiyue.url);
    const head = `POST /identity/accounts HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{`;
    const slow = Array.from({ length: 60 }, async () => {
      const socket = createConnection(Number(port), '127.0.0.1').on('error', () => undefined);
      socket.write(head);
      let text = '';
      for await (const chunk of socket) text += (chunk as Buffer).toString();
      return text;
    });
    expect(await health()).toEqual([200, 200, 200]);
    const answers = await Promise.all(slow);
    const [kept, refused] = [/^HTTP\/1\.1 408 .*"code":"too-slow"/s, /^HTTP\/1\.1 503 .*retry-after: 1.*"code":"overloaded"/s];
    expect([answers.filter((text) => kept.test(text)).length, answers.filter((text) => refused.test(text)).length]).toEqual([30, 30]);
    expect((await get('/order/price-lists')).status).toBe(200);
  });

  test('of large bodies is refused one by one, whether they are within the limit or beyond', async () => {
    for (let round = 0; round < 12; round += 1) {
      const statuses = await judged(await largeBodies());
      expect(statuses.filter((status) => ![413, 422, 503].includes(status))).toEqual([]);
    }
    expect(await health()).toEqual([200, 200, 200]);
  });

  test('of wrong passwords waits in a short line or is sent away, and holds nobody else up (3.2)', async () => {
    const logIn = (email: string): Promise<Response> => post('/identity/sessions', JSON.stringify({ email, password: 'wrong' }));
    const flood = Promise.all(Array.from({ length: 25 }, (_, at) => logIn(`nobody-${at}@example.com`)));
    const others = await Promise.all(Array.from({ length: 4 }, () => get('/order/price-lists')));
    expect(await judged(await flood)).toEqual([403, 503]);
    expect(others.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });

  test('of one and the same command leaves one event', async () => {
    const version = `flood-${randomUUID()}`;
    const products = [{ sku: 'waf-std', name: 'WAF', unitPriceMinor: 1, thirdPartyContent: false, termMonths: 1 }];
    const body = JSON.stringify({ version, currency: 'CNY', products });
    const headers = { authorization: `Bearer ${token}`, 'idempotency-key': version };
    const statuses: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const answers = await Promise.all(Array.from({ length: 60 }, () => post('/order/price-lists', body, headers)));
      statuses.push(...answers.map(({ status }) => status));
    }
    expect([...new Set(statuses)].filter((status) => ![200, 201, 409, 503].includes(status))).toEqual([]);
    expect((await post('/order/price-lists', body, headers)).headers.get('idempotency-replayed')).toBe('true');
    const page = (await (await get('/order/price-lists?limit=100')).json()) as { items: readonly { priceListVersion: string }[] };
    const { revision } = (await (await post('/order/price-lists', body, headers)).json()) as { revision: string };
    expect([revision, page.items.filter(({ priceListVersion }) => priceListVersion === version).length <= 1]).toEqual(['0', true]);
  });

  test('leaves the process about as large as it was', async () => {
    expect(await health()).toEqual([200, 200, 200]);
    expect((await memory()) - afterWarmUp).toBeLessThan(GROWTH_MAX_BYTES);
  });
});
