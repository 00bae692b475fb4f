import { setTimeout as pause } from 'node:timers/promises';
import { serviceNames } from '@qiyue/contracts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client as Postgres } from 'pg';
import { StubbornClient } from '../crash/stubborn-client';
import { root, startCluster, type Cluster, type ClusterOptions } from './cluster';
import { build } from '../support/build';

let cluster: Cluster;
let operator: string;

const until = async (isSo: () => Promise<boolean>): Promise<void> => {
  while (!(await isSo())) await pause(20);
};
const urlOf = (part: string): string => {
  const [, service = '', number] = /^(\w+)-(\d)$/.exec(part) ?? [];
  return cluster.urls[service]?.[Number(number) - 1] ?? '';
};
const logOf = (part: string): string => readFileSync(join(cluster.logDir, `${part}.log`), 'utf8');
const ofServices = (): readonly string[] => serviceNames.flatMap((name) => [`${name}-1`, `${name}-2`]);

/** How often each stream holds an event of a type, in the event store itself; of notices, those made by one template. */
const told = async (type: string, template?: string): Promise<ReadonlyMap<string, number>> => {
  const client = new Postgres({ connectionString: cluster.eventsUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ stream: string; times: number }>(
      `SELECT stream, count(*)::int AS times FROM events
       WHERE type = $1 AND ($2::text IS NULL OR convert_from(data, 'UTF8')::jsonb ->> 'template' = $2) GROUP BY stream`,
      [type, template],
    );
    return new Map(rows.map(({ stream, times }) => [stream, times]));
  } finally {
    await client.end();
  }
};

const post = (part: string, path: string, body: unknown, token?: string): Promise<Response> =>
  fetch(`${urlOf(part)}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  });

/** What two processes of every service hold to, on either bus. */
export const standAsTwo = (bus: Pick<ClusterOptions, 'bus' | 'kafkaBrokers'>): void => {
  beforeAll(async () => {
    build();
    // Twelve processes at the same instant, on a PostgreSQL that holds nothing.
    cluster = await startCluster({
      ...bus,
      replicas: 2,
      // kafkajs waits for a negative time now and then, harmlessly, and Node says so.
      env: { LOG_LEVEL: 'info', NODE_OPTIONS: '--disable-warning=TimeoutNegativeWarning' },
    });
    const { name, password } = cluster.staff.find(({ role }) => role === 'operator')!;
    const session = (await (await post('identity-1', '/identity/staff-sessions', { name, password })).json()) as { accessToken: string };
    operator = session.accessToken;
    const text = readFileSync(join(root, 'libs/agreement/sample/user-agreement.zh.txt'), 'utf8');
    expect((await post('compliance-1', '/compliance/agreements', { agreementVersion: '2026-01', text }, operator)).status).toBe(201);
    // Nobody can register before identity has heard of the agreement.
    const first = { email: 'first@example.com', password: 'drei-Katzen-7' };
    await until(async () => (await post('identity-1', '/identity/accounts', first)).status === 201);
  }, 600_000);
  afterAll(() => cluster?.stop(), 120_000);

  describe('two processes of every service', () => {
    test('come up when all start at once on empty databases, each at its first try', () => {
      const lines = ofServices().flatMap((part) =>
        logOf(part)
          .trimEnd()
          .split('\n')
          .map((line) => `${part}: ${line}`),
      );
      expect(lines.filter((line) => line.includes('"msg":"started"'))).toHaveLength(12);
      // What is no JSON is what a process said that could not start.
      expect(lines.filter((line) => !/^[\w-]+: \{.*"level":(30|40),.*\}$/.test(line))).toEqual([]);
    });
    test('sign with one key, whoever was first to make it', async () => {
      const [one, other] = await Promise.all(
        ['identity-1', 'identity-2'].map(async (part) => (await fetch(`${urlOf(part)}/identity/.well-known/jwks.json`)).json()),
      );
      expect(one).toEqual(other);
    });
  });

  describe('a process that is told to stop while requests come in', () => {
    const gone = async (part: string): Promise<void> => {
      const before = logOf(part).length;
      expect({ part, code: await cluster.part(part).stop() }).toEqual({ part, code: 0 });
      expect(logOf(part).slice(before)).not.toContain('stopping took too long');
    };

    test('answers all it has taken, says meanwhile that it is not ready, and ends with 0', async () => {
      const statuses: number[] = [];
      const crowd = Array.from({ length: 30 }, async (_, at) => {
        const answer = await post('identity-1', '/identity/accounts', { email: `held-${at}@example.com`, password: 'drei-Katzen-7' });
        statuses.push(answer.status);
      });
      await until(async () => {
        const metrics = await (await fetch(`${urlOf('identity-1')}/metrics`)).text();
        return Number(/^qiyue_http_requests_in_flight (\d+)/m.exec(metrics)?.[1]) > 10;
      });
      const answeredBefore = statuses.length;
      const ended = gone('identity-1');
      const readiness = new Set<number>();
      for (let open = true; open;)
        open = await fetch(`${urlOf('identity-1')}/readyz`, { headers: { connection: 'close' } }).then(
          ({ status }) => readiness.add(status) !== undefined,
          () => false,
        );
      // A request that is cut off rejects here.
      await Promise.all(crowd);
      await ended;
      expect(readiness).toContain(503);
      expect(statuses.filter((status) => status !== 201 && status !== 503)).toEqual([]);
      expect(statuses.slice(answeredBefore)).toContain(201);
      const accounts = await told('AccountRegistered');
      expect(accounts.size - 1).toBe(statuses.filter((status) => status === 201).length);
      await cluster.part('identity-1').start();
    }, 300_000);

    test('loses and doubles nothing: what fails is sent again to the other with the same key, and happens once', async () => {
      const insistent = new StubbornClient(cluster.urls, 120_000);
      const strange: string[] = [];
      const given = async (path: string, body: unknown, token?: string): Promise<void> => {
        const answer = await insistent.call('POST', path, { body, token });
        if (answer.status >= 300) strange.push(`${path}: ${answer.status} ${String(answer.body?.code)}`);
      };
      const registeredBefore = (await told('AccountRegistered')).size;
      let isOver = false;
      const codes: string[] = [];
      const emails: string[] = [];
      const lane = async (at: number): Promise<void> => {
        for (let number = 0; !isOver; number += 1) {
          const code = `voucher-${at}-${number}`;
          const body = { code, accountId: 'someone', amountMinor: 100, currency: 'CNY', validUntil: '2030-01-01T00:00:00Z' };
          await given('/order/vouchers', body, operator);
          codes.push(code);
          if (at > 1 || number % 10 > 0) continue;
          const email = `crowd-${at}-${number}@example.com`;
          await given('/identity/accounts', { email, password: 'drei-Katzen-7' });
          emails.push(email);
        }
      };
      const lanes = Array.from({ length: 8 }, (_, at) => lane(at));
      try {
        for (const part of ['order-1', 'identity-2', 'notification-1', 'order-2', 'order-1', 'identity-1', 'notification-2']) {
          await pause(300);
          await gone(part);
          await pause(100);
          await cluster.part(part).start();
        }
      } finally {
        isOver = true;
      }
      await Promise.all(lanes);

      expect([...strange, ...insistent.faults]).toEqual([]);
      expect(insistent.again).toBeGreaterThan(0);
      const vouchers = await told('VoucherIssued');
      expect(vouchers).toEqual(new Map(codes.map((code) => [`voucher-${code}`, 1])));
      const accounts = await told('AccountRegistered');
      expect([accounts.size, new Set(accounts.values())]).toEqual([registeredBefore + emails.length, new Set([1])]);
      // Across the bus as well: each account's address got the one notice with its code.
      await until(async () => (await Promise.all(emails.map((email) => cluster.mailTo(email)))).every((text) => text !== ''));
      for (const part of ofServices()) await gone(part);
      const notices = await told('NoticeComposed', 'EmailCodeIssued');
      expect([notices.size, new Set(notices.values())]).toEqual([accounts.size, new Set([1])]);
      expect(cluster.ended).toEqual([]);
    }, 600_000);
  });
};
