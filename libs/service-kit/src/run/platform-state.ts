import { topicOf } from '@qiyue/contracts';
import type { Process } from './process';
import type { ServiceRuntime } from './service-runtime';

/** What health, metrics and the test clock ask of the whole process. */
export class PlatformState {
  private stopping = false;
  private started = false;

  constructor(
    readonly process: Process,
    readonly services: readonly ServiceRuntime[],
  ) {}

  markStarted(): void {
    this.started = true;
  }

  markStopping(): void {
    this.stopping = true;
  }

  isStopping(): boolean {
    return this.stopping;
  }

  fatal(): unknown {
    if (!this.started || this.stopping) return undefined;
    return this.services.map((service) => service.stations.fatal()).find((fault) => fault !== undefined);
  }

  /** Earliest instant that any deadline of any service waits for. */
  async nextDue(): Promise<string | undefined> {
    const all = await Promise.all(this.services.map((service) => service.stations.book.next()));
    return all.filter((due) => due !== undefined).sort()[0];
  }

  async readiness(): Promise<{
    readonly ready: boolean;
    readonly checks: Readonly<Record<string, 'ok' | 'failed'>>;
    readonly degraded: readonly string[];
  }> {
    const { checks, bus } = await this.ask();
    const problems = this.started
      ? (await Promise.all(this.services.map((service) => service.stations.problems().catch(() => [])))).flat()
      : [];
    return { ready: this.isReady(checks), checks, degraded: [...(bus === 'ok' ? [] : ['the bus is not reachable']), ...problems] };
  }

  /** Brings gauges up to date that are counted only when asked for. Those of a service whose database is away keep what they last said: `qiyue_dependency_up` tells. */
  async measure(): Promise<void> {
    const { metrics } = this.process;
    const { checks, bus } = await this.ask();
    for (const [dependency, answer] of Object.entries({ ...checks, bus })) metrics.reachable.set({ dependency }, answer === 'ok' ? 1 : 0);
    metrics.ready.set(this.isReady(checks) ? 1 : 0);
    if (!this.started || this.stopping) return;
    await Promise.all(this.services.map((service) => within(() => this.measureService(service))));
  }

  private async measureService({ stations, metrics }: ServiceRuntime): Promise<void> {
    const { parked, book, projections, relay } = stations;
    const [events, deadlines, due, models] = await Promise.all([parked.list(), book.parked(), book.next(), projections.health()]);
    const { state } = relay.health();
    metrics.parked('events', events.length);
    metrics.parked('deadlines', deadlines.length);
    metrics.overdue(due === undefined ? 0 : Math.max(0, this.process.clock.nowMs() - Date.parse(due)) / 1000);
    metrics.relay(state === 'leading');
    metrics.halted('relay', state === 'halted' ? 1 : 0);
    metrics.halted('read-models', models.filter((model) => model.state === 'halted').length);
    for (const [name, consumer] of Object.entries(stations.consumers)) {
      const stats = await consumer.stats();
      metrics.parked(name, stats.parkedKeys);
      metrics.halted(`consumer.${name}`, stats.halted.length);
      metrics.consumer(name, stats);
    }
  }

  /** Asks everything the process depends on whether it is there. */
  private async ask(): Promise<{ readonly checks: Readonly<Record<string, 'ok' | 'failed'>>; readonly bus: 'ok' | 'failed' }> {
    const { client, transport, vaultCheck } = this.checks();
    const databases = this.services.map(
      (service) => [`database.${service.definition.name}`, () => service.pool.query('SELECT 1')] as const,
    );
    const asked = [...databases, ['event-store', client] as const, ['vault', vaultCheck] as const];
    const [bus, ...answers] = await Promise.all([
      within(transport),
      ...asked.map(async ([name, ask]) => [name, await within(ask)] as const),
    ]);
    return { checks: Object.fromEntries(answers), bus };
  }

  private isReady(checks: Readonly<Record<string, 'ok' | 'failed'>>): boolean {
    return this.started && !this.stopping && Object.values(checks).every((answer) => answer === 'ok');
  }

  private checks(): { client: () => Promise<unknown>; transport: () => Promise<unknown>; vaultCheck: () => Promise<unknown> } {
    const { client, transport, vault } = this.process;
    const first = this.services[0]?.definition.name;
    return {
      client: () => client.readAllBackwards({ maxCount: 1 }),
      transport: () => (first === undefined ? Promise.resolve() : transport.head(topicOf(first))),
      vaultCheck: () => vault.digest('readiness'),
    };
  }
}

const PATIENCE_MS = 2_000;

const within = async (ask: () => Promise<unknown>): Promise<'ok' | 'failed'> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'failed'>((resolve) => (timer = setTimeout(resolve, PATIENCE_MS, 'failed')));
  const asked = (async () => ask())().then(
    () => 'ok' as const,
    () => 'failed' as const,
  );
  return Promise.race([asked, late]).finally(() => clearTimeout(timer));
};
