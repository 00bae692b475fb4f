import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { Gate, lampService } from './fixtures/lamp';
import { kitProblems, type KitCode } from './http/problem';
import { AccountKeys } from './run/account-keys';
import { createPlatform, type Platform } from './run/platform';
import { startPlatform, type RequestOptions, type TestPlatform } from './testing';

const anna = randomUUID();
const asAnna = { as: { role: 'customer', sub: anna } } as const;
const gates = new Map<string, () => void>();
const gate: Gate = { pass: (name) => (name === 'open' ? Promise.resolve() : new Promise<void>((resolve) => gates.set(name, resolve))) };
const ports = [{ provide: Gate, useValue: gate }];
let qiyue: TestPlatform;

beforeAll(async () => {
  const env = {
    REQUESTS_MAX: '20',
    REQUEST_TIMEOUT_MS: '4000',
    RECEIVE_TIMEOUT_MS: '500',
    POOL_WAIT_MS: '2000',
    COMMAND_ATTEMPTS_MAX: '1',
    SETTLE_TIMEOUT_MS: '4000',
  };
  qiyue = await startPlatform([lampService], { ports, env });
}, 60_000);
afterAll(() => qiyue?.stop());

type Told = readonly [status: number, code: string];
const placed = async (): Promise<string> => (await qiyue.post('/lamp/lamps', { owner: 'Anna' }, asAnna)).body.id as string;
const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
};
const letGo = (): void => {
  for (const open of gates.values()) open();
  gates.clear();
};

/** The answer to bytes that are no request, or not a whole one yet. */
const raw = async (text: string): Promise<Told> => {
  const socket = connect(Number(new URL(qiyue.platform.url).port), '127.0.0.1');
  socket.write(text);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  const answer = Buffer.concat(chunks).toString();
  expect(answer).toContain('content-type: application/problem+json');
  return [Number(answer.split(' ')[1]), (JSON.parse(answer.split('\r\n\r\n')[1] ?? '{}') as { code: string }).code];
};
const post = async (path: string, body: unknown, options: RequestOptions = asAnna): Promise<Told> => {
  const answer = await qiyue.post(path, body, options);
  return [answer.status, answer.body.code];
};

const lostRace = async (other: Platform): Promise<Told> => {
  for (let tries = 0; tries < 200; tries += 1) {
    const path = `/lamp/lamps/${await placed()}/light`;
    const headers = { authorization: `Bearer ${await qiyue.as(asAnna.as)}`, 'content-type': 'application/json' };
    const ask = async (url: string): Promise<Response> => fetch(`${url}${path}`, { method: 'POST', body: '{"minutes":5}', headers });
    for (const answer of await Promise.all([ask(qiyue.platform.url), ask(other.url)]))
      if (answer.status === 409) return [409, ((await answer.json()) as { code: string }).code];
  }
  throw new Error('nobody ever lost');
};

/** How each code of the edge comes about. One left out does not compile. */
const ways: Readonly<Record<KitCode, () => Promise<Told>>> = {
  'headers-too-large': () => raw(`GET /livez HTTP/1.1\r\nhost: x\r\nx-long: ${'x'.repeat(20_000)}\r\n\r\n`),
  'too-slow': async () => {
    const head = ['POST /lamp/lamps HTTP/1.1', 'host: x', `authorization: Bearer ${await qiyue.as(asAnna.as)}`];
    return raw([...head, 'content-type: application/json', 'content-length: 10', '', '{'].join('\r\n'));
  },
  overloaded: async () => {
    const held = Array.from({ length: 20 }, (_, at) => qiyue.get(`/lamp/gate/held-${at}`));
    await until(() => gates.size >= 20);
    const told = await post('/lamp/lamps', { owner: 'Anna' });
    letGo();
    await Promise.all(held);
    return told;
  },
  'not-found': () => post('/lamp/nothing', {}),
  unauthenticated: () => post('/lamp/lamps', { owner: 'Anna' }, {}),
  forbidden: () => post('/lamp/lamps', { owner: 'Anna' }, { as: 'auditor' }),
  'idempotency-key-invalid': () => post('/lamp/lamps', { owner: 'Anna' }, { ...asAnna, key: 'a b' }),
  'unsupported-media-type': () => post('/lamp/lamps', undefined, { ...asAnna, raw: 'a', headers: { 'content-type': 'text/plain' } }),
  'too-large': () => post('/lamp/lamps', { owner: 'x'.repeat(300_000) }),
  malformed: () => post('/lamp/lamps', undefined, { ...asAnna, raw: '{' }),
  'in-progress': async () => {
    const first = qiyue.post('/lamp/gate/kept', undefined, { as: 'operator', key: 'k-1' });
    await until(() => gates.has('kept'));
    const told = await post('/lamp/gate/kept', undefined, { as: 'operator', key: 'k-1' });
    letGo();
    await first;
    return told;
  },
  'idempotency-key-reused': async () => {
    await qiyue.post('/lamp/lamps', { owner: 'Anna' }, { ...asAnna, key: 'k-2' });
    return post('/lamp/lamps', { owner: 'Berta' }, { ...asAnna, key: 'k-2' });
  },
  invalid: () => post('/lamp/lamps', {}),
  'revision-mismatch': async () =>
    post(`/lamp/lamps/${await placed()}/light`, { minutes: 1 }, { ...asAnna, headers: { 'if-match': '"7"' } }),
  'account-erased': async () => {
    const erased = { as: { role: 'customer', sub: randomUUID() } } as const;
    await qiyue.post('/lamp/lamps', { owner: 'Carla' }, erased);
    await qiyue.port('lamp', AccountKeys).destroy(erased.as.sub);
    return post('/lamp/lamps', { owner: 'Carla' }, erased);
  },
  busy: async () => {
    const other = await createPlatform({ services: [lampService], env: qiyue.env, ports });
    return lostRace(other).finally(() => other.stop());
  },
  fault: () => post('/lamp/gate/open', undefined, { as: 'operator' }),
  unavailable: async () => {
    const { pool } = qiyue.platform.state.services[0]!;
    // Whoever finds none free waits, and the request behind them.
    const taken = Promise.allSettled(Array.from({ length: pool.options.max }, () => pool.connect()));
    const { status, body, headers } = await qiyue.get('/lamp/lamps', asAnna);
    for (const client of await taken) if (client.status === 'fulfilled') client.value.release();
    expect(headers.get('retry-after')).toBe('1');
    return [status, body.code];
  },
  'timed-out': async () => {
    const { status, body, headers } = await qiyue.get('/lamp/gate/never');
    expect(headers.get('retry-after')).toBe('1');
    letGo();
    return [status, body.code];
  },
  'not-quiet': async () => {
    // SETTLE_TIMEOUT_MS: so long is waited for somebody who is never quiet.
    qiyue.platform.state.process.quiet.register({ name: 'lamp.restless', isQuiet: () => Promise.resolve(false) });
    return post('/clock/settle', undefined, { as: 'operator' });
  },
};

describe('of two faults the edge tells the one it looks at first', () => {
  const light = (lampId: string) => ({ path: `/lamp/lamps/${lampId}/light`, options: asAnna as RequestOptions, raw: '{"minutes":1}' });
  type Sent = ReturnType<typeof light>;
  interface Step {
    readonly told: Told;
    /** What of the request it touches; two that touch the same cannot stand side by side. */
    readonly touches: string;
    readonly put: (sent: Sent) => Sent;
  }
  const withHeader =
    (name: string, value: string) =>
    (sent: Sent): Sent => ({
      ...sent,
      options: { ...sent.options, headers: { ...sent.options.headers, [name]: value } },
    });
  let burntOut: string;
  beforeAll(async () => {
    burntOut = await placed();
    await qiyue.post(`/lamp/lamps/${burntOut}/light`, { minutes: 1 }, asAnna);
    await qiyue.settle();
    await qiyue.advanceTo(new Date(Date.parse(qiyue.now()) + 60_000).toISOString());
  });

  /** In the order in which docs/errors.md states them. */
  const steps: readonly Step[] = [
    { told: [404, 'not-found'], touches: 'route', put: (sent) => ({ ...sent, path: '/lamp/nothing' }) },
    { told: [401, 'unauthenticated'], touches: 'who', put: ({ options: { as: _as, ...options }, ...sent }) => ({ ...sent, options }) },
    { told: [403, 'forbidden'], touches: 'who', put: (sent) => ({ ...sent, options: { ...sent.options, as: 'auditor' } }) },
    { told: [400, 'idempotency-key-invalid'], touches: 'key', put: (sent) => ({ ...sent, options: { ...sent.options, key: 'a b' } }) },
    { told: [415, 'unsupported-media-type'], touches: 'type', put: withHeader('content-type', 'text/plain') },
    { told: [413, 'too-large'], touches: 'body', put: (sent) => ({ ...sent, raw: 'x'.repeat(300_000) }) },
    { told: [400, 'malformed'], touches: 'body', put: (sent) => ({ ...sent, raw: '{' }) },
    { told: [422, 'invalid'], touches: 'body', put: (sent) => ({ ...sent, raw: '{}' }) },
    { told: [404, 'lamp-missing'], touches: 'route', put: (sent) => ({ ...sent, path: '/lamp/lamps/nothing/light' }) },
    { told: [412, 'revision-mismatch'], touches: 'revision', put: withHeader('if-match', '"99"') },
    { told: [409, 'lamp-burnt-out'], touches: 'lamp', put: (sent) => sent },
  ];
  const send = ({ path, options, raw: body }: Sent): Promise<Told> => post(path, undefined, { ...options, raw: body });
  const alone = steps.map((step) => [step.told[1], [step]] as const);
  const pairs = steps.flatMap((first, at) =>
    steps
      .slice(at + 1)
      .filter((second) => second.touches !== first.touches)
      .map((second) => [`${first.told[1]} before ${second.told[1]}`, [first, second]] as const),
  );
  test.each([...alone, ...pairs])('%s', async (_name, put) => {
    const needsBurntOut = put.some(({ touches }) => touches === 'lamp');
    const sent = put.reduce((made, step) => step.put(made), light(needsBurntOut ? burntOut : await placed()));
    expect(await send(sent)).toEqual(put[0]!.told);
  });
});

describe('a request that is refused by its head', () => {
  test('is answered once, whatever becomes of its body', async () => {
    const told = await raw('POST /lamp/lamps HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{');
    expect(told).toEqual([401, 'unauthenticated']);
  });
});

describe('every code of the edge is really returned', () => {
  test.each(Object.keys(kitProblems) as KitCode[])('%s', async (code) => {
    expect(await ways[code]()).toEqual([kitProblems[code].status, code]);
  });
});
