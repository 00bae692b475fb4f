import { createConnection, type Socket } from 'node:net';
import { randomUUID } from 'node:crypto';
import { Gate, lampService } from './fixtures/lamp';
import { startPlatform, type Answer, type RequestOptions, type TestPlatform } from './testing';

/** Every limit small, so that a test can stand right at it. The names are those of docs/config.md. */
const limits = {
  BODY_LIMIT_BYTES: '4096',
  JSON_DEPTH_MAX: '8',
  HEADERS_LIMIT_BYTES: '4096',
  IDEMPOTENCY_KEY_CHARS_MAX: '40',
  PAGE_SIZE_MAX: '3',
  TOKEN_TTL_SECONDS: '60',
  TOKEN_SKEW_SECONDS: '7',
  CONNECTIONS_MAX: '30',
  KEEP_ALIVE_MS: '500',
  REQUESTS_MAX: '12',
  REQUEST_TIMEOUT_MS: '20000',
  STREAM_WAITING_MAX: '3',
  APPEND_LIMIT_BYTES: '2600',
  RELAY_BATCH_MAX: '2',
  CONSUMER_BATCH_MAX: '2',
  PROJECTION_BATCH_MAX: '2',
  REACTION_BATCH_MAX: '2',
  REACTION_CONCURRENCY_MAX: '1',
  ANSWER_DAYS: '30',
};

const anna = randomUUID();
const asAnna = { as: { role: 'customer', sub: anna } } as const;
const gates = new Map<string, () => void>();
const gate: Gate = { pass: (name) => new Promise<void>((resolve) => gates.set(name, resolve)) };
let qiyue: TestPlatform;
beforeAll(async () => {
  qiyue = await startPlatform([lampService], { ports: [{ provide: Gate, useValue: gate }], env: limits });
}, 60_000);
afterAll(() => qiyue?.stop());

const place = (owner: string, options: RequestOptions = {}): Promise<Answer> =>
  qiyue.post('/lamp/lamps', { owner }, { ...asAnna, ...options });
const told = ({ status, body }: Answer): readonly [number, string | undefined] => [status, body.code];
const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
};
const raw = (text: string): Promise<Answer> => qiyue.post('/lamp/lamps', undefined, { ...asAnna, raw: text });

describe('what is still taken, and what no longer', () => {
  test('BODY_LIMIT_BYTES: a body of exactly as many bytes is read, one more is 413', async () => {
    const body = (bytes: number): string => `{"owner":"Anna"${' '.repeat(bytes - 16)}}`;
    expect(Buffer.byteLength(body(4_096))).toBe(4_096);
    expect((await raw(body(4_096))).status).toBe(201);
    expect(told(await raw(body(4_097)))).toEqual([413, 'too-large']);
  });
  test('JSON_DEPTH_MAX: a body exactly as deep is read and found invalid, one deeper cannot be read', async () => {
    const nested = (depth: number): string => `{"owner":${'['.repeat(depth - 1)}1${']'.repeat(depth - 1)}}`;
    expect(told(await raw(nested(8)))).toEqual([422, 'invalid']);
    expect(told(await raw(nested(9)))).toEqual([400, 'malformed']);
  });
  test('HEADERS_LIMIT_BYTES: a head within it is read, one beyond is 431', async () => {
    expect((await place('Anna', { headers: { 'x-long': 'x'.repeat(3_000) } })).status).toBe(201);
    expect(told(await place('Anna', { headers: { 'x-long': 'x'.repeat(4_096) } }))).toEqual([431, 'headers-too-large']);
  });
  test('IDEMPOTENCY_KEY_CHARS_MAX: a key exactly as long counts, one longer is 400', async () => {
    expect((await place('Anna', { key: 'k'.repeat(40) })).status).toBe(201);
    expect(told(await place('Anna', { key: 'k'.repeat(41) }))).toEqual([400, 'idempotency-key-invalid']);
  });
  test('PAGE_SIZE_MAX: a page exactly as large is given, one larger is 422; unasked a page is no larger', async () => {
    for (const owner of ['A', 'B', 'C', 'D']) await place(owner);
    await qiyue.settle();
    expect((await qiyue.get('/lamp/lamps?limit=3', asAnna)).body.items).toHaveLength(3);
    expect(told(await qiyue.get('/lamp/lamps?limit=4', asAnna))).toEqual([422, 'invalid']);
    expect((await qiyue.get('/lamp/lamps', asAnna)).body.items).toHaveLength(3);
  });
  test('TOKEN_TTL_SECONDS and TOKEN_SKEW_SECONDS: a token holds for its life and the skew, and not a second longer', async () => {
    const authorization = `Bearer ${await qiyue.as(asAnna.as)}`;
    const issued = Date.parse(qiyue.now());
    const ask = async (afterSeconds: number) => {
      await qiyue.advanceTo(new Date(issued + afterSeconds * 1_000).toISOString());
      return (await qiyue.get('/lamp/lamps', { headers: { authorization } })).status;
    };
    expect([await ask(66), await ask(67)]).toEqual([200, 401]);
  });
  test('ANSWER_DAYS: a refusal is given again under its key until that day, and decided anew from then on', async () => {
    const ask = (): Promise<Answer> => qiyue.post('/lamp/lamps/nothing/light', { minutes: 5 }, { ...asAnna, key: 'days' });
    const { pool } = qiyue.platform.state.services[0]!;
    const age = (days: string) => pool.query('UPDATE kit_answers SET expires_at = expires_at - $1::interval', [days]);
    expect(told(await ask())).toEqual([404, 'lamp-missing']);
    await age('29 days 23 hours');
    expect((await ask()).headers.get('idempotency-replayed')).toBe('true');
    await age('1 hour');
    expect((await ask()).headers.get('idempotency-replayed')).toBeNull();
  });
  test('APPEND_LIMIT_BYTES: events of a command within it are stored, beyond it the command is 413 and nothing is', async () => {
    const heads = async (): Promise<string> =>
      JSON.stringify(await qiyue.platform.state.process.client.readAllBackwards({ maxCount: 1 }), (_key, value: unknown) => String(value));
    expect((await place('x'.repeat(100))).status).toBe(201);
    const { services } = qiyue.platform.state;
    const { executor } = services[0]!;
    const before = await heads();
    const [lamp] = services[0]!.definition.streams;
    const tooMuch = executor.execute(
      lamp!,
      randomUUID(),
      'place',
      { owner: 'x'.repeat(3_000) },
      { lampId: 'l', accountId: anna },
      {
        commandId: randomUUID(),
        correlationId: 'c',
        causationId: 'c',
        actor: { kind: 'customer', id: anna },
        now: qiyue.now(),
      },
    );
    await expect(tooMuch).rejects.toMatchObject({ name: 'AppendTooLarge' });
    expect(await heads()).toBe(before);
  });
});

describe('how much at a time', () => {
  test('REQUESTS_MAX: as many are worked on, one more is 503 with Retry-After', async () => {
    const held = Array.from({ length: 12 }, (_, at) => qiyue.get(`/lamp/gate/held-${at}`));
    await until(() => gates.size >= 12);
    const refused = await qiyue.get('/lamp/lamps', asAnna);
    expect([...told(refused), refused.headers.get('retry-after')]).toEqual([503, 'overloaded', '1']);
    expect((await qiyue.get('/readyz')).status).toBe(200);
    for (const open of gates.values()) open();
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual(held.map(() => 200));
  });
  test('STREAM_WAITING_MAX: as many commands wait for a stream, one more is 409 at once', async () => {
    const { id } = (await place('Anna')).body as { id: string };
    const { vault } = qiyue.platform.state.process;
    const light = (): Promise<Answer> => qiyue.post(`/lamp/lamps/${id}/light`, { minutes: 5 }, asAnna);
    // All are in the lane at once: one works, three wait.
    const { executor, definition } = qiyue.platform.state.services[0]!;
    const [lamp] = definition.streams;
    let begun = 0;
    let open: () => void = () => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    const slow = () =>
      executor.execute(lamp!, id, 'light', { minutes: 5 }, async () => ((begun += 1), await opened, { now: qiyue.now() }), {
        commandId: randomUUID(),
        correlationId: 'c',
        causationId: 'c',
        actor: { kind: 'customer', id: anna },
        now: qiyue.now(),
      });
    const waiting = Array.from({ length: 4 }, slow);
    await until(() => begun === 1);
    await vault.digest('whoever came before is in the lane by now');
    expect(told(await light())).toEqual([409, 'busy']);
    open();
    expect((await Promise.all(waiting)).map(({ kind }) => kind)).toEqual(waiting.map(() => 'accepted'));
    expect((await light()).status).toBe(200);
  });
  test('CONNECTIONS_MAX: as many stay open, one more is closed unanswered', async () => {
    const { port } = new URL(qiyue.platform.url);
    const opened: Socket[] = [];
    const closed: Promise<void>[] = [];
    for (let at = 0; at < 45; at += 1) {
      const socket = createConnection(Number(port), '127.0.0.1');
      socket.on('error', () => undefined);
      closed.push(new Promise((resolve) => socket.once('close', () => resolve())));
      opened.push(socket);
    }
    // Some connections of the requests before may be open still, so that it is thirty at the most.
    await Promise.any(closed);
    await until(() => opened.filter(({ destroyed }) => destroyed).length >= 15);
    for (const socket of opened) socket.destroy();
    await Promise.all(closed);
    expect((await qiyue.get('/livez')).status).toBe(200);
  });
  test('KEEP_ALIVE_MS: a connection that is idle for so long is closed', async () => {
    const socket = createConnection(Number(new URL(qiyue.platform.url).port), '127.0.0.1');
    socket.write('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n');
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 200 /);
  });
  test.each(['RELAY_BATCH_MAX', 'CONSUMER_BATCH_MAX', 'PROJECTION_BATCH_MAX', 'REACTION_BATCH_MAX', 'REACTION_CONCURRENCY_MAX'])(
    '%s: more than fit into one batch are all handled, each once',
    async () => {
      const berta = { as: { role: 'customer', sub: randomUUID() } } as const;
      const ids: string[] = [];
      for (let at = 0; at < 7; at += 1) ids.push((await qiyue.post('/lamp/lamps', { owner: 'B' }, berta)).body.id as string);
      for (const id of ids) await qiyue.post(`/lamp/lamps/${id}/light`, { minutes: 1 }, berta);
      await qiyue.settle();
      const { state } = (await qiyue.platform.state.services[0]!.executor.load(lampService.streams[1]!, 'all')) as {
        state: { lamps: string[] };
      };
      expect(ids.map((id) => state.lamps.filter((one) => one === id).length)).toEqual(ids.map(() => 1));
    },
  );
});
