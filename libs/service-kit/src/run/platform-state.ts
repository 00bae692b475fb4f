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
    const { client, transport, vaultCheck } = this.checks();
    const databases = this.services.map(
      (service) => [`database.${service.definition.name}`, () => service.pool.query('SELECT 1')] as const,
    );
    const asked = [...databases, ['event-store', client] as const, ['vault', vaultCheck] as const];
    const answers = await Promise.all(asked.map(async ([name, ask]) => [name, await within(ask)] as const));
    const bus = await within(transport);
    const problems = this.started
      ? (await Promise.all(this.services.map((service) => service.stations.problems().catch(() => [])))).flat()
      : [];
    const ready = this.started && !this.stopping && answers.every(([, answer]) => answer === 'ok');
    return { ready, checks: Object.fromEntries(answers), degraded: [...(bus === 'ok' ? [] : ['the bus is not reachable']), ...problems] };
  }

  /** Brings gauges up to date that are counted only when asked for. */
  async measure(): Promise<void> {
    if (!this.started || this.stopping) return;
    await Promise.all(
      this.services.map(async ({ stations, metrics }) => {
        const [events, deadlines, ...consumers] = await Promise.all([
          stations.parked.list(),
          stations.book.parked(),
          ...Object.entries(stations.consumers).map(async ([name, consumer]) => ({ name, stats: await consumer.stats() })),
        ]);
        metrics.parked('events', events.length);
        metrics.parked('deadlines', deadlines.length);
        for (const { name, stats } of consumers) {
          metrics.parked(name, stats.parkedKeys);
          metrics.consumer(name, stats.lag, stats.oldestParkedSeconds);
        }
      }),
    );
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
