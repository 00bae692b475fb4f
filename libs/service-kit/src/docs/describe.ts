import { topicOf, type ServiceName } from '@qiyue/contracts';
import type { EventDeclaration } from '@qiyue/decider';
import type { AnyDeadline } from '../declare/deadline';
import { triggerName, type AnyReaction } from '../declare/reaction';
import type { ServiceDefinition } from '../declare/service';
import { routesOf } from '../http/routes';
import { codesOf } from './codes';

/** A service in JSON: what it is made of, what it tells and what it listens to. */
export interface ServiceDescription {
  readonly name: string;
  readonly title: string;
  readonly clauses: readonly string[];
  readonly streams: readonly {
    readonly category: string;
    readonly events: readonly DescribedEvent[];
    readonly commands: readonly string[];
  }[];
  readonly routes: readonly {
    readonly method: string;
    readonly path: string;
    readonly roles: readonly string[];
    readonly command?: string;
    readonly codes: readonly string[];
  }[];
  readonly factsOut: readonly { readonly fact: string; readonly from: string }[];
  readonly topicOut: string;
  readonly factsIn: readonly { readonly fact: string; readonly by: readonly string[] }[];
  readonly reactions: readonly { readonly name: string; readonly on: readonly string[]; readonly command?: string }[];
  readonly deadlines: readonly {
    readonly name: string;
    readonly stream: string;
    readonly setBy: readonly string[];
    readonly clearedBy: readonly string[];
    readonly command?: string;
  }[];
  readonly readModels: readonly {
    readonly name: string;
    readonly version: number;
    readonly follows: readonly string[];
    readonly columns: readonly string[];
  }[];
  readonly rejections: readonly { readonly code: string; readonly status: number; readonly clause?: string; readonly meaning: string }[];
}

export interface DescribedEvent {
  readonly type: string;
  readonly version: number;
  readonly clause?: string;
  /** The fact it is told as, or why it is not told. */
  readonly told: string;
}

const factName = (fact: { readonly service: string; readonly name: string; readonly version: number }): string =>
  `${fact.service}.${fact.name}.v${fact.version}`;
const commandOf = (one: AnyReaction | AnyDeadline): { command?: string } =>
  one.decide === undefined || one.stream === undefined ? {} : { command: `${one.stream.category}.${one.decide}` };

const describeEvent = (type: string, { version, clause, publication }: EventDeclaration): DescribedEvent => ({
  type,
  version,
  ...(clause === undefined ? {} : { clause }),
  told: publication.kind === 'internal' ? `internal: ${publication.why}` : factName(publication.fact),
});

const factsInOf = ({ name, reactions, readModels }: ServiceDefinition): ServiceDescription['factsIn'] => {
  const byFact = new Map<string, string[]>();
  const note = (fact: string, by: string): void => void byFact.set(fact, [...(byFact.get(fact) ?? []), by]);
  for (const one of reactions)
    if (one.kind === 'reaction')
      for (const trigger of one.on) if ('service' in trigger && trigger.service !== name) note(factName(trigger), one.name);
  for (const model of readModels) for (const fact of model.facts) note(factName(fact), model.name);
  return [...byFact].map(([fact, by]) => ({ fact, by })).sort((a, b) => a.fact.localeCompare(b.fact));
};

/** Describes a service from its definition alone. */
export const describe = (definition: ServiceDefinition): ServiceDescription => {
  const { name, title, clauses, streams, reactions, readModels, rejections } = definition;
  const described = streams.map(({ category, events, decide }) => ({
    category,
    events: Object.entries<EventDeclaration>(events).map(([type, declaration]) => describeEvent(type, declaration)),
    commands: Object.keys(decide),
  }));
  const deadlines = reactions.filter((one): one is AnyDeadline => one.kind === 'deadline');
  return {
    name,
    title,
    clauses,
    streams: described,
    routes: routesOf(name, [...definition.commands, ...definition.queries]).map((route) => ({
      method: route.method,
      path: route.path,
      roles: route.access === undefined ? [] : route.access.public ? ['public'] : route.access.roles,
      ...(route.answers.stream === undefined ? {} : { command: `${route.answers.stream.category}.${route.answers.decide ?? ''}` }),
      codes: codesOf(definition, route),
    })),
    factsOut: described.flatMap(({ category, events }) =>
      events.filter(({ told }) => !told.startsWith('internal: ')).map(({ type, told }) => ({ fact: told, from: `${category}.${type}` })),
    ),
    topicOut: topicOf(name as ServiceName),
    factsIn: factsInOf(definition),
    reactions: reactions
      .filter((one): one is AnyReaction => one.kind === 'reaction')
      .map((one) => ({
        name: one.name,
        on: one.on.map((trigger) => ('service' in trigger ? factName(trigger) : triggerName(trigger))),
        ...commandOf(one),
      })),
    deadlines: deadlines.map((one) => ({
      name: one.name,
      stream: one.stream.category,
      setBy: Object.keys(one.set),
      clearedBy: one.clear,
      ...commandOf(one),
    })),
    readModels: readModels.map(({ name: model, version, shape, own, facts }) => ({
      name: model,
      version,
      follows: [...own.map(({ category }) => category), ...facts.map(factName)],
      columns: shape.columns.map((column) => column.name),
    })),
    rejections: Object.entries(rejections.table).map(([code, { status, clause, meaning }]) => ({
      code,
      status,
      ...(clause === undefined ? {} : { clause }),
      meaning,
    })),
  };
};
