import { Gate, lampService } from './fixtures/lamp';
import { startPlatform, type TestPlatform } from './testing';

let qiyue: TestPlatform;
let open: () => void = () => undefined;
let arrive: () => void = () => undefined;
const opened = new Promise<void>((resolve) => (open = resolve));
const arrived = new Promise<void>((resolve) => (arrive = resolve));

beforeAll(async () => {
  qiyue = await startPlatform([lampService], { ports: [{ provide: Gate, useValue: { pass: () => (arrive(), opened) } }] });
}, 60_000);
afterAll(() => qiyue?.stop());

test('a process that stops says so, sends whoever comes elsewhere, finishes what it has, and only then closes its port', async () => {
  const held = qiyue.get('/lamp/gate/slow');
  await arrived;
  const stopped = qiyue.platform.stop();
  for (let times = 0; times < 2; times += 1) {
    expect(await qiyue.get('/readyz')).toMatchObject({ status: 503, body: { status: 'unready' } });
    expect((await qiyue.get('/livez')).status).toBe(200);
    const refused = await qiyue.post('/lamp/lamps', { owner: 'Anna' }, { as: { role: 'customer', sub: 'anna' } });
    expect(refused).toMatchObject({ status: 503, body: { code: 'unavailable', detail: 'this process is stopping' } });
    expect([refused.headers.get('retry-after'), refused.headers.get('connection')]).toEqual(['1', 'close']);
  }
  open();
  expect(await held).toMatchObject({ status: 200, body: { name: 'slow' } });
  await stopped;
  await expect(qiyue.get('/livez')).rejects.toThrow();
});
