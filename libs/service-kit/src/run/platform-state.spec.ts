import { Metrics } from './metrics';
import { PlatformState } from './platform-state';
import type { Process } from './process';
import type { ServiceRuntime } from './service-runtime';

const away = (): Promise<never> => Promise.reject(new Error('away'));
const there = (): Promise<unknown> => Promise.resolve([]);
const NOW = Date.parse('2026-03-02T10:00:00Z');

interface Scene {
  readonly database?: () => Promise<unknown>;
  readonly store?: () => Promise<unknown>;
  readonly bus?: () => Promise<unknown>;
  readonly relay?: 'leading' | 'standby' | 'halted';
  readonly due?: string;
}

/** One service as health and metrics see it, with whatever is away or stuck. */
const scene = ({ database = there, store = there, bus = there, relay = 'leading', due }: Scene = {}): {
  state: PlatformState;
  metrics: Metrics;
} => {
  const metrics = new Metrics();
  const stats = {
    lag: 7,
    parkedKeys: 2,
    parkedEvents: 3,
    oldestParkedSeconds: 60,
    deadLetters: 4,
    unrouted: 0,
    handled: 0,
    duplicates: 0,
    retries: 0,
    halted: ['t/0: gap'],
  };
  const stations = {
    parked: { list: () => Promise.resolve([{}]) },
    book: { parked: () => database().then(() => [{}, {}]), next: () => Promise.resolve(due) },
    projections: { health: () => Promise.resolve([{ state: 'live' }, { state: 'halted' }]) },
    relay: { health: () => ({ state: relay }) },
    consumers: { reactions: { stats: () => bus().then(() => stats) } },
    problems: () => Promise.resolve([]),
  };
  const service = {
    definition: { name: 'order' },
    pool: { query: database },
    stations,
    metrics: metrics.of('order'),
  } as unknown as ServiceRuntime;
  const process = {
    metrics,
    client: { readAllBackwards: store },
    transport: { head: bus },
    vault: { digest: there },
    clock: { nowMs: () => NOW },
  } as unknown as Process;
  const state = new PlatformState(process, [service]);
  state.markStarted();
  return { state, metrics };
};

const gauge = async ({ registry }: Metrics, name: string, labels: Readonly<Record<string, string>> = {}): Promise<number | undefined> => {
  const read = await registry.getSingleMetric(name)?.get();
  return read?.values.find((value) => Object.entries(labels).every(([label, wanted]) => value.labels[label] === wanted))?.value;
};

test('everything that stands still is counted at each look', async () => {
  const { state, metrics } = scene({ relay: 'halted', due: '2026-03-02T09:59:00Z' });
  await state.measure();
  const look = (name: string, labels?: Readonly<Record<string, string>>) => gauge(metrics, name, labels);
  expect(await look('qiyue_halted', { station: 'relay' })).toBe(1);
  expect(await look('qiyue_halted', { station: 'read-models' })).toBe(1);
  expect(await look('qiyue_halted', { station: 'consumer.reactions' })).toBe(1);
  expect(await look('qiyue_relay_leading')).toBe(0);
  expect(await look('qiyue_parked', { kind: 'deadlines' })).toBe(2);
  expect(await look('qiyue_parked', { kind: 'reactions' })).toBe(2);
  expect(await look('qiyue_dead_letters', { consumer: 'reactions' })).toBe(4);
  expect(await look('qiyue_consumer_lag', { consumer: 'reactions' })).toBe(7);
  expect(await look('qiyue_deadline_overdue_seconds')).toBe(60);
  expect(await look('qiyue_ready')).toBe(1);
});

test('a deadline that is still to come is not overdue', async () => {
  const { state, metrics } = scene({ due: '2026-03-02T10:00:01Z' });
  await state.measure();
  expect(await gauge(metrics, 'qiyue_deadline_overdue_seconds')).toBe(0);
});

test('metrics are answered while the database is away, and say that it is', async () => {
  const { state, metrics } = scene({ database: away });
  await state.measure();
  expect(await gauge(metrics, 'qiyue_dependency_up', { dependency: 'database.order' })).toBe(0);
  expect(await gauge(metrics, 'qiyue_dependency_up', { dependency: 'event-store' })).toBe(1);
  expect(await gauge(metrics, 'qiyue_ready')).toBe(0);
  expect(await state.readiness()).toMatchObject({ ready: false, checks: { 'database.order': 'failed', 'event-store': 'ok', vault: 'ok' } });
});

test('a bus that is away is told, and no reason to be unready', async () => {
  const { state, metrics } = scene({ bus: away });
  await state.measure();
  expect(await gauge(metrics, 'qiyue_dependency_up', { dependency: 'bus' })).toBe(0);
  expect(await gauge(metrics, 'qiyue_ready')).toBe(1);
  expect(await state.readiness()).toMatchObject({ ready: true, degraded: ['the bus is not reachable'] });
});

test('an event store that is away makes unready, and so does stopping', async () => {
  expect(await scene({ store: away }).state.readiness()).toMatchObject({ ready: false });
  const { state, metrics } = scene();
  state.markStopping();
  await state.measure();
  expect(await gauge(metrics, 'qiyue_ready')).toBe(0);
});
