import { partitionCount, topicOf, type ServiceName } from '@qiyue/contracts';
import type { EventDeclaration } from '@qiyue/decider';
import type { PoolClient } from 'pg';
import { surviveDrops } from '@qiyue/database';
import { comparePlaces, placeOf } from './envelope-of';
import { describeError, Unmappable } from './faults';
import { migrateMessaging } from './migrations';
import { planRelay } from './relay-batch';
import type { Position, Relay, RelayedEvent, RelayHealth, RelayOptions, RelayProblem, RelaySubscription } from './relay-options';
import { Fenced, RelayPosition, type Lead } from './relay-position';

const MOST_EVENTS = 500;
/** The advisory lock of a service's relay; `$1` is the service. */
const LOCK = `hashtextextended('qiyue relay ' || $1, 0)`;

/** One time of leading: from taking the lock until it is lost, given up or stopped. */
interface Term {
  readonly lead: Lead;
  readonly subscription: RelaySubscription;
  /** Place of the last record of each partition. */
  onBus: ReadonlyMap<number, Position>;
  position: Position | undefined;
  over: boolean;
}

class RelayRunner implements Relay {
  private readonly topic: string;
  private readonly partitions: number;
  private readonly batchSize: number;
  private readonly place: RelayPosition;
  private term: Term | undefined;
  /** An event that cannot be told; stands until it has been told. */
  private eventProblem: string | undefined;
  /** A bus that cannot be the one the facts were told on; looked at with every try to lead. */
  private busProblem: string | undefined;
  private published = 0;
  private reconciled = 0;
  private stopping = false;
  private wake: () => void = () => undefined;
  private running: Promise<void> | undefined;
  private readonly own = new WeakSet<Error>();

  constructor(private readonly options: RelayOptions) {
    const { service, pool, batchSize = MOST_EVENTS } = options;
    this.topic = options.topic ?? topicOf(service as ServiceName);
    this.partitions = options.partitions ?? partitionCount;
    this.batchSize = Math.min(batchSize, MOST_EVENTS);
    this.place = new RelayPosition(surviveDrops(pool), service);
  }

  async start(): Promise<void> {
    this.refuseForeignFacts();
    await migrateMessaging(this.options.pool);
    await this.options.transport.ensureTopics([this.topic], this.partitions);
    // The first try is awaited, so that a relay that is alone leads as soon as it has started.
    const first = this.attempt();
    this.running = first.then((ended) => this.go(ended));
    await first;
  }

  async caughtUp(): Promise<boolean> {
    const term = this.term;
    if (term === undefined || this.problem !== undefined) return false;
    return (await term.subscription.caughtUp()) && this.term === term && !term.over && this.problem === undefined;
  }

  health(): RelayHealth {
    const problem = this.problem;
    const state = this.stopping ? 'stopped' : problem !== undefined ? 'halted' : this.term === undefined ? 'standby' : 'leading';
    return { state, published: this.published, reconciled: this.reconciled, ...(problem === undefined ? {} : { problem }) };
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.wake();
    await this.running;
  }

  private get problem(): string | undefined {
    return this.busProblem ?? this.eventProblem;
  }

  private refuseForeignFacts(): void {
    for (const { category, events } of this.options.declarations) {
      for (const [type, { publication }] of Object.entries<EventDeclaration>(events)) {
        if (publication.kind === 'internal' || publication.fact.service === this.options.service) continue;
        throw new TypeError(
          `${category}: ${type} is told as a fact of ${publication.fact.service}, but ${this.options.service} tells only its own`,
        );
      }
    }
  }

  /** Leads, stands by, and tries again, until stopped. */
  private async go(first: (() => Promise<void>) | undefined): Promise<void> {
    let ended = first;
    while (!this.stopping) {
      await ended?.();
      ended = undefined;
      if (this.stopping) return;
      await this.pause(this.options.standbyMs ?? 1_000);
      ended = this.stopping ? undefined : await this.attempt();
    }
    await ended?.();
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Tries to take the lead; gives what waits for its end and clears up, or undefined when another leads. */
  private async attempt(): Promise<(() => Promise<void>) | undefined> {
    let client: PoolClient | undefined;
    try {
      client = await this.options.pool.connect();
      const held = client;
      let dropped = false;
      // Nobody else listens while the connection is checked out, and it stays so for the whole term.
      const onDrop = (): void => {
        dropped = true;
        this.wake();
      };
      held.on('error', onDrop);
      const { rows } = await held.query<{ mine: boolean }>(`SELECT pg_try_advisory_lock(${LOCK}) AS mine`, [this.options.service]);
      if (rows[0]?.mine !== true) {
        held.removeListener('error', onDrop);
        held.release(dropped);
        // Whatever stood in the way here is the leader's business now.
        this.eventProblem = this.busProblem = undefined;
        return undefined;
      }
      const term = await this.begin(await this.place.takeLead(held));
      return () => this.serve(term, held, () => dropped);
    } catch (error) {
      // Closing the connection lets go of the lock.
      client?.release(true);
      if (!(error instanceof Unmappable)) this.tell('retried', describeError(error));
      return undefined;
    }
  }

  private async begin(lead: Lead): Promise<Term> {
    const tail = await this.options.transport.tail(this.topic);
    if (lead.hasTold && tail.size === 0) {
      const lost = new Unmappable(`${this.topic} is empty although facts have been told on it: the bus has lost them`);
      if (this.busProblem === undefined) this.tell('halted', lost.message);
      this.busProblem = lost.message;
      throw lost;
    }
    this.busProblem = undefined;
    const onBus = new Map([...tail].map(([partition, envelope]) => [partition, placeOf(envelope)]));
    const term: Term = {
      lead,
      onBus,
      position: lead.position,
      over: false,
      subscription: this.options.subscribe({
        categories: this.options.declarations.map(({ category }) => category),
        streams: [...this.options.declarations],
        batchSize: this.batchSize,
        ...(lead.position === undefined ? {} : { from: lead.position }),
        onBatch: (events, upTo) => this.handle(term, events, upTo),
        onTrouble: ({ kind, error }) => this.trouble(term, kind, error),
      }),
    };
    this.term = term;
    return term;
  }

  /** Waits for the end of a term, then lets the batch in hand finish before anybody else may lead. */
  private async serve(term: Term, client: PoolClient, dropped: () => boolean): Promise<void> {
    while (!this.stopping && !term.over && !dropped()) await this.pause(60_000);
    term.over = true;
    this.term = undefined;
    await term.subscription.stop();
    if (dropped() && !this.stopping) this.tell('fenced', 'connection-lost');
    // Given back before the connection goes, which takes the server a moment to notice: until then even this relay would find the lead taken.
    if (!dropped()) await client.query(`SELECT pg_advisory_unlock(${LOCK})`, [this.options.service]).catch(() => undefined);
    client.release(true);
  }

  private async handle(term: Term, events: readonly RelayedEvent[], upTo: Position): Promise<void> {
    try {
      const after = term.position;
      const news = events.filter(({ position }) => position === undefined || after === undefined || comparePlaces(position, after) > 0);
      for (let at = 0; at < news.length; at += this.batchSize) await this.relay(term, news.slice(at, at + this.batchSize));
      if (term.position === undefined || comparePlaces(upTo, term.position) > 0) await this.save(term, upTo, undefined, new Map());
      this.eventProblem = undefined;
    } catch (error) {
      if (error instanceof Error) this.own.add(error);
      if (error instanceof Unmappable) this.giveUp(term, error.message);
      else if (!(error instanceof Fenced)) this.tell('retried', describeError(error));
      else if (!term.over) {
        this.tell('fenced', 'another-leads');
        this.end(term);
      }
      throw error;
    }
  }

  private async relay(term: Term, events: readonly RelayedEvent[]): Promise<void> {
    // A term that is over may have a successor by now; what it published could come late.
    if (term.over) throw new Fenced('this term is over');
    const tails = await this.place.tails([...new Set(events.map(({ stream }) => stream))]);
    const plan = planRelay({ events, streams: this.options.declarations, tails, onBus: term.onBus, partitions: this.partitions });
    if (plan.envelopes.length > 0) await this.options.transport.publish(this.topic, plan.envelopes);
    // Only now: envelopes that are told again after a failure must be the same to the letter.
    term.onBus = plan.onBus;
    if (plan.upTo !== undefined) await this.save(term, plan.upTo, plan.told, plan.tails);
    this.published += plan.envelopes.length;
    this.reconciled += plan.skipped;
    if (plan.stuck !== undefined) throw plan.stuck;
  }

  private async save(term: Term, position: Position, told: Position | undefined, tails: ReadonlyMap<string, bigint>): Promise<void> {
    await this.place.save(term.lead.epoch, position, told, tails);
    term.position = position;
  }

  private trouble(term: Term, kind: 'dropped' | 'failed' | 'stalled', error: unknown): void {
    if (error instanceof Error && this.own.has(error)) return;
    // The subscription could not read an event: as little to be skipped as one that cannot be mapped.
    if (kind === 'failed') this.giveUp(term, `an event cannot be read: ${describeError(error)}`);
    else this.tell('retried', describeError(error));
  }

  /** Steps down: a process with newer code may know the event, and takes over if there is one. */
  private giveUp(term: Term, problem: string): void {
    // Said once, not with every try.
    if (this.eventProblem !== problem) this.tell('halted', problem);
    this.eventProblem = problem;
    this.end(term);
  }

  private end(term: Term): void {
    term.over = true;
    this.wake();
  }

  private tell(kind: RelayProblem['kind'], error: string): void {
    this.options.onProblem?.({ kind, service: this.options.service, error });
  }
}

/**
 * Starts telling a service's facts: follows its streams from where the last leader stopped and publishes what their events declare. One relay of a
 * service leads at a time, in whatever process; the others stand by.
 * @throws TypeError when an event is declared as another service's fact, WrongPartitionCount when the topic is another.
 */
export const startRelay = async (options: RelayOptions): Promise<Relay> => {
  const relay = new RelayRunner(options);
  await relay.start();
  return relay;
};
