import type { AnyEventType, DomainEvent, EventOf } from './event';
import type { Rejection } from './rejection';

/** A decision: what the command does to the stream. No events means that it is so already. */
export type Decision<State, Event, Command, Facts, Code extends string> = (
  state: State,
  command: Command,
  facts: Facts,
) => readonly Event[] | Rejection<Code>;

// Parameters are contravariant, so a record of decisions over different commands needs `never` here; `stream` keeps the exact types.
type Decisions<State, Event> = Readonly<Record<string, (state: State, command: never, facts: never) => readonly Event[] | Rejection>>;

/** State of a stream: a union of statuses, so that impossible transitions do not type-check. */
export interface StreamState {
  readonly status: string;
}

/** One kind of stream: its events, the state they fold into and the decisions that may be taken on it. */
export interface Stream<
  Category extends string = string,
  Types extends Readonly<Record<string, AnyEventType>> = Readonly<Record<string, AnyEventType>>,
  State extends StreamState = StreamState,
  Decide extends Decisions<State, EventOf<Types>> = Decisions<State, EventOf<Types>>,
> {
  /** What stands before the first dash of the stream's name; holds no dash itself. */
  readonly category: Category;
  readonly events: Types;
  readonly initialState: State;
  /** Never validates and never throws; keeps only what decisions need. */
  readonly evolve: (state: State, event: EventOf<Types>) => State;
  readonly decide: Decide;
  /** The account whose stream this is; another customer is told that it does not exist. */
  readonly owner?: (state: State) => string | undefined;
  /** The agreement version that binds decisions on this stream, once it is settled. */
  readonly agreementVersion?: (state: State) => string | undefined;
}

/* eslint-disable @typescript-eslint/no-explicit-any -- the kernel's only existential: exact types come back through the helper types below */
/** Any stream, for code that treats all alike. */
export interface AnyStream {
  readonly category: string;
  readonly events: Readonly<Record<string, any>>;
  readonly initialState: any;
  readonly evolve: (state: any, event: any) => any;
  readonly decide: Readonly<Record<string, (state: any, command: any, facts: any) => any>>;
  readonly owner?: (state: any) => string | undefined;
  readonly agreementVersion?: (state: any) => string | undefined;
}
/* eslint-enable @typescript-eslint/no-explicit-any */

export type StateOf<S> = S extends { readonly initialState: infer State } ? State : never;
export type CommandName<S extends AnyStream> = keyof S['decide'] & string;
export type CommandOf<S extends AnyStream, Name extends CommandName<S>> = S['decide'][Name] extends (
  state: never,
  command: infer C,
  ...rest: never[]
) => unknown
  ? C
  : never;
export type FactsOf<S extends AnyStream, Name extends CommandName<S>> = S['decide'][Name] extends (
  state: never,
  command: never,
  facts: infer F,
) => unknown
  ? F
  : never;
export type CodeOf<S extends AnyStream, Name extends CommandName<S>> = Extract<ReturnType<S['decide'][Name]>, Rejection>['code'];

/** Declares a stream; the types of its events, state and decisions are inferred and checked against one another. */
export const stream = <
  const Category extends string,
  Types extends Readonly<Record<string, AnyEventType>>,
  State extends StreamState,
  Decide extends Decisions<State, EventOf<Types>>,
>(
  definition: Stream<Category, Types, State, Decide>,
): Stream<Category, Types, State, Decide> => {
  if (!/^[a-z][a-z0-9_]*$/.test(definition.category))
    throw new TypeError(`category "${definition.category}": lower case, digits and underscores only`);
  return definition;
};

/** The name of a stream, `<category>-<id>`. */
export const streamName = (of: { readonly category: string }, id: string): string => `${of.category}-${id}`;

/** Category and id of a stream's name; the category ends at the first dash. */
export const parseStreamName = (name: string): { readonly category: string; readonly id: string } => {
  const dash = name.indexOf('-');
  return dash < 0 ? { category: name, id: '' } : { category: name.slice(0, dash), id: name.slice(dash + 1) };
};

/** The state after a history. */
export const fold = <S extends AnyStream>(of: S, history: readonly DomainEvent[], from: StateOf<S> = of.initialState): StateOf<S> =>
  history.reduce((state, event) => of.evolve(state, event), from);
