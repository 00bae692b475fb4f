import { topicOf, groupOf, partitionCount, type Envelope, type ServiceName } from '@qiyue/contracts';
import type { FactLike } from '@qiyue/decider';
import { subscribe, type StoredEvent, type SubscribeOptions, type Subscription } from '@qiyue/event-store';
import { isOutage, startConsumer, startRelay, type ConsumerHandle, type Relay } from '@qiyue/messaging';
import { factsSink, itemOfEnvelope, startOwnProjections, type OwnProjections, type ProjectionHooks } from '@qiyue/projections';
import type { AnyDeadline } from '../declare/deadline';
import type { AnyReaction } from '../declare/reaction';
import { DeadlineBook } from './deadline-book';
import { Deadlines } from './deadlines';
import { Leadership } from './leadership';
import { OwnReactions } from './own-reactions';
import { ParkedStore } from './parked-store';
import type { QuietCheck } from './quiet';
import { replayOf } from './replay';
import { runReaction, type ReactingParts } from './reacting';
import type { ServiceRuntime } from './service-runtime';

/** What a service runs beside answering requests. */
export interface Stations {
  readonly checks: readonly QuietCheck[];
  readonly parked: ParkedStore;
  readonly ownReactions: OwnReactions;
  readonly book: DeadlineBook;
  readonly projections: OwnProjections;
  readonly relay: Relay;
  /** Consumers of foreign facts by what they are for. */
  readonly consumers: Readonly<Partial<Record<'read-models' | 'reactions', ConsumerHandle>>>;
  /** Looks for due deadlines now. */
  kick(): void;
  /** What an operator should see: nothing when all is well. */
  problems(): Promise<readonly string[]>;
  /** Whether a part cannot go on by itself, so that the process should end. */
  fatal(): unknown;
  stop(): Promise<void>;
}

type FactTrigger = FactLike;
const isFact = (trigger: AnyReaction['on'][number]): trigger is FactTrigger => 'service' in trigger;
const factId = ({ service, name, version }: Pick<FactLike, 'service' | 'name' | 'version'>): string => `${service}.${name}.${version}`;
const distinct = (facts: readonly FactLike[]): readonly FactLike[] => [...new Map(facts.map((fact) => [factId(fact), fact])).values()];
const topicsOf = (facts: readonly FactLike[]): readonly string[] => [...new Set(facts.map(({ service }) => topicOf(service as ServiceName)))].sort();

/** Reacts to one fact with every reaction that listens to it; all are tried before the first failure is thrown. */
const reactTo = (runtime: ServiceRuntime, parts: ReactingParts, reactions: readonly AnyReaction[]) => async (envelope: Envelope): Promise<void> => {
  const item = itemOfEnvelope(envelope);
  const id = `${item.service}.${item.type}.${item.version}`;
  const failures: unknown[] = [];
  for (const reaction of reactions.filter(({ on }) => on.some((trigger) => isFact(trigger) && factId(trigger) === id))) {
    try {
      await runReaction(parts, reaction, { item, traceparent: envelope.traceparent });
      runtime.metrics.reaction(reaction.name, 'done');
    } catch (fault) {
      runtime.metrics.reaction(reaction.name, 'failed');
      runtime.process.logger[isOutage(fault) ? 'warn' : 'error']({ err: fault, service: parts.service, reaction: reaction.name, eventId: item.id, traceparent: envelope.traceparent }, 'a reaction failed');
      failures.push(fault);
    }
  }
  if (failures.length > 0) throw failures.find((fault) => !isOutage(fault)) ?? failures[0];
};

const startConsumers = async (runtime: ServiceRuntime, parts: ReactingParts, hooks: ProjectionHooks): Promise<Stations['consumers']> => {
  const { definition, process, pool, metrics } = runtime;
  const { transport, logger, config } = process;
  const name = definition.name;
  const reactions = definition.reactions.filter((one): one is AnyReaction => one.kind === 'reaction');
  const common = {
    transport, pool,
    retry: { attempts: config.reactionAttemptsMax, firstDelayMs: config.reactionBackoffMs },
    onProblem: (problem: { kind: string; group: string }) => {
      metrics.trouble(problem.group, problem.kind);
      logger.warn({ service: name, ...problem }, 'a consumer is in trouble');
    },
  };
  const reacted = distinct(reactions.flatMap(({ on }) => on.filter(isFact)));
  const followed = distinct(definition.readModels.flatMap(({ facts }) => facts));
  const readModels = followed.length === 0 ? undefined : await startConsumer({ ...common, mode: 'projection', group: groupOf(name, 'read-models'), topics: topicsOf(followed), handles: followed, apply: factsSink(definition.readModels, hooks) });
  const reacting = reacted.length === 0 ? undefined : await startConsumer({ ...common, mode: 'reaction', group: groupOf(name, 'reactions'), topics: topicsOf(reacted), handles: reacted, react: reactTo(runtime, parts, reactions) });
  return { ...(readModels === undefined ? {} : { 'read-models': readModels }), ...(reacting === undefined ? {} : { reactions: reacting }) };
};

/** What only one process of a service runs: reactions to own events, and deadlines. */
class LeaderStations {
  private subscriptions: Subscription[] = [];
  private deadlines: Deadlines | undefined;
  private readonly leadership: Leadership;

  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly parts: ReactingParts,
    private readonly ownReactions: OwnReactions,
    private readonly book: DeadlineBook,
    private readonly declared: readonly AnyDeadline[],
  ) {
    const { process, pool, definition } = runtime;
    this.leadership = new Leadership({ pool, name: `${definition.name}.own-stations`, lead: () => this.lead(), onTrouble: (fault) => process.logger.warn({ err: fault, service: definition.name }, 'the lead of the own stations was lost') });
  }

  kick(): void {
    this.deadlines?.kick();
  }

  async caughtUp(): Promise<boolean> {
    if (!this.leadership.isLeading()) return false;
    const answers = await Promise.all(this.subscriptions.map((subscription) => subscription.caughtUp()));
    return answers.every(Boolean) && this.leadership.isLeading();
  }

  stop(): Promise<void> {
    return this.leadership.stop();
  }

  private async lead(): Promise<() => Promise<void>> {
    const { ownReactions, book, declared, runtime, parts } = this;
    const { process, pool, metrics, definition } = runtime;
    const reacting = this.follow('reactions', await ownReactions.position(), (events, upTo) => ownReactions.handle(events, upTo));
    const booking = this.follow('deadlines', await book.position(), async (events, upTo) => {
      await book.apply(events, upTo);
      this.deadlines?.kick();
    });
    this.subscriptions = [reacting, booking];
    this.deadlines = new Deadlines({
      pool, book, declared, parts, metrics, pollMs: process.config.deadlinePollMs, attemptsMax: process.config.reactionAttemptsMax, backoffMs: process.config.reactionBackoffMs,
      isBookCurrent: () => booking.caughtUp(),
      onTrouble: (deadline, fault, isParked) => process.logger[isParked ? 'error' : 'warn']({ err: fault, service: definition.name, deadline }, isParked ? 'a deadline is parked' : 'a deadline failed'),
    });
    return async () => {
      await Promise.all([this.deadlines?.stop(), ...this.subscriptions.map((subscription) => subscription.stop())]);
      this.subscriptions = [];
      this.deadlines = undefined;
    };
  }

  private follow(station: string, from: SubscribeOptions['from'], onBatch: (events: readonly StoredEvent[], upTo: NonNullable<SubscribeOptions['from']>) => Promise<void>): Subscription {
    const { definition, process, metrics } = this.runtime;
    return subscribe({
      client: process.client, categories: definition.streams.map(({ category }) => category), streams: definition.streams, onBatch, batchSize: 100,
      ...(from === undefined ? {} : { from }),
      onTrouble: ({ kind, error, attempt }) => {
        metrics.trouble(station, kind);
        process.logger.warn({ err: error, service: definition.name, station, kind, attempt }, 'a subscription is in trouble');
      },
    });
  }
}

const stop = async (name: string, runtime: ServiceRuntime, run: () => Promise<unknown>): Promise<void> => {
  await run().catch((fault: unknown) => runtime.process.logger.warn({ err: fault, service: runtime.definition.name, station: name }, 'a station did not stop cleanly'));
};

/** Starts relay, projections, consumers, own reactions and deadlines of a service. */
export const startStations = async (runtime: ServiceRuntime, parts: ReactingParts): Promise<Stations> => {
  const { definition, process, pool, metrics } = runtime;
  const { name, streams, readModels } = definition;
  const { client, transport, logger, config } = process;
  await transport.ensureTopics([topicOf(name), ...topicsOf(definition.reactions.flatMap((one) => (one.kind === 'reaction' ? one.on.filter(isFact) : []))), ...topicsOf(readModels.flatMap(({ facts }) => facts))], partitionCount);
  const source = (options: Omit<SubscribeOptions, 'client'>): Subscription => subscribe({ client, ...options });
  const hooks: ProjectionHooks = {
    onHalt: (halt) => logger.error({ service: name, ...halt }, 'a read model has halted'),
    onTrouble: ({ error, attempt }) => logger.warn({ err: error, service: name, attempt }, 'read models are in trouble'),
    onRebuild: (rebuild) => logger.info({ service: name, ...rebuild }, 'a read model is filled'),
  };
  const projections = await startOwnProjections({ pool, models: readModels, subscribe: source, replay: replayOf(transport), hooks });
  const consumers = await startConsumers(runtime, parts, hooks);
  const relay = await startRelay({ service: name, subscribe: source as never, transport, pool, declarations: streams, onProblem: (problem) => logger.error(problem, 'the relay is in trouble') });
  const parked = new ParkedStore(pool);
  const reactions = definition.reactions.filter((one): one is AnyReaction => one.kind === 'reaction');
  const declared = definition.reactions.filter((one): one is AnyDeadline => one.kind === 'deadline');
  const ownReactions = new OwnReactions({
    pool, parked, reactions, streams, parts, metrics, attemptsMax: config.reactionAttemptsMax, backoffMs: config.reactionBackoffMs,
    onTrouble: (reaction, event, fault, isParked) => logger[isParked ? 'error' : 'warn']({ err: fault, service: name, reaction, eventId: event.id }, isParked ? 'a reaction is parked' : 'a reaction failed'),
  });
  const book = new DeadlineBook(pool, declared);
  const leader = new LeaderStations(runtime, parts, ownReactions, book, declared);
  const check = (station: string, isQuiet: () => Promise<boolean>, listParked?: () => Promise<readonly string[]>): QuietCheck => ({ name: `${name}.${station}`, isQuiet, ...(listParked === undefined ? {} : { parked: listParked }) });
  const consumerChecks = Object.entries(consumers).map(([station, consumer]) => check(`consumer.${station}`, () => consumer.caughtUp(), async () => (await consumer.list()).map(({ key, first }) => `${name}.${station} ${key}: ${first.reason}`)));
  return {
    checks: [
      check('relay', () => relay.caughtUp()), check('projections', () => projections.caughtUp()), ...consumerChecks,
      check('own-stations', () => leader.caughtUp(), async () => (await parked.list()).map(({ reaction, stream, reason }) => `${name}.${reaction} ${stream}: ${reason}`)),
      check('deadlines', async () => !(await book.isAnythingDue(process.clock.now())), async () => (await book.parked()).map(({ stream, name: deadline, parked_reason }) => `${name}.${deadline} ${stream}: ${parked_reason}`)),
    ],
    parked, ownReactions, book, projections, relay, consumers,
    kick: () => leader.kick(),
    problems: async () => [...(relay.health().state === 'halted' ? [`${name}.relay is halted`] : []), ...(await projections.health()).filter(({ state }) => state === 'halted').map(({ model }) => `${name}.${model} is halted`)],
    fatal: () => Object.values(consumers).map((consumer) => consumer.fatal()).find((fault) => fault !== undefined),
    stop: async () => {
      await Promise.all([stop('own-stations', runtime, () => leader.stop()), stop('relay', runtime, () => relay.stop()), ...Object.entries(consumers).map(([station, consumer]) => stop(station, runtime, () => consumer.stop()))]);
      await stop('projections', runtime, () => projections.stop());
    },
  };
};
