import { Pool } from 'pg';
import { lampService } from './fixtures/lamp';
import { meter, meterService, Outside } from './fixtures/meter';
import { databaseUrl } from './store/databases';
import { startPlatform, type TestPlatform } from './testing';

const asAnna = { as: { role: 'customer', sub: 'anna' } } as const;
const operator = { as: 'operator' } as const;
let qiyue: TestPlatform;
const told: [string, string][] = [];
let outsideFails = false;
const outside: Outside = {
  tell: async (commandId, lampId) => {
    told.push([commandId, lampId]);
    if (outsideFails) throw Object.assign(new Error('the outside says no to a person by name'), { code: 'OUTSIDE_DOWN' });
  },
};
beforeAll(async () => {
  qiyue = await startPlatform([lampService, meterService], { ports: [{ provide: Outside, useValue: outside }] });
}, 60_000);
afterAll(() => qiyue?.stop());
beforeEach(() => {
  outsideFails = false;
  told.length = 0;
});

const place = async (owner = 'Anna', who: { as: { role: 'customer'; sub: string } } = asAnna): Promise<string> =>
  (await qiyue.post('/lamp/lamps', { owner }, who)).body.id;
const light = (id: string, minutes: number, who: { as: { role: 'customer'; sub: string } } = asAnna) =>
  qiyue.post(`/lamp/lamps/${id}/light`, { minutes }, who);
const events = async (service: string, stream: string) =>
  ((await qiyue.get(`/${service}/audit/streams/${stream}?limit=500`, { as: 'auditor' })).body.events ?? []) as {
    type: string;
    data: Record<string, unknown>;
    metadata: Record<string, unknown>;
    id: string;
  }[];
const minutesLater = (minutes: number): string => new Date(Date.parse(qiyue.now()) + minutes * 60_000).toISOString();
const statusOf = async (id: string): Promise<string> => (await qiyue.get(`/lamp/lamps/${id}`, operator)).body.status;
const query = async (service: string, text: string, values: unknown[] = []) => {
  const pool = new Pool({ connectionString: databaseUrl(qiyue.node.postgresUrl, `${qiyue.env['DATABASE_PREFIX']}${service}`), max: 1 });
  try {
    return (await pool.query(text, values)).rows as Record<string, unknown>[];
  } finally {
    await pool.end();
  }
};

describe('the one path', () => {
  test('a command reaches own rows, own reactions, the bus, and rows and streams of another service', async () => {
    const id = await place();
    const lit = await qiyue.post(`/lamp/lamps/${id}/light`, { minutes: 60 }, { ...asAnna, headers: { 'x-correlation-id': 'path-1' } });
    expect(lit.status).toBe(200);
    await qiyue.settle();
    expect(await statusOf(id)).toBe('lit');
    expect((await events('lamp', 'board-all')).map(({ data }) => data['lampId'])).toContain(id);
    expect((await qiyue.get(`/meter/known-lamps/${id}`, operator)).body).toEqual({ lampId: id, accountId: 'anna', lit: true });
    const noted = (await events('meter', 'meter-of-anna')).find(({ data }) => data['lampId'] === id);
    const [, litEvent] = await events('lamp', `lamp-${id}`);
    expect(noted?.metadata).toMatchObject({
      correlationId: 'path-1',
      causationId: litEvent?.id,
      actor: { kind: 'service', id: 'meter' },
      command: 'note',
    });
    expect(told.filter(([, lampId]) => lampId === id)).toHaveLength(1);
  });
  test('a reaction reads personal data revealed, while bus and rows keep it sealed (5.1)', async () => {
    const id = await place('Anna the First');
    await light(id, 60);
    await qiyue.settle();
    const noted = (await events('meter', 'meter-of-anna')).find(({ data }) => data['lampId'] === id);
    expect(noted?.data['ownerLength']).toBe('Anna the First'.length);
    const [row] = await query('lamp', 'SELECT * FROM lamps WHERE "lampId" = $1', [id]);
    expect(row?.['owner']).toMatch(/^sealed:1:anna:/);
  });
  test('a restart reacts to nothing twice', async () => {
    const before = (await events('meter', 'meter-of-anna')).length;
    await qiyue.restart();
    await qiyue.settle();
    expect(told).toEqual([]);
    expect(await events('meter', 'meter-of-anna')).toHaveLength(before);
  });
  test('a reaction that crashed after its work does it again under the same id', async () => {
    const id = await place();
    await light(id, 60);
    await qiyue.settle();
    await query('meter', "DELETE FROM kit_positions WHERE station = 'reactions'");
    const [first] = told.filter(([, lampId]) => lampId === id);
    await qiyue.restart();
    await qiyue.settle();
    const again = told.filter(([, lampId]) => lampId === id);
    expect(again).toEqual([first, first]);
  });
});

describe('deadlines', () => {
  test('a deadline fires at its very instant and not a millisecond before', async () => {
    const id = await place();
    await light(id, 10);
    const dueAt = minutesLater(10);
    await qiyue.advanceTo(new Date(Date.parse(dueAt) - 1).toISOString());
    expect(await statusOf(id)).toBe('lit');
    await qiyue.advanceTo(dueAt);
    expect(await statusOf(id)).toBe('out');
    const last = (await events('lamp', `lamp-${id}`)).at(-1);
    expect(last).toMatchObject({
      type: 'LampBurntOut',
      data: { at: dueAt },
      metadata: { recordedAt: dueAt, clause: '2.2.5', actor: { kind: 'service', id: 'lamp' } },
    });
  });
  test('moving far ahead stops at each deadline in due order', async () => {
    const ids = [await place(), await place(), await place()];
    const start = qiyue.now();
    for (const [index, id] of ids.entries()) await light(id, 30 - index * 10);
    await qiyue.advanceTo(minutesLater(1_000));
    const ends = await Promise.all(ids.map(async (id) => (await events('lamp', `lamp-${id}`)).at(-1)?.data['at']));
    expect(ends).toEqual([30, 20, 10].map((minutes) => new Date(Date.parse(start) + minutes * 60_000).toISOString()));
  });
  test('what fell due while the process was down fires after the start, and the time is kept', async () => {
    const id = await place();
    await light(id, 10);
    await qiyue.settle();
    const { testClock } = qiyue.platform.state.process;
    await qiyue.platform.stop();
    expect(testClock).toBeDefined();
    const later = minutesLater(20);
    await query('platform', 'UPDATE test_clock SET frozen_at_ms = $1', [Date.parse(later)]);
    await qiyue.restart();
    await qiyue.settle();
    expect(qiyue.now()).toBe(later);
    expect(await statusOf(id)).toBe('out');
    expect((await events('lamp', `lamp-${id}`)).at(-1)?.data['at']).toBe(later);
  });
  test('a deadline whose mark was lost fires again and does nothing', async () => {
    const id = await place();
    await light(id, 10);
    await qiyue.settle();
    const [row] = await query('lamp', 'SELECT * FROM kit_deadlines WHERE stream = $1', [`lamp-${id}`]);
    await qiyue.advanceTo(minutesLater(10));
    const before = await events('lamp', `lamp-${id}`);
    await query('lamp', 'INSERT INTO kit_deadlines SELECT * FROM json_populate_record(NULL::kit_deadlines, $1)', [JSON.stringify(row)]);
    await qiyue.settle();
    expect(await events('lamp', `lamp-${id}`)).toHaveLength(before.length);
    expect(await query('lamp', 'SELECT 1 FROM kit_deadlines WHERE stream = $1', [`lamp-${id}`])).toEqual([]);
  });
  test('the book is rebuilt from events when it is lost', async () => {
    const id = await place();
    await light(id, 10);
    await qiyue.settle();
    const before = await query('lamp', 'SELECT * FROM kit_deadlines ORDER BY stream');
    expect(before.length).toBeGreaterThan(0);
    await query('lamp', "DELETE FROM kit_positions WHERE station = 'deadlines'");
    await query('lamp', 'DELETE FROM kit_deadlines');
    await qiyue.restart();
    await qiyue.settle();
    expect(await query('lamp', 'SELECT * FROM kit_deadlines ORDER BY stream')).toEqual(before);
    await qiyue.advanceTo(minutesLater(10));
    expect(await statusOf(id)).toBe('out');
  });
  test('two pods fire once, and the second takes over when the first is gone', async () => {
    const { createPlatform } = await import('./run/platform');
    const second = await createPlatform({ services: [lampService, meterService], env: qiyue.env });
    try {
      const id = await place();
      await light(id, 10);
      await qiyue.advanceTo(minutesLater(10)).catch(() => undefined);
      await until(async () => (await events('lamp', `lamp-${id}`)).length === 3);
      const late = await place();
      await light(late, 10);
      const due = minutesLater(10);
      await qiyue.platform.stop();
      await second.state.process.testClock?.moveTo(Date.parse(due));
      await until(async () => {
        const response = await fetch(`${second.url}/lamp/audit/streams/lamp-${late}`, {
          headers: { authorization: `Bearer ${(await second.state.process.tokens.issue({ role: 'auditor', sub: 'a' })).token}` },
        });
        return ((await response.json()) as { events: unknown[] }).events.length === 3;
      });
    } finally {
      await second.stop();
      await qiyue.restart();
    }
    await qiyue.settle();
  }, 60_000);
});

describe('outages', () => {
  test('when every database connection breaks, the lead is won back and nothing is lost or parked', async () => {
    const before = [await place(), await place()];
    for (const id of before) await light(id, 10);
    for (const service of ['lamp', 'meter', 'bus', 'vault', 'platform']) {
      await query(
        service,
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
      );
    }
    const ids = [...before];
    await until(async () => {
      const answer = await qiyue.post('/lamp/lamps', { owner: 'Anna' }, asAnna);
      if (answer.status === 201) ids.push(answer.body.id);
      else expect(answer.status).toBe(503);
      return answer.status === 201;
    });
    await light(ids.at(-1) as string, 10);
    await qiyue.settle();
    for (const id of ids) expect((await qiyue.get(`/meter/known-lamps/${id}`, operator)).body).toMatchObject({ lit: true });
    await qiyue.advanceTo(minutesLater(10));
    for (const id of ids) expect(await statusOf(id)).toBe('out');
  }, 60_000);
  test('a read model of foreign facts is rebuilt from the bus, the same', async () => {
    const rows = () => query('meter', 'SELECT * FROM known_lamps ORDER BY "lampId"');
    const before = await rows();
    expect(before.length).toBeGreaterThan(0);
    const tables = () => query('meter', "SELECT tablename FROM pg_tables WHERE tablename LIKE 'known_lamps%'");
    const old = await tables();
    expect((await qiyue.post('/meter/ops/read-models/known_lamps/rebuild', {}, operator)).status).toBe(202);
    expect((await qiyue.post('/meter/ops/read-models/no_such/rebuild', {}, operator)).status).toBe(404);
    await until(async () => JSON.stringify(await tables()) !== JSON.stringify(old));
    await qiyue.settle();
    expect(await rows()).toEqual(before);
    expect((await qiyue.get('/meter/ops/health', operator)).body).toMatchObject({
      problems: [],
      relay: { state: 'leading' },
      readModels: [{ model: 'known_lamps', state: 'live' }],
      consumers: { reactions: { lag: 0 } },
    });
  });
});

describe('what cannot be done is parked', () => {
  const stuckId = 'stuck-account';
  const asStuck = { as: { role: 'customer', sub: stuckId } } as const;

  test('a refusal that a reaction does not expect parks the stream with its code; others flow; a re-drive takes it up in order', async () => {
    const stuck = await place('stuck', asStuck);
    await light(stuck, 60, asStuck);
    const settled = await qiyue.settle({ allowParked: true });
    expect(settled.parked).toEqual([expect.stringMatching(new RegExp(`meter.reactions lamp-${stuck}: .*meter-stuck`))]);
    const flowing = await place();
    await light(flowing, 60);
    await qiyue.settle({ allowParked: true });
    expect((await events('meter', 'meter-of-anna')).map(({ data }) => data['lampId'])).toContain(flowing);
    const { body } = await qiyue.get('/meter/ops/parked', operator);
    expect(body.facts).toMatchObject([{ key: `lamp-${stuck}` }]);
    await expect(qiyue.settle()).rejects.toThrow(/parked/);
    expect((await qiyue.post('/meter/ops/parked/redrive', { station: 'facts', stream: `lamp-${stuck}` }, operator)).body).toMatchObject({
      handled: 0,
      left: 1,
    });
    const meterRuntime = qiyue.platform.state.services.find(({ definition }) => definition.streams.includes(meter as never));
    await meterRuntime?.executor.execute(
      meter,
      `of-${stuckId}`,
      'unstick',
      {},
      {},
      { commandId: 'unstick-1', correlationId: 'c', causationId: 'c', actor: { kind: 'operator', id: 'o' }, now: qiyue.now() },
    );
    expect((await qiyue.post('/meter/ops/parked/redrive', { station: 'facts', stream: `lamp-${stuck}` }, operator)).body).toMatchObject({
      handled: 1,
      left: 0,
    });
    await qiyue.settle();
    expect((await events('meter', `meter-of-${stuckId}`)).map(({ type }) => type)).toEqual(['MeterUnstuck', 'LightNoted']);
  });
  test('work outside that keeps failing parks the own event after REACTION_ATTEMPTS_MAX tries, three here; later events of the stream wait behind it; the reason holds no text of the error', async () => {
    outsideFails = true;
    const ids = [await place(), await place()];
    for (const id of ids) await light(id, 60);
    const { parked } = await qiyue.settle({ allowParked: true });
    expect(parked).toEqual(['meter.tell-outside-on-light-noted meter-of-anna: Error/OUTSIDE_DOWN']);
    const { body } = await qiyue.get('/meter/ops/parked', operator);
    expect(body.events).toMatchObject([{ reaction: 'tell-outside-on-light-noted', stream: 'meter-of-anna', events: 2, attempts: 3 }]);
    expect(new Set(told.map(([, lampId]) => lampId)).size).toBe(1);
    outsideFails = false;
    told.length = 0;
    expect(
      (
        await qiyue.post(
          '/meter/ops/parked/redrive',
          { station: 'events', stream: 'meter-of-anna', name: 'tell-outside-on-light-noted' },
          operator,
        )
      ).body,
    ).toEqual({ handled: 2, left: 0 });
    expect(new Set(told.map(([, lampId]) => lampId))).toEqual(new Set(ids));
    await qiyue.settle();
  });
  test('an operator gives up one parked event, with a reason', async () => {
    outsideFails = true;
    const id = await place();
    await light(id, 60);
    await qiyue.settle({ allowParked: true });
    const entry = { station: 'events', stream: 'meter-of-anna', name: 'tell-outside-on-light-noted' };
    expect((await qiyue.post('/meter/ops/parked/discard', entry, operator)).status).toBe(422);
    expect((await qiyue.post('/meter/ops/parked/discard', { ...entry, reason: 'the lamp is gone' }, operator)).body).toEqual({ left: 0 });
    expect((await qiyue.post('/meter/ops/parked/discard', { ...entry, reason: 'the lamp is gone' }, operator)).status).toBe(404);
    await qiyue.settle();
  });
  test('metrics tell what is parked', async () => {
    outsideFails = true;
    await light(await place(), 60);
    await qiyue.settle({ allowParked: true });
    expect((await qiyue.get('/metrics')).text).toContain('qiyue_parked{service="meter",kind="events"} 1');
    await qiyue.post(
      '/meter/ops/parked/discard',
      { station: 'events', stream: 'meter-of-anna', name: 'tell-outside-on-light-noted', reason: 'cleaning up' },
      operator,
    );
  });
});

describe('the test clock over HTTP', () => {
  test('it settles, moves ahead and never goes back', async () => {
    expect((await qiyue.post('/clock/settle', {}, operator)).body).toMatchObject({ quiet: true, parked: [] });
    const later = minutesLater(5);
    expect((await qiyue.post('/clock/advance', { byMs: 300_000 }, operator)).body).toMatchObject({ now: later, quiet: true });
    expect((await qiyue.get('/clock', operator)).body).toEqual({ now: later, mode: 'frozen' });
    expect((await qiyue.post('/clock/advance', { to: '2020-01-01T00:00:00.000Z' }, operator)).status).toBe(422);
    expect((await qiyue.post('/clock/advance', { to: '2026-02-31T99:00:00.000Z' }, operator)).status).toBe(422);
  });
});

describe('stopping', () => {
  test('requests being answered are finished, and every accepted command is there after the start', async () => {
    const accepted: string[] = [];
    let isStopping = false;
    const load = Array.from({ length: 8 }, async () => {
      while (!isStopping) {
        const answer = await qiyue.post('/lamp/lamps', { owner: 'Anna' }, asAnna).catch(() => undefined);
        if (answer === undefined) return;
        if (answer.status === 201) accepted.push(answer.body.id);
        else expect(answer.status).toBe(503);
      }
    });
    await until(async () => accepted.length > 30);
    const stopped = qiyue.platform.stop();
    isStopping = true;
    await Promise.all([stopped, ...load]);
    await qiyue.restart();
    await qiyue.settle();
    for (const id of accepted) expect(await events('lamp', `lamp-${id}`)).toHaveLength(1);
    const rows = await query('lamp', 'SELECT count(*)::int AS count FROM lamps WHERE "lampId" = ANY($1)', [accepted]);
    expect(rows).toEqual([{ count: accepted.length }]);
  });
});

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10));
}
