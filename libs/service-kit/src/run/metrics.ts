import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Metrics of one process. Labels are names from code, never ids of customers. */
export class Metrics {
  readonly registry = new Registry();
  readonly requests = new Histogram({
    name: 'qiyue_http_request_seconds',
    help: 'Time to answer a request.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.registry],
  });
  readonly inFlight = new Gauge({ name: 'qiyue_http_requests_in_flight', help: 'Requests being answered.', registers: [this.registry] });
  readonly overloaded = new Counter({
    name: 'qiyue_http_overloaded_total',
    help: 'Requests refused because too many were being answered.',
    registers: [this.registry],
  });
  readonly commands = new Counter({
    name: 'qiyue_commands_total',
    help: 'Commands by outcome: accepted, replayed or the code of the rejection.',
    labelNames: ['service', 'command', 'outcome'],
    registers: [this.registry],
  });
  readonly reactions = new Counter({
    name: 'qiyue_reactions_total',
    help: 'Attempts of reactions by outcome: done, failed, parked.',
    labelNames: ['service', 'reaction', 'outcome'],
    registers: [this.registry],
  });
  readonly deadlines = new Counter({
    name: 'qiyue_deadlines_total',
    help: 'Attempts of deadlines by outcome: fired, failed, parked.',
    labelNames: ['service', 'deadline', 'outcome'],
    registers: [this.registry],
  });
  readonly lateness = new Histogram({
    name: 'qiyue_deadline_lateness_seconds',
    help: 'Time from when a deadline was due to when it was fired.',
    labelNames: ['service', 'deadline'],
    buckets: [0.1, 0.5, 1, 5, 30, 60, 600, 3600, 86_400],
    registers: [this.registry],
  });
  readonly parked = new Gauge({
    name: 'qiyue_parked',
    help: 'Streams parked by a reaction, and deadlines parked.',
    labelNames: ['service', 'kind'],
    registers: [this.registry],
  });
  readonly lag = new Gauge({
    name: 'qiyue_consumer_lag',
    help: 'Records between a consumer group and the heads of its topics.',
    labelNames: ['service', 'consumer'],
    registers: [this.registry],
  });
  readonly oldestParked = new Gauge({
    name: 'qiyue_oldest_parked_seconds',
    help: 'Age of the key that a consumer group parked longest ago.',
    labelNames: ['service', 'consumer'],
    registers: [this.registry],
  });
  readonly deadLetters = new Gauge({
    name: 'qiyue_dead_letters',
    help: 'Facts that failed for good and are neither re-driven nor discarded.',
    labelNames: ['service', 'consumer'],
    registers: [this.registry],
  });
  readonly halted = new Gauge({
    name: 'qiyue_halted',
    help: 'How many of a kind stand still until somebody acts: relays, read models, partitions of consumers.',
    labelNames: ['service', 'station'],
    registers: [this.registry],
  });
  readonly leading = new Gauge({
    name: 'qiyue_relay_leading',
    help: '1 in the process whose relay tells the facts of the service.',
    labelNames: ['service'],
    registers: [this.registry],
  });
  readonly overdue = new Gauge({
    name: 'qiyue_deadline_overdue_seconds',
    help: 'How long the earliest deadline that is not parked has been due; 0 when none is.',
    labelNames: ['service'],
    registers: [this.registry],
  });
  readonly ready = new Gauge({ name: 'qiyue_ready', help: '1 when /readyz answers 200.', registers: [this.registry] });
  readonly reachable = new Gauge({
    name: 'qiyue_dependency_up',
    help: '1 when what the process depends on answers: its databases, the event store, the vault, the bus.',
    labelNames: ['dependency'],
    registers: [this.registry],
  });
  readonly trouble = new Counter({
    name: 'qiyue_trouble_total',
    help: 'Drops, failures and stalls of subscriptions, relays and consumers.',
    labelNames: ['service', 'station', 'kind'],
    registers: [this.registry],
  });
  readonly personalReads = new Counter({
    name: 'qiyue_personal_reads_total',
    help: 'Reads of personal data by staff.',
    labelNames: ['service', 'role'],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** The same, of one service. */
  of(service: string): ServiceMetrics {
    return new ServiceMetrics(service, this);
  }
}

export class ServiceMetrics {
  constructor(
    private readonly service: string,
    private readonly all: Metrics,
  ) {}

  command(command: string, outcome: string): void {
    this.all.commands.inc({ service: this.service, command, outcome });
  }

  reaction(reaction: string, outcome: 'done' | 'failed' | 'parked'): void {
    this.all.reactions.inc({ service: this.service, reaction, outcome });
  }

  deadline(deadline: string, outcome: 'fired' | 'failed' | 'parked', latenessMs?: number): void {
    this.all.deadlines.inc({ service: this.service, deadline, outcome });
    if (latenessMs !== undefined) this.all.lateness.observe({ service: this.service, deadline }, Math.max(0, latenessMs) / 1000);
  }

  parked(kind: string, count: number): void {
    this.all.parked.set({ service: this.service, kind }, count);
  }

  consumer(
    consumer: string,
    { lag, oldestParkedSeconds, deadLetters }: { readonly lag: number; readonly oldestParkedSeconds: number; readonly deadLetters: number },
  ): void {
    this.all.lag.set({ service: this.service, consumer }, lag);
    this.all.oldestParked.set({ service: this.service, consumer }, oldestParkedSeconds);
    this.all.deadLetters.set({ service: this.service, consumer }, deadLetters);
  }

  halted(station: string, count: number): void {
    this.all.halted.set({ service: this.service, station }, count);
  }

  relay(isLeading: boolean): void {
    this.all.leading.set({ service: this.service }, isLeading ? 1 : 0);
  }

  overdue(seconds: number): void {
    this.all.overdue.set({ service: this.service }, seconds);
  }

  trouble(station: string, kind: string): void {
    this.all.trouble.inc({ service: this.service, station, kind });
  }

  personalRead(role: string): void {
    this.all.personalReads.inc({ service: this.service, role });
  }
}
