import { Pool } from 'pg';
import { lampService } from './fixtures/lamp';
import { startPlatform, type TestPlatform } from './testing';
import { databaseUrl } from './store/databases';

const asAnna = { as: { role: 'customer', sub: 'anna' } } as const;
const asBert = { as: { role: 'customer', sub: 'bert' } } as const;
let qiyue: TestPlatform;
beforeAll(async () => {
  qiyue = await startPlatform([lampService]);
}, 60_000);
afterAll(() => qiyue?.stop());

const place = (key: string, owner = 'Anna', who: typeof asAnna | typeof asBert = asAnna) =>
  qiyue.post('/lamp/lamps', { owner }, { ...who, key });
const light = (id: string, key: string, minutes = 5) => qiyue.post(`/lamp/lamps/${id}/light`, { minutes }, { ...asAnna, key });
const events = async (stream: string) => (await qiyue.get(`/lamp/audit/streams/${stream}`, { as: 'auditor' })).body.events ?? [];
const forgetAnswers = async () => {
  const pool = new Pool({ connectionString: databaseUrl(qiyue.node.postgresUrl, `${qiyue.env['DATABASE_PREFIX']}lamp`), max: 1 });
  await pool.query('DELETE FROM kit_answers');
  await pool.end();
};

describe('the idempotency key', () => {
  test('the same key and body create once and are answered the same', async () => {
    const first = await place('create-1');
    const again = await place('create-1');
    expect(again).toMatchObject({
      status: 201,
      revision: first.revision,
      body: { id: first.body.id, events: first.body.events, replayed: true },
    });
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    expect(await events(`lamp-${first.body.id}`)).toHaveLength(1);
  });
  test('the stream itself knows the command when the stored answers are lost', async () => {
    const first = await place('create-2');
    await forgetAnswers();
    const again = await place('create-2');
    expect(again).toMatchObject({ status: 201, body: { id: first.body.id, replayed: true } });
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    await forgetAnswers();
    expect(await place('create-2', 'Another')).toMatchObject({ status: 422, body: { code: 'idempotency-key-reused' } });
  });
  test('the same key with another body is refused', async () => {
    await place('create-3');
    expect(await place('create-3', 'Bert')).toMatchObject({ status: 422, body: { code: 'idempotency-key-reused' } });
  });
  test('keys of different callers and of different paths are different keys', async () => {
    const anna = await place('shared');
    const bert = await place('shared', 'Bert', asBert);
    expect(bert).toMatchObject({ status: 201, body: { replayed: false } });
    expect(bert.body.id).not.toBe(anna.body.id);
    expect(await light(anna.body.id, 'shared')).toMatchObject({ status: 200, body: { replayed: false } });
  });
  test('a refusal stays a refusal, although the command would be accepted by now', async () => {
    const id = (await place('create-4')).body.id;
    await light(id, 'light-4', 1);
    await qiyue.advanceTo(new Date(Date.parse(qiyue.now()) + 60_000).toISOString());
    const refused = await light(id, 'light-again');
    expect(refused).toMatchObject({ status: 409, body: { code: 'lamp-burnt-out' } });
    const again = await light(id, 'light-again');
    expect(again).toMatchObject({ status: 409, body: { code: 'lamp-burnt-out', clause: '2.2.5', lampId: id } });
    expect(again.headers.get('idempotency-replayed')).toBe('true');
  });
  test('what was so already is answered with its revision again', async () => {
    const id = (await place('create-5')).body.id;
    await light(id, 'light-5');
    expect(await light(id, 'already-5')).toMatchObject({ status: 200, revision: '1', body: { events: [], replayed: false } });
    expect(await light(id, 'already-5')).toMatchObject({ status: 200, revision: '1', body: { events: [], replayed: true } });
    expect(await light(id, 'already-5', 6)).toMatchObject({ status: 422 });
  });
  test('of many at once, one runs: the others are told so, or get its answer', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => place('at-once')));
    expect(answers.filter(({ status, body }) => status === 201 && body.replayed === false)).toHaveLength(1);
    for (const { status, body, headers } of answers.filter(({ status: code }) => code !== 201)) {
      expect({ status, code: body.code, retryAfter: headers.get('retry-after') }).toEqual({
        status: 409,
        code: 'in-progress',
        retryAfter: '1',
      });
    }
    const id = answers.find(({ status }) => status === 201)?.body.id as string;
    expect(await events(`lamp-${id}`)).toHaveLength(1);
  });
  test('without a key two requests are two', async () => {
    const one = await qiyue.post('/lamp/lamps', { owner: 'Anna' }, asAnna);
    const two = await qiyue.post('/lamp/lamps', { owner: 'Anna' }, asAnna);
    expect(one.body.id).not.toBe(two.body.id);
  });
  test('a validation fault does not use the key up', async () => {
    expect((await qiyue.post('/lamp/lamps', { owner: '' }, { ...asAnna, key: 'fresh' })).status).toBe(422);
    expect((await place('fresh')).status).toBe(201);
  });
  test('answers survive a restart', async () => {
    const first = await place('before-restart');
    await light(first.body.id, 'light-before-restart');
    const already = await light(first.body.id, 'already-before-restart');
    await qiyue.restart();
    expect(await place('before-restart')).toMatchObject({ status: 201, body: { id: first.body.id, replayed: true } });
    expect(await light(first.body.id, 'already-before-restart')).toMatchObject({
      status: 200,
      revision: already.revision,
      body: { replayed: true },
    });
    expect(await place('before-restart', 'Other')).toMatchObject({ status: 422 });
  });
  test('stored answers hold neither names nor tokens', async () => {
    await place('private', 'Very Private Name');
    const pool = new Pool({ connectionString: databaseUrl(qiyue.node.postgresUrl, `${qiyue.env['DATABASE_PREFIX']}lamp`), max: 1 });
    const { rows } = await pool.query<{ text: string }>('SELECT row_to_json(a)::text AS text FROM kit_answers a');
    await pool.end();
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.map(({ text }) => text).join()).not.toContain('Very Private Name');
  });
});
