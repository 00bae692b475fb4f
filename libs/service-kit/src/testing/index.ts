import { randomBytes } from 'node:crypto';
import { Pool } from 'pg';
import { startTestNode, type TestNode } from '@qiyue/event-store-node/testing';
import type { Claims } from '../auth/tokens';
import type { ServiceDefinition } from '../declare/service';
import type { PortToken } from '../declare/reaction';
import type { Role } from '../http/caller';
import { createPlatform, type Platform, type PlatformOptions } from '../run/platform';
import type { Settled } from '../run/quiet';
import { advance } from '../run/time-travel';
import { databaseUrl } from '../store/databases';
import { request, type Answer, type RequestOptions } from './http';

export type { Answer, RequestOptions } from './http';
export { factTeller, type FactTeller } from './facts';
export { everyone } from './roles';
export { everythingStored, freshFold, tablesHolding } from './stored';

export interface TestPlatformOptions extends Pick<PlatformOptions, 'ports' | 'logTo' | 'openTransport'> {
  /** Where the test clock stands at first; 2026-03-02T02:00:00.000Z, a Monday morning in China, unless told. */
  readonly at?: string;
  /** Settings beside or instead of the usual ones of tests. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Who a request comes from: a role, with whatever id; or the claims of a token. Nobody sends no token. */
export type As = Role | Claims | 'nobody';

/** Real services on real parts, on databases of their own and a clock that stands still. */
export interface TestPlatform {
  readonly platform: Platform;
  readonly node: TestNode;
  /** Settings it was started with; start a second one with them for a second pod. */
  readonly env: Readonly<Record<string, string>>;
  /** A token: `as('operator')`, `as({ role: 'customer', sub: accountId })`. */
  as(who: Exclude<As, 'nobody'>): Promise<string>;
  get(path: string, options?: RequestOptions): Promise<Answer>;
  post(path: string, body?: unknown, options?: RequestOptions): Promise<Answer>;
  put(path: string, body?: unknown, options?: RequestOptions): Promise<Answer>;
  patch(path: string, body?: unknown, options?: RequestOptions): Promise<Answer>;
  delete(path: string, body?: unknown, options?: RequestOptions): Promise<Answer>;
  /** Waits until everything is quiet. Throws when it does not become so, or when something is parked and that is not allowed. */
  settle(options?: { readonly allowParked?: boolean }): Promise<Settled>;
  /** Moves the clock through every deadline up to an instant, and settles. */
  advanceTo(instant: string, options?: { readonly allowParked?: boolean }): Promise<void>;
  now(): string;
  /** A provider of a service: a scripted gateway, say. */
  port<T>(service: string, token: PortToken<T>): T;
  /** Stops the services and starts them again on the same data. */
  restart(): Promise<void>;
  /** Stops everything and drops the databases. */
  stop(): Promise<void>;
}

/** Waits until nobody is connected any more: a pool that has ended may still be taking leave, and to be thrown out just then ends the process that tests run in. */
const nobodyConnected = async (pool: Pool, prefix: string, patienceMs = 5_000): Promise<void> => {
  for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += 20) {
    const { rowCount } = await pool.query('SELECT 1 FROM pg_stat_activity WHERE starts_with(datname, $1) LIMIT 1', [prefix]);
    if (rowCount === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

const dropDatabases = async (postgresUrl: string, prefix: string): Promise<void> => {
  const pool = new Pool({ connectionString: databaseUrl(postgresUrl, 'postgres'), max: 1 });
  try {
    await nobodyConnected(pool, prefix);
    const { rows } = await pool.query<{ datname: string }>('SELECT datname FROM pg_database WHERE starts_with(datname, $1)', [prefix]);
    for (const { datname } of rows) await pool.query(`DROP DATABASE "${datname}" WITH (FORCE)`);
  } finally {
    await pool.end();
  }
};

const refuseTrouble = ({ quiet, busy, parked }: Settled, allowParked: boolean): void => {
  if (!quiet) throw new Error(`not quiet in time: ${busy.join(', ')}`);
  if (!allowParked && parked.length > 0) throw new Error(`parked: ${parked.join(' · ')}`);
};

const environment = (node: TestNode, prefix: string, more: Readonly<Record<string, string>>): Readonly<Record<string, string>> => ({
  PORT: '0',
  POSTGRES_URL: node.postgresUrl,
  DATABASE_PREFIX: prefix,
  EVENT_STORE_URL: node.connectionString,
  VAULT_KEK: Buffer.alloc(32, 7).toString('base64'),
  QIYUE_TEST_CLOCK: 'frozen',
  LOG_LEVEL: process.env['QIYUE_TEST_LOG'] ?? 'silent',
  REACTION_BACKOFF_MS: '5',
  REACTION_ATTEMPTS_MAX: '3',
  DEADLINE_POLL_MS: '50',
  ...more,
});

/** Starts services for an integration suite on the PostgreSQL that `QIYUE_TEST_POSTGRES_URL` names. */
export const startPlatform = async (services: readonly ServiceDefinition[], options: TestPlatformOptions = {}): Promise<TestPlatform> => {
  const { at = '2026-03-02T02:00:00.000Z', env: more = {}, ...rest } = options;
  const node = await startTestNode();
  const prefix = `kit_${randomBytes(6).toString('hex')}_`;
  const env = environment(node, prefix, { QIYUE_TEST_CLOCK_START: at, ...more });
  const start = (): Promise<Platform> => createPlatform({ services, env, ...rest });
  let platform: Platform;
  try {
    platform = await start();
  } catch (fault) {
    await node.stop();
    await dropDatabases(node.postgresUrl, prefix);
    throw fault;
  }
  const shared = (): Platform['state']['process'] => platform.state.process;
  const as: TestPlatform['as'] = async (who) =>
    (await shared().tokens.issue(typeof who === 'string' ? { role: who, sub: `${who}-1` } : who)).token;
  const send =
    (method: string) =>
    async (path: string, body?: unknown, sent: RequestOptions = {}): Promise<Answer> => {
      const token = sent.as === undefined || sent.as === 'nobody' ? undefined : await as(sent.as);
      return request(platform.url, method, path, body, token, sent);
    };
  const settle: TestPlatform['settle'] = async ({ allowParked = false } = {}) => {
    const settled = await shared().quiet.settle(shared().config.settleTimeoutMs);
    refuseTrouble(settled, allowParked);
    return settled;
  };
  return {
    get platform() {
      return platform;
    },
    node,
    env,
    as,
    settle,
    get: (path, sent) => send('GET')(path, undefined, sent),
    post: send('POST'),
    put: send('PUT'),
    patch: send('PATCH'),
    delete: send('DELETE'),
    advanceTo: async (instant, { allowParked = false } = {}) => {
      const { testClock, quiet, config } = shared();
      if (testClock === undefined) throw new Error('there is no test clock');
      refuseTrouble(
        await advance(
          { clock: testClock, settle: () => quiet.settle(config.settleTimeoutMs), nextDue: () => platform.state.nextDue() },
          Date.parse(instant),
        ),
        allowParked,
      );
    },
    now: () => shared().clock.now(),
    port: (service, token) => platform.get(service, token),
    restart: async () => {
      await platform.stop();
      platform = await start();
    },
    stop: async () => {
      await platform.stop();
      await node.stop();
      await dropDatabases(node.postgresUrl, prefix);
    },
  };
};
