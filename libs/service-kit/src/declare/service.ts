import type { Provider, Type as Class } from '@nestjs/common';
import type { ServiceName } from '@qiyue/contracts';
import type { AnyStream, RejectionEntry, StreamExamples } from '@qiyue/decider';
import type { AnyReadModel } from '@qiyue/projections';
import type { AnyDeadline } from './deadline';
import { triggerName, type AnyReaction, type Instant, type PortToken, type Trigger } from './reaction';
import type { Commands } from '../commands';
import type { Rows } from '../rows';

/** What a service may use once it is up, before it takes requests. */
export interface StartContext {
  readonly now: Instant;
  readonly commands: Commands;
  readonly rows: Rows;
  get<T>(token: PortToken<T>): T;
}

/** Everything a service is made of. Data only: nothing starts by declaring it. */
export interface ServiceDefinition {
  /** Also the first segment of its paths, the name of its database (`qiyue_<name>`) and of its topic. */
  readonly name: ServiceName;
  /** One line for the OpenAPI page. */
  readonly title: string;
  readonly streams: readonly AnyStream[];
  /** Controllers, one file per command. */
  readonly commands: readonly Class<unknown>[];
  /** Controllers of the read models. */
  readonly queries: readonly Class<unknown>[];
  readonly reactions: readonly (AnyReaction | AnyDeadline)[];
  readonly readModels: readonly AnyReadModel[];
  readonly rejections: { readonly service: string; readonly table: Readonly<Record<string, RejectionEntry>> };
  /** Ports and whatever the controllers and reactions inject beside `Commands`, `Rows` and `Clock`. */
  readonly providers: readonly Provider[];
  /** Classes of settings (see `Setting`), read from the environment and injectable. */
  readonly config: readonly Class<object>[];
  readonly examples: readonly StreamExamples[];
  /** Clauses the service decides under. */
  readonly clauses: readonly string[];
  /** Runs at every start after migrations, on one pod or several: idempotent. */
  readonly onStart?: (context: StartContext) => Promise<void>;
}

type Optional = 'providers' | 'config' | 'examples' | 'clauses' | 'queries' | 'reactions' | 'readModels';
export type ServiceDeclaration = Omit<ServiceDefinition, Optional> & Partial<Pick<ServiceDefinition, Optional>>;

const duplicates = (names: readonly string[]): readonly string[] => names.filter((name, at) => names.indexOf(name) !== at);

const faultsOf = (service: ServiceDefinition): readonly string[] => {
  const categories = service.streams.map(({ category }) => category);
  const reactions = service.reactions.filter((one): one is AnyReaction => one.kind === 'reaction');
  const deadlines = service.reactions.filter((one): one is AnyDeadline => one.kind === 'deadline');
  const isOwn = (trigger: Trigger): boolean =>
    'service' in trigger || service.streams.some((stream) => stream.events[trigger.type] === trigger);
  const unknownEvents = (deadline: AnyDeadline): readonly string[] =>
    [...Object.keys(deadline.set), ...deadline.clear].filter((type) => deadline.stream.events[type] === undefined);
  return [
    ...duplicates(categories).map((category) => `two streams of category ${category}`),
    ...duplicates(reactions.map(({ name }) => name)).map((name) => `two reactions named ${name}`),
    ...duplicates(deadlines.map(({ stream, name }) => `${stream.category}.${name}`)).map((name) => `two deadlines named ${name}`),
    ...reactions.flatMap(({ name, on }) =>
      on.filter((trigger) => !isOwn(trigger)).map((trigger) => `${name}: ${triggerName(trigger)} is no event of the service's streams`),
    ),
    ...reactions.flatMap(({ name, on }) =>
      on
        .filter((trigger) => 'service' in trigger && trigger.service === service.name)
        .map((trigger) => `${name}: ${triggerName(trigger)} is the service's own; react to the event, not to the fact`),
    ),
    ...service.reactions
      .filter(({ stream }) => stream !== undefined && !service.streams.includes(stream))
      .map(({ name, stream }) => `${name}: ${stream?.category ?? ''} is no stream of the service`),
    ...deadlines.flatMap((deadline) =>
      unknownEvents(deadline).map((type) => `deadline ${deadline.name}: ${type} is no event of ${deadline.stream.category}`),
    ),
  ];
};

/** Declares a service. Throws a TypeError that lists every inconsistency. */
export const defineService = (declaration: ServiceDeclaration): ServiceDefinition => {
  const service: ServiceDefinition = {
    providers: [],
    config: [],
    examples: [],
    clauses: [],
    queries: [],
    reactions: [],
    readModels: [],
    ...declaration,
  };
  const faults = faultsOf(service);
  if (faults.length > 0) throw new TypeError(`service ${service.name}: ${faults.join('; ')}`);
  return service;
};
