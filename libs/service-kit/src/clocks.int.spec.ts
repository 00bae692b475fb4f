import { Tokens, createPlatform, type Platform } from './index';
import { lampService } from './fixtures/lamp';
import { meterService, Outside } from './fixtures/meter';
import { startPlatform, type TestPlatform } from './testing';

let lamps: TestPlatform;
let meters: Platform;

beforeAll(async () => {
  lamps = await startPlatform([lampService]);
  const outside: Outside = { tell: () => Promise.resolve() };
  meters = await createPlatform({ services: [meterService], env: lamps.env, ports: [{ provide: Outside, useValue: outside }] });
}, 60_000);
afterAll(async () => {
  await meters?.stop();
  await lamps?.stop();
});

test('what happened after the test clock was moved is handled after it in every process, even in one that has not heard of the move', async () => {
  // It reads the shared clock a few times a second; here it does not get round to it.
  meters.state.process.testClock?.close();
  const later = '2026-05-04T03:02:01.000Z';
  await lamps.advanceTo(later);
  expect(meters.state.process.clock.now()).not.toBe(later);
  const anna = { as: { role: 'customer', sub: 'anna' } } as const;
  const { id } = (await lamps.post('/lamp/lamps', { owner: 'Anna' }, anna)).body as { id: string };
  expect((await lamps.post(`/lamp/lamps/${id}/light`, { minutes: 5 }, anna)).status).toBe(200);
  await lamps.settle();
  await meters.state.process.quiet.settle(20_000);
  const { token } = await meters.get('meter', Tokens).issue({ role: 'auditor', sub: 'auditor-1' });
  const stream = await fetch(`${meters.url}/meter/audit/streams/meter-of-anna`, { headers: { authorization: `Bearer ${token}` } });
  const { events } = (await stream.json()) as { events: { type: string; metadata: { recordedAt: string } }[] };
  expect(events).toMatchObject([{ type: 'LightNoted', metadata: { recordedAt: later } }]);
});
