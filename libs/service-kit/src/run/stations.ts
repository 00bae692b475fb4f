import { partitionCount, topicOf } from '@qiyue/contracts';
import { shareSubscriptions, subscribe, type SubscribeOptions, type Subscription } from '@qiyue/event-store';
import { startRelay, type Relay } from '@qiyue/messaging';
import { replayOf, startOwnProjections, type OwnProjections, type ProjectionHooks } from '@qiyue/projections';
import type { AnyDeadline } from '../declare/deadline';
import type { AnyReaction } from '../declare/reaction';
import { DeadlineBook } from './deadline-book';
import { startFactConsumers, topicsRead, type FactConsumers } from './fact-consumers';
import { LeaderStations } from './leader-stations';
import { OwnReactions } from './own-reactions';
import { ParkedStore } from './parked-store';
import type { QuietCheck } from './quiet';
import { need } from './need';
import type { ReactingParts } from './reacting';
import type { ServiceRuntime } from './service-runtime';

/** What a service runs beside answering requests. */
export interface Stations {
  readonly checks: readonly QuietCheck[];
  readonly parked: ParkedStore;
  readonly ownReactions: OwnReactions;
  readonly book: DeadlineBook;
  readonly projections: OwnProjections;
  readonly relay: Relay;
  readonly consumers: FactConsumers;
  /** Looks for due deadlines now. */
  kick(): void;
  /** What an operator should see: nothing when all is well. */
  problems(): Promise<readonly string[]>;
  /** Whether a part cannot go on by itself, so that the process should end. */
  fatal(): unknown;
  stop(): Promise<void>;
}

/** Follows the service's own events. */
export type Source = (options: Omit<SubscribeOptions, 'client'>) => Subscription;

const stop = async (name: string, runtime: ServiceRuntime, run: () => Promise<unknown>): Promise<void> => {
  await run().catch((fault: unknown) =>
    runtime.process.logger.warn({ err: fault, service: runtime.definition.name, station: name }, 'a station did not stop cleanly'),
  );
};

const haltedModels = async (projections: OwnProjections): Promise<readonly string[]> =>
  (await projections.health()).filter(({ state }) => state === 'halted').map(({ model }) => model);

const openOwnStations = (runtime: ServiceRuntime, parts: ReactingParts, source: Source) => {
  const { definition, process, pool, metrics } = runtime;
  const { logger, config } = process;
  const parked = new ParkedStore(pool);
  const reactions = definition.reactions.filter((one): one is AnyReaction => one.kind === 'reaction');
  const declared = definition.reactions.filter((one): one is AnyDeadline => one.kind === 'deadline');
  const ownReactions = new OwnReactions({
    pool,
    parked,
    reactions,
    streams: definition.streams,
    parts,
    metrics,
    attemptsMax: config.reactionAttemptsMax,
    backoffMs: config.reactionBackoffMs,
    onTrouble: (reaction, event, fault, isParked) =>
      logger[isParked ? 'error' : 'warn'](
        { err: fault, service: definition.name, reaction, eventId: event.id },
        isParked ? 'a reaction is parked' : 'a reaction failed',
      ),
  });
  const book = new DeadlineBook(pool, declared);
  return { parked, ownReactions, book, leader: new LeaderStations(runtime, parts, source, ownReactions, book, declared) };
};

type Checked = Pick<Stations, 'relay' | 'projections' | 'consumers' | 'parked' | 'book'> & { readonly leader: LeaderStations };

const checksOf = ({ definition: { name }, process }: ServiceRuntime, stations: Checked): readonly QuietCheck[] => {
  const { relay, projections, consumers, parked, book, leader } = stations;
  return [
    { name: `${name}.relay`, isQuiet: () => relay.caughtUp() },
    {
      name: `${name}.projections`,
      isQuiet: () => projections.caughtUp(),
      parked: async () => (await haltedModels(projections)).map((model) => `${name}.${model} is halted`),
    },
    ...Object.entries(consumers).map(([station, consumer]) => ({
      name: `${name}.consumer.${station}`,
      isQuiet: () => consumer.caughtUp(),
      parked: async () => [
        ...(await consumer.list()).map(({ key, first }) => `${name}.${station} ${key}: ${first.reason}`),
        ...(await consumer.stats()).halted.map((partition) => `${name}.${station} is halted at ${partition}`),
      ],
    })),
    {
      name: `${name}.own-stations`,
      isQuiet: () => leader.caughtUp(),
      parked: async () => (await parked.list()).map(({ reaction, stream, reason }) => `${name}.${reaction} ${stream}: ${reason}`),
    },
    {
      name: `${name}.deadlines`,
      isQuiet: async () => !(await book.isAnythingDue(process.clock.now())),
      parked: async () =>
        (await book.parked()).map(({ stream, name: deadline, parked_reason }) => `${name}.${deadline} ${stream}: ${parked_reason}`),
    },
  ];
};

/** Starts relay, projections, consumers, own reactions and deadlines of a service. */
export const startStations = async (runtime: ServiceRuntime, parts: ReactingParts): Promise<Stations> => {
  const { definition, process, pool } = runtime;
  const { name, streams, readModels } = definition;
  const { client, transport, logger, config, pace } = process;
  await need('the bus', () => transport.ensureTopics([topicOf(name), ...topicsRead(definition)], partitionCount));
  const categories = streams.map(({ category }) => category);
  const shared = shareSubscriptions(client, categories, config.feedEventsMax);
  const source: Source = (options) => subscribe({ client: shared, rest: pace.rest, ...options });
  const hooks: ProjectionHooks = {
    onHalt: (halt) => logger.error({ service: name, ...halt }, 'a read model has halted'),
    onTrouble: ({ error, attempt }) => logger.warn({ err: error, service: name, attempt }, 'read models are in trouble'),
    onRebuild: (rebuild) => logger.info({ service: name, ...rebuild }, 'a read model is filled'),
  };
  const projections = await startOwnProjections({
    pool,
    models: readModels,
    subscribe: source,
    replay: replayOf(transport),
    hooks,
    maxBatch: config.projectionBatchMax,
  });
  const consumers = await startFactConsumers(runtime, parts, hooks);
  const relay = await startRelay({
    service: name,
    subscribe: source,
    transport,
    pool,
    declarations: streams,
    batchSize: config.relayBatchMax,
    onProblem: (problem) => logger.error(problem, 'the relay is in trouble'),
  });
  const { parked, ownReactions, book, leader } = openOwnStations(runtime, parts, source);
  return {
    checks: checksOf(runtime, { relay, projections, consumers, parked, book, leader }),
    parked,
    ownReactions,
    book,
    projections,
    relay,
    consumers,
    kick: () => leader.kick(),
    problems: async () => [
      ...(relay.health().state === 'halted' ? [`${name}.relay is halted`] : []),
      ...(await haltedModels(projections)).map((model) => `${name}.${model} is halted`),
    ],
    fatal: () =>
      Object.values(consumers)
        .map((consumer) => consumer.fatal())
        .find((fault) => fault !== undefined),
    stop: async () => {
      await Promise.all([
        stop('own-stations', runtime, () => leader.stop()),
        stop('relay', runtime, () => relay.stop()),
        ...Object.entries(consumers).map(([station, consumer]) => stop(station, runtime, () => consumer.stop())),
      ]);
      await stop('projections', runtime, () => projections.stop());
    },
  };
};
