import { randomBytes } from 'node:crypto';
import type { ServiceName } from '@qiyue/contracts';
import { rejections } from '@qiyue/decider';
import { AccountKeys, createPlatform, defineService, makeSigningKey, Tokens, type Platform, type PlatformOptions } from './index';
import { startTestNode } from '@qiyue/event-store-node/testing';
import { Gate, lampService } from './fixtures/lamp';
import { meterService, Outside } from './fixtures/meter';
import { startPlatform, type TestPlatform } from './testing';
import { request } from './testing/http';

const identityService = defineService({
  name: 'identity',
  title: 'Keeps the signing key',
  streams: lampService.streams.slice(1),
  commands: [],
  rejections: rejections('identity', {}),
});
const lines: string[] = [];
const logTo = { write: (line: string) => void lines.push(line) };
let identity: TestPlatform;
let lamps: Platform;
const outside: Outside = { tell: () => Promise.reject(new Error('Anna Secretname is not at home')) };

const envOf = (more: Record<string, string>): NonNullable<PlatformOptions['env']> => ({
  ...identity.env,
  DATABASE_PREFIX: `kit_${randomBytes(6).toString('hex')}_`,
  QIYUE_TEST_CLOCK: 'off',
  LOG_LEVEL: 'info',
  ...more,
});

beforeAll(async () => {
  identity = await startPlatform([identityService], { env: { QIYUE_TEST_CLOCK: 'off' } });
  lamps = await createPlatform({
    services: [lampService, meterService],
    logTo,
    ports: [{ provide: Outside, useValue: outside }],
    env: envOf({ AUTH_JWKS_URL: `${identity.platform.url}/identity/.well-known/jwks.json` }),
  });
}, 60_000);
afterAll(async () => {
  await lamps?.stop();
  await identity?.stop();
});

const post = (path: string, body: unknown, token?: string) => request(lamps.url, 'POST', path, body, token, {});
const get = (path: string, token?: string) => request(lamps.url, 'GET', path, undefined, token, {});
const customer = () => identity.as({ role: 'customer', sub: 'anna' });

describe('services in several processes', () => {
  test('public keys are there for anyone, and may be cached', async () => {
    const answer = await identity.get('/identity/.well-known/jwks.json');
    expect(answer.body).toEqual({ keys: [expect.objectContaining({ kty: 'OKP', crv: 'Ed25519', use: 'sig' })] });
    expect(answer.text).not.toContain('"d"');
    expect(answer.headers.get('cache-control')).toContain('max-age');
  });
  test('a token that identity issued is good in another process, which cannot issue any', async () => {
    expect((await post('/lamp/lamps', { owner: 'Anna Secretname' }, await customer())).status).toBe(201);
    await expect(lamps.get('lamp', Tokens).issue({ role: 'operator', sub: 'x' })).rejects.toThrow(/no signing key/);
  });
  test('a token of a key that identity does not publish is refused', async () => {
    const stranger = await createPlatform({ services: [identityService], env: envOf({ AUTH_SIGNING_KEY: makeSigningKey() }) });
    const { token } = await stranger.get('identity', Tokens).issue({ role: 'customer', sub: 'anna' });
    await stranger.stop();
    expect((await post('/lamp/lamps', { owner: 'Anna' }, token)).status).toBe(401);
  });
  test('there is no clock to move where there is no test clock', async () => {
    expect((await get('/clock', await identity.as('operator'))).status).toBe(404);
    expect((await post('/clock/advance', { byMs: 1 }, await identity.as('operator'))).status).toBe(404);
  });
  test('a configuration with faults starts nothing and tells them all', async () => {
    const start = createPlatform({ services: [lampService], env: { PORT: 'x', LAMP_COLOUR: '' } });
    await expect(start).rejects.toThrow(/PORT: .*\n.*POSTGRES_URL: is not set\n.*EVENT_STORE_URL: is not set\n.*VAULT_KEK: is not set/);
  });
  test('an event store that is away makes the process unready and unhelpful, not dead', async () => {
    const node = await startTestNode();
    const cut = await createPlatform({
      services: [lampService],
      env: envOf({
        AUTH_SIGNING_KEY: makeSigningKey(),
        EVENT_STORE_URL: node.connectionString,
        LOG_LEVEL: 'silent',
        REQUEST_TIMEOUT_MS: '20000',
      }),
    });
    try {
      const token = (await cut.get('lamp', Tokens).issue({ role: 'customer', sub: 'anna' })).token;
      await node.stop();
      expect(await request(cut.url, 'GET', '/readyz', undefined, undefined, {})).toMatchObject({
        status: 503,
        body: { status: 'unready', checks: { 'event-store': 'failed', 'database.lamp': 'ok' } },
      });
      expect((await request(cut.url, 'GET', '/livez', undefined, undefined, {})).status).toBe(200);
      const refused = await request(cut.url, 'POST', '/lamp/lamps', { owner: 'Anna' }, token, {});
      expect(refused).toMatchObject({ status: 503, body: { code: expect.stringMatching(/^(unavailable|timed-out)$/) } });
      expect(refused.headers.get('retry-after')).toBe('1');
    } finally {
      await cut.stop();
    }
  }, 60_000);
});

describe('a process that is stopping', () => {
  test('says so, sends whoever comes elsewhere, finishes what it has, and only then closes its port', async () => {
    let open: () => void = () => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    let arrive: () => void = () => undefined;
    const arrived = new Promise<void>((resolve) => (arrive = resolve));
    const busy = await createPlatform({
      services: [lampService],
      logTo,
      ports: [{ provide: Gate, useValue: { pass: () => (arrive(), opened) } }],
      env: envOf({ AUTH_JWKS_URL: `${identity.platform.url}/identity/.well-known/jwks.json` }),
    });
    const ask = async (method: string, path: string, body?: unknown) => request(busy.url, method, path, body, await customer(), {});
    const held = ask('GET', '/lamp/gate/slow');
    await arrived;
    const stopped = busy.stop();
    for (let times = 0; times < 2; times += 1) {
      expect(await ask('GET', '/readyz')).toMatchObject({ status: 503, body: { status: 'unready' } });
      expect((await ask('GET', '/livez')).status).toBe(200);
      const refused = await ask('POST', '/lamp/lamps', { owner: 'Anna' });
      expect(refused).toMatchObject({ status: 503, body: { code: 'unavailable', detail: 'this process is stopping' } });
      expect([refused.headers.get('retry-after'), refused.headers.get('connection')]).toEqual(['1', 'close']);
    }
    open();
    expect(await held).toMatchObject({ status: 200, body: { name: 'slow' } });
    await stopped;
    await expect(ask('GET', '/livez')).rejects.toThrow();
  });
});

describe('erasure', () => {
  test('when the key is destroyed, rows and events read as forgotten, with no row written again', async () => {
    const anna = await identity.as({ role: 'customer', sub: 'to-be-forgotten' });
    const { id } = (await post('/lamp/lamps', { owner: 'Anna Secretname' }, anna)).body as { id: string };
    await lamps.state.process.quiet.settle(20_000);
    expect((await get(`/lamp/lamps/${id}`, anna)).body.owner).toBe('Anna Secretname');
    await lamps.get('lamp', AccountKeys).destroy('to-be-forgotten');
    expect((await get(`/lamp/lamps/${id}`, anna)).body.owner).toBe('[forgotten]');
    expect((await get(`/lamp/audit/streams/lamp-${id}/verify`, await identity.as('auditor'))).body.ok).toBe(true);
    expect(await post('/lamp/lamps', { owner: 'Anna' }, anna)).toMatchObject({ status: 409, body: { code: 'account-erased' } });
  });
});

describe('the log', () => {
  test('it is JSON with the trace, and holds no name, body or token, even of what went wrong', async () => {
    const token = await customer();
    const { body, headers } = await post('/lamp/gate/x', { owner: 'Anna Secretname' }, await identity.as('operator'));
    expect(body.code).toBe('fault');
    await post('/lamp/lamps?secret=Anna', { owner: ['Anna Secretname'] }, token);
    const { id } = (await post('/lamp/lamps', { owner: 'Anna Secretname' }, token)).body as { id: string };
    await post(`/lamp/lamps/${id}/light`, { minutes: 1_000 }, token);
    await lamps.state.process.quiet.settle(20_000);
    const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(entries.find(({ traceId }) => traceId === headers.get('x-trace-id'))).toMatchObject({
      level: 50,
      msg: 'a request failed',
      route: '/lamp/gate/:name',
      err: { type: 'Error', at: expect.any(Array) },
    });
    expect(entries.find(({ msg }) => msg === 'a reaction is parked')).toMatchObject({
      service: 'meter',
      reaction: 'tell-outside-on-light-noted',
      err: { type: 'Error' },
    });
    expect(lines.join()).not.toMatch(/Secretname|eyJ|secret-of-the-inside/);
  });
});

test('a name that is no service has no providers', () =>
  expect(() => lamps.get('kettle' as ServiceName, Tokens)).toThrow(/no service kettle/));
