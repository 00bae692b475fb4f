import { groupOf, topicOf, typeOf, type Envelope, type ServiceName } from '@qiyue/contracts';
import type { FactLike } from '@qiyue/decider';
import { FactServer, isOutage, startConsumer, type ConsumerHandle, type FactServerOptions } from '@qiyue/messaging';
import { factsSink, itemOfEnvelope, type ProjectionHooks } from '@qiyue/projections';
import type { AnyReaction, Trigger } from '../declare/reaction';
import type { ServiceDefinition } from '../declare/service';
import { runReaction, type ReactingParts } from './reacting';
import type { ServiceRuntime } from './service-runtime';

const isFact = (trigger: Trigger): trigger is FactLike => 'service' in trigger;
const factId = ({ service, name, version }: Pick<FactLike, 'service' | 'name' | 'version'>): string => `${service}.${name}.${version}`;
const distinct = (facts: readonly FactLike[]): readonly FactLike[] => [...new Map(facts.map((fact) => [factId(fact), fact])).values()];
const topicsOf = (facts: readonly FactLike[]): readonly string[] =>
  [...new Set(facts.map(({ service }) => topicOf(service as ServiceName)))].sort();

/** Reacts to one fact with every reaction that listens to it; all are tried before the first failure is thrown. */
const reactTo =
  (runtime: ServiceRuntime, parts: ReactingParts, reactions: readonly AnyReaction[]) =>
  async (envelope: Envelope): Promise<void> => {
    const item = itemOfEnvelope(envelope);
    const id = `${item.service}.${item.type}.${item.version}`;
    const failures: unknown[] = [];
    for (const reaction of reactions.filter(({ on }) => on.some((trigger) => isFact(trigger) && factId(trigger) === id))) {
      try {
        await runReaction(parts, reaction, { item, traceparent: envelope.traceparent });
        runtime.metrics.reaction(reaction.name, 'done');
      } catch (fault) {
        runtime.metrics.reaction(reaction.name, 'failed');
        runtime.process.logger[isOutage(fault) ? 'warn' : 'error'](
          { err: fault, service: parts.service, reaction: reaction.name, eventId: item.id, traceparent: envelope.traceparent },
          'a reaction failed',
        );
        failures.push(fault);
      }
    }
    if (failures.length > 0) throw failures.find((fault) => !isOutage(fault)) ?? failures[0];
  };

/** Consumers of foreign facts by what they are for. */
export type FactConsumers = Readonly<Partial<Record<'read-models' | 'reactions', ConsumerHandle>>>;

/** Topics that a service reads, without its own. */
export const topicsRead = ({ reactions, readModels }: ServiceDefinition): readonly string[] =>
  topicsOf([
    ...reactions.flatMap((one) => (one.kind === 'reaction' ? one.on.filter(isFact) : [])),
    ...readModels.flatMap(({ facts }) => facts),
  ]);

const startReactions = async (
  runtime: ServiceRuntime,
  parts: ReactingParts,
  reactions: readonly AnyReaction[],
  options: Omit<FactServerOptions, 'group'>,
  facts: readonly FactLike[],
): Promise<ConsumerHandle> => {
  const server = new FactServer({ ...options, group: groupOf(runtime.definition.name, 'reactions') });
  const react = reactTo(runtime, parts, reactions);
  for (const fact of facts) server.addHandler(typeOf(fact as Parameters<typeof typeOf>[0]), react, true);
  return server.start();
};

/** Starts the consumers a service needs: one that writes read models, one that reacts. */
export const startFactConsumers = async (runtime: ServiceRuntime, parts: ReactingParts, hooks: ProjectionHooks): Promise<FactConsumers> => {
  const { definition, process, pool, metrics } = runtime;
  const { transport, logger, config } = process;
  const name = definition.name;
  const reactions = definition.reactions.filter((one): one is AnyReaction => one.kind === 'reaction');
  const common = {
    transport,
    pool,
    batchSize: config.consumerBatchMax,
    limits: { keys: config.parkedKeysMax, eventsPerKey: config.parkedEventsMax },
    retry: { attempts: config.reactionAttemptsMax, firstDelayMs: config.reactionBackoffMs },
    onProblem: (problem: { kind: string; group: string }) => {
      metrics.trouble(problem.group, problem.kind);
      logger.warn({ service: name, ...problem }, 'a consumer is in trouble');
    },
  };
  const reacted = distinct(reactions.flatMap(({ on }) => on.filter(isFact)));
  const followed = distinct(definition.readModels.flatMap(({ facts }) => facts));
  const readModels =
    followed.length === 0
      ? undefined
      : await startConsumer({
          ...common,
          mode: 'projection',
          group: groupOf(name, 'read-models'),
          topics: topicsOf(followed),
          handles: followed,
          apply: factsSink(definition.readModels, hooks),
        });
  const reacting =
    reacted.length === 0
      ? undefined
      : await startReactions(runtime, parts, reactions, { ...common, concurrency: config.reactionConcurrencyMax }, reacted);
  return { ...(readModels === undefined ? {} : { 'read-models': readModels }), ...(reacting === undefined ? {} : { reactions: reacting }) };
};
