import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { SignJWT } from 'jose';
import { generateKeyPairSync } from 'node:crypto';
import { Gate, lampService } from './fixtures/lamp';
import { startPlatform, type RequestOptions, type TestPlatform } from './testing';

const [anna, bert] = ['0b7f6f0e-0000-4000-8000-00000000000a', '0b7f6f0e-0000-4000-8000-00000000000b'];
const asAnna = { as: { role: 'customer', sub: anna } } as const;
const asBert = { as: { role: 'customer', sub: bert } } as const;
const hex32 = /^[0-9a-f]{32}$/;
let qiyue: TestPlatform;
let lampId: string;
const gates = new Map<string, () => void>();
const gate: Gate = { pass: (name) => (name === 'open' ? Promise.resolve() : new Promise<void>((resolve) => gates.set(name, resolve))) };

beforeAll(async () => {
  qiyue = await startPlatform([lampService], {
    ports: [{ provide: Gate, useValue: gate }],
    env: { REQUESTS_MAX: '20', REQUEST_TIMEOUT_MS: '1500' },
  });
  lampId = (await qiyue.post('/lamp/lamps', { owner: 'Anna' }, asAnna)).body.id;
  await qiyue.settle();
}, 60_000);
afterAll(() => qiyue?.stop());

describe('commands over HTTP', () => {
  test('something new is answered 201 with the revision as its ETag, something old 200', async () => {
    const placed = await qiyue.post('/lamp/lamps', { owner: 'Anna' }, asAnna);
    expect(placed).toMatchObject({
      status: 201,
      revision: '0',
      body: { revision: '0', replayed: false, events: [{ type: 'LampPlaced' }] },
    });
    const lit = await qiyue.post(`/lamp/lamps/${placed.body.id}/light`, { minutes: 5 }, asAnna);
    expect(lit).toMatchObject({ status: 200, revision: '1', body: { id: placed.body.id, events: [{ type: 'LampLit' }] } });
    expect(await qiyue.post(`/lamp/lamps/${placed.body.id}/light`, { minutes: 5 }, asAnna)).toMatchObject({
      status: 200,
      revision: '1',
      body: { events: [] },
    });
  });
  test('a refusal carries code, clause, agreement version, details and trace', async () => {
    const {
      body: { id },
    } = await qiyue.post('/lamp/lamps', { owner: 'Anna' }, asAnna);
    await qiyue.post(`/lamp/lamps/${id}/light`, { minutes: 1 }, asAnna);
    await qiyue.settle();
    await qiyue.advanceTo('2026-03-02T02:01:00.000Z');
    const refused = await qiyue.post(`/lamp/lamps/${id}/light`, { minutes: 1 }, asAnna);
    expect(refused.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(refused).toMatchObject({
      status: 409,
      body: {
        type: 'urn:qiyue:problem:lamp-burnt-out',
        title: 'The lamp has burnt out.',
        status: 409,
        code: 'lamp-burnt-out',
        clause: '2.2.5',
        agreementVersion: '2026-01',
        instance: `/lamp/lamps/${id}/light`,
        traceId: expect.stringMatching(hex32),
        lampId: id,
      },
    });
  });
  test('If-Match lets a command through only at its revision', async () => {
    const {
      body: { id },
    } = await qiyue.post('/lamp/lamps', { owner: 'Anna' }, asAnna);
    const light = (etag: string) => qiyue.post(`/lamp/lamps/${id}/light`, { minutes: 5 }, { ...asAnna, headers: { 'if-match': etag } });
    expect(await light('"7"')).toMatchObject({ status: 412, body: { code: 'revision-mismatch' } });
    expect(await light('nonsense')).toMatchObject({ status: 412, body: { code: 'revision-mismatch' } });
    expect(await light('"0"')).toMatchObject({ status: 200, revision: '1' });
    expect(await light('"0"')).toMatchObject({ status: 412 });
  });
  test("a caller's trace goes on, and into the stored events", async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const placed = await qiyue.post(
      '/lamp/lamps',
      { owner: 'Anna' },
      { ...asAnna, headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01`, 'x-correlation-id': 'story-7' } },
    );
    expect(placed.headers.get('x-trace-id')).toBe(traceId);
    const { body } = await qiyue.get(`/lamp/audit/streams/lamp-${placed.body.id}`, { as: 'auditor' });
    expect(body.events[0].metadata).toMatchObject({
      traceparent: expect.stringContaining(traceId),
      correlationId: 'story-7',
      actor: { kind: 'customer', id: anna },
      recordedAt: qiyue.now(),
    });
  });
  test('a trace that cannot be read is replaced', async () => {
    const answer = await qiyue.get('/lamp/gate/open', {
      headers: { traceparent: '00-00000000000000000000000000000000-00f067aa0ba902b7-01' },
    });
    expect(answer.headers.get('x-trace-id')).toMatch(hex32);
    expect(answer.headers.get('x-trace-id')).not.toBe('0'.repeat(32));
  });
});

describe('bad input is never a fault', () => {
  const nested = `${'['.repeat(200)}${']'.repeat(200)}`;
  const table: readonly (readonly [string, number, string, RequestOptions])[] = [
    ['JSON that ends early', 400, 'malformed', { raw: '{"owner":' }],
    ['no object', 422, 'invalid', { raw: '[1]' }],
    ['null', 422, 'invalid', { raw: 'null' }],
    ['an empty body', 422, 'invalid', { raw: '' }],
    ['bytes that are not UTF-8', 400, 'malformed', { raw: new Uint8Array([0x7b, 0x22, 0x6f, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d]) }],
    ['a lone surrogate', 400, 'malformed', { raw: '{"owner":"\\ud800"}' }],
    ['a NUL', 400, 'malformed', { raw: '{"owner":"a\\u0000b"}' }],
    ['a prototype', 400, 'malformed', { raw: '{"owner":"a","__proto__":{"isAdmin":true}}' }],
    ['a constructor', 400, 'malformed', { raw: '{"owner":"a","constructor":{"prototype":{}}}' }],
    ['nesting without end', 400, 'malformed', { raw: `{"owner":${nested}}` }],
    [
      'another media type',
      415,
      'unsupported-media-type',
      { raw: 'owner=a', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    ],
    ['text', 415, 'unsupported-media-type', { raw: 'a', headers: { 'content-type': 'text/plain' } }],
    ['more than the limit', 413, 'too-large', { raw: JSON.stringify({ owner: 'x'.repeat(300_000) }) }],
    ['a key with a space', 400, 'idempotency-key-invalid', { raw: '{"owner":"a"}', key: 'a b' }],
    ['a key that is too long', 400, 'idempotency-key-invalid', { raw: '{"owner":"a"}', key: 'k'.repeat(201) }],
  ];
  test.each(table)('%s is %i %s', async (_name, status, code, options) => {
    expect(await qiyue.post('/lamp/lamps', undefined, { ...asAnna, ...options })).toMatchObject({
      status,
      body: { code, status, traceId: expect.stringMatching(hex32) },
    });
  });
  test.each([
    ['a missing field', {}, ['/owner']],
    ['a field of another type', { owner: 5 }, ['/owner']],
    ['an unknown field', { owner: 'a', admin: true }, ['/admin']],
    ['two faults', { owner: '', other: 1 }, ['/other', '/owner']],
  ])('%s is told with its pointer', async (_name, body, pointers) => {
    const { status, body: problem } = await qiyue.post('/lamp/lamps', body, asAnna);
    expect({ status, pointers: [...new Set(problem.errors.map(({ pointer }: { pointer: string }) => pointer))].sort() }).toEqual({
      status: 422,
      pointers,
    });
  });
  test('a fault never repeats what was sent', async () =>
    expect((await qiyue.post('/lamp/lamps', { owner: ['hunter2'] }, asAnna)).text).not.toContain('hunter2'));
  test.each([
    '/lamp/lamps/%00',
    '/lamp/lamps/a%00b/x',
    '/lamp/lamps/%ff',
    '/lamp/lamps/%ED%A0%80',
    '/%',
    '/lamp/lamps?after=%00',
    '/lamp/lamps?limit=0',
    '/lamp/lamps?limit=9999',
    '/lamp/lamps?limit=x',
    '/lamp/lamps?after=nonsense',
    '/lamp/lamps?limit=1&limit=2',
    '/lamp/lamps?order=x',
    `/lamp/lamps/${'x'.repeat(1000)}`,
  ])('GET %s is a problem of the caller', async (path) => {
    const answer = await qiyue.get(path, { as: 'operator' });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });
  test.each(["1'; DROP TABLE lamps; --", '-', '.', '..', '$all', '%20', 'é', 'x'.repeat(129)])(
    'an id like %j names nothing',
    async (id) => {
      expect(await qiyue.post(`/lamp/lamps/${encodeURIComponent(id)}/light`, { minutes: 1 }, asAnna)).toMatchObject({ status: 404 });
    },
  );
  test('a route that is not there is a 404 problem', async () =>
    expect(await qiyue.get('/lamp/nothing', { as: 'operator' })).toMatchObject({
      status: 404,
      body: { code: 'not-found', instance: '/lamp/nothing' },
    }));
  test('a fault of ours is a 500 without its inside', async () => {
    const answer = await qiyue.post('/lamp/gate/open', {}, { as: 'operator' });
    expect(answer).toMatchObject({ status: 500, body: { code: 'fault', traceId: expect.stringMatching(hex32) } });
    expect(answer.text).not.toContain('secret-of-the-inside');
  });
  test('half a request is closed, not answered with a fault', async () => {
    const { port } = new URL(qiyue.platform.url);
    const socket = connect(Number(port), '127.0.0.1');
    const answer = new Promise<string>((resolve) => socket.on('data', (data) => resolve(data.toString())).on('close', () => resolve('')));
    socket.write('NONSENSE\r\n\r\n');
    expect(await answer).toMatch(/^(HTTP\/1\.1 400|$)/);
  });
});

describe('who may', () => {
  test('without a token there is a challenge', async () =>
    expect((await qiyue.get('/lamp/lamps')).headers.get('www-authenticate')).toBe('Bearer'));
  test("a customer is told that somebody else's thing does not exist", async () => {
    expect(await qiyue.get(`/lamp/lamps/${lampId}`, asBert)).toMatchObject({ status: 404, body: { code: 'not-found' } });
    expect(await qiyue.post(`/lamp/lamps/${lampId}/light`, { minutes: 1 }, asBert)).toMatchObject({
      status: 404,
      body: { code: 'lamp-missing' },
    });
    expect((await qiyue.get('/lamp/lamps', asBert)).body.items).toEqual([]);
  });

  const bearer = (token: string) => qiyue.get('/lamp/lamps', { headers: { authorization: `Bearer ${token}` } });
  const forged = async (changes: {
    alg?: string;
    exp?: number;
    iss?: string;
    aud?: string;
    role?: string;
    key?: Parameters<SignJWT['sign']>[0];
  }) => {
    const now = Math.floor(Date.parse(qiyue.now()) / 1000);
    const { privateKey } = generateKeyPairSync('ed25519');
    return new SignJWT({ role: changes.role ?? 'operator' })
      .setProtectedHeader({ alg: changes.alg ?? 'EdDSA' })
      .setSubject('x')
      .setIssuer(changes.iss ?? 'qiyue')
      .setAudience(changes.aud ?? 'qiyue')
      .setIssuedAt(now)
      .setExpirationTime(changes.exp ?? now + 60)
      .sign(changes.key ?? privateKey);
  };
  test('a token of another key, algorithm or none is refused', async () => {
    expect((await bearer(await forged({}))).status).toBe(401);
    expect((await bearer(await forged({ alg: 'HS256', key: new TextEncoder().encode('k'.repeat(32)) }))).status).toBe(401);
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"sub":"x","role":"operator"}').toString('base64url')}.`;
    expect((await bearer(none)).status).toBe(401);
    for (const junk of ['x', '..', 'a.b.c', 'é']) expect((await bearer(encodeURIComponent(junk))).status).toBe(401);
    expect((await qiyue.get('/lamp/lamps', { headers: { authorization: 'Basic eDp5' } })).status).toBe(401);
  });
  test('a token whose payload was changed is refused', async () => {
    const [head, payload, signature] = (await qiyue.as('customer')).split('.') as [string, string, string];
    const changed = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(payload, 'base64url').toString()), role: 'operator' })).toString(
      'base64url',
    );
    expect((await bearer(`${head}.${changed}.${signature}`)).status).toBe(401);
  });
  test('an invalid token is refused on public routes as well', async () =>
    expect((await qiyue.get('/lamp/gate/open', { headers: { authorization: 'Bearer x' } })).status).toBe(401));
});

describe('limits', () => {
  test('more requests at a time than allowed are answered 503, health is not', async () => {
    const held = Array.from({ length: 20 }, (_, index) => qiyue.get(`/lamp/gate/held-${index}`));
    await until(() => gates.size >= 20);
    const refused = await qiyue.get('/lamp/gate/open');
    expect(refused).toMatchObject({ status: 503, body: { code: 'overloaded' } });
    expect(refused.headers.get('retry-after')).toBe('1');
    expect((await qiyue.get('/livez')).status).toBe(200);
    for (const open of gates.values()) open();
    expect((await Promise.all(held)).every(({ status }) => status === 200)).toBe(true);
    expect((await qiyue.get('/lamp/gate/open')).status).toBe(200);
  });
  test('a request that takes too long is answered 503', async () =>
    expect(await qiyue.get('/lamp/gate/never')).toMatchObject({ status: 503, body: { code: 'timed-out' } }));
});

describe('papers of the process', () => {
  test('the OpenAPI document and its page are served from here', async () => {
    expect((await qiyue.get('/openapi.json')).body).toMatchObject({ openapi: '3.1.0', paths: { '/lamp/lamps': { post: {} } } });
    const page = await qiyue.get('/docs');
    expect(page).toMatchObject({ status: 200 });
    const files = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file as string);
    expect(files.every((file) => !/^https?:/.test(file))).toBe(true);
    const script = files.find((file) => file.includes('swagger-ui-bundle')) as string;
    expect((await qiyue.get(new URL(script, `${qiyue.platform.url}/docs/`).pathname)).status).toBe(200);
  });
  test('health and metrics are there', async () => {
    expect(await qiyue.get('/livez')).toMatchObject({ status: 200, body: { status: 'alive' } });
    expect(await qiyue.get('/readyz')).toMatchObject({
      status: 200,
      body: { status: 'ready', degraded: [], checks: { 'event-store': 'ok', vault: 'ok', 'database.lamp': 'ok' } },
    });
    const { text } = await qiyue.get('/metrics');
    expect(text).toMatch(/qiyue_commands_total\{service="lamp",command="place",outcome="accepted"\} \d+/);
    expect(text).toContain('route="/lamp/lamps/:lampId/light"');
    expect(text).not.toContain(anna);
  });
});

describe('personal data in answers', () => {
  test('the owner reads it, an officer reads it on record, everybody else a mask (5.2)', async () => {
    expect((await qiyue.get(`/lamp/lamps/${lampId}`, asAnna)).body.owner).toBe('Anna');
    expect((await qiyue.get(`/lamp/lamps/${lampId}`, { as: 'operator' })).body.owner).toBe('[personal]');
    const clerk = { as: { role: 'officer', sub: 'clerk-7' } } as const;
    expect((await qiyue.get(`/lamp/lamps/${lampId}`, clerk)).body.owner).toBe('Anna');
    const { body } = await qiyue.get(`/lamp/audit/streams/lamp_access-${anna}`, { as: 'auditor' });
    const reads = body.events.map(({ data }: { data: object }) => data).filter(({ staffId }: { staffId: string }) => staffId === 'clerk-7');
    expect(reads).toEqual([
      { accountId: anna, role: 'officer', staffId: 'clerk-7', route: 'GET /lamp/lamps/:lampId', readAt: qiyue.now() },
    ]);
  });
  test('auditors read events sealed, page by page, and their chain holds', async () => {
    const { body } = await qiyue.get(`/lamp/audit/streams/lamp-${lampId}?limit=1`, { as: 'auditor' });
    expect(body.events[0].data.owner).toMatch(/^sealed:1:/);
    expect((await qiyue.get(`/lamp/audit/streams/lamp-${lampId}/verify`, { as: 'auditor' })).body).toMatchObject({ ok: true, events: 1 });
    expect((await qiyue.get(`/lamp/audit/streams/order-${lampId}`, { as: 'auditor' })).status).toBe(404);
    expect((await qiyue.get(`/lamp/audit/streams/lamp-${randomUUID()}/verify`, { as: 'auditor' })).status).toBe(404);
  });
  test('rows carry their revision as ETag', async () => expect((await qiyue.get(`/lamp/lamps/${lampId}`, asAnna)).revision).toBe('0'));
  test('lists go on where the page before ended', async () => {
    for (const owner of ['B1', 'B2', 'B3']) await qiyue.post('/lamp/lamps', { owner }, asBert);
    await qiyue.settle();
    const first = (await qiyue.get('/lamp/lamps?limit=2', asBert)).body;
    const second = (await qiyue.get(`/lamp/lamps?limit=2&after=${first.next}`, asBert)).body;
    expect(second.next).toBeUndefined();
    expect([...first.items, ...second.items].map(({ owner }) => owner).sort()).toEqual(['B1', 'B2', 'B3']);
  });
});

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}
