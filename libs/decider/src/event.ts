import type { Static, TObject } from '@sinclair/typebox';

/** What happened, as a stream stores it: a name in the past tense and plain JSON. */
export interface DomainEvent<Name extends string = string, Data = unknown> {
  readonly type: Name;
  readonly data: Data;
  /** The clause this very event was decided under, where it differs from the one its declaration names. */
  readonly clause?: string;
}

/** What other services may know of an event. Structural, so that the kernel does not depend on any catalogue of facts. */
export interface FactLike<Schema extends TObject = TObject> {
  readonly service: string;
  readonly name: string;
  readonly version: number;
  readonly schema: Schema;
  readonly clause?: string;
}

/** How an event leaves its service, or why it does not. */
export type Publication =
  | { readonly kind: 'published'; readonly fact: FactLike }
  | { readonly kind: 'publishedAs'; readonly fact: FactLike; readonly map: (data: never) => unknown }
  | { readonly kind: 'internal'; readonly why: string };

/** One step of reading old data: from schema version n to n + 1. Pure, and total over what version n allowed. */
export type Upcast = (data: Record<string, unknown>) => Record<string, unknown>;

/** Everything that is declared of one event, once. */
export interface EventDeclaration<Schema extends TObject = TObject> {
  readonly schema: Schema;
  /** Version of the stored shape; starts at 1 and is one more than the number of upcasts. */
  readonly version: number;
  readonly upcasts: readonly Upcast[];
  readonly publication: Publication;
  readonly clause?: string;
}

interface Options {
  /** Clause the event is decided under, when every instance has the same. */
  readonly clause?: string;
  /** `upcasts[0]` reads version 1 as version 2, and so on. */
  readonly upcasts?: readonly Upcast[];
}

const declare = <Schema extends TObject>(
  schema: Schema,
  publication: Publication,
  options: Options,
  clause?: string,
): EventDeclaration<Schema> => {
  const upcasts = options.upcasts ?? [];
  const decidedUnder = options.clause ?? clause;
  return { schema, publication, upcasts, version: upcasts.length + 1, ...(decidedUnder === undefined ? {} : { clause: decidedUnder }) };
};

/** Stored and told in one and the same shape. */
export const published = <Schema extends TObject>(fact: FactLike<Schema>, options: Options = {}): EventDeclaration<Schema> =>
  declare(fact.schema, { kind: 'published', fact }, options, fact.clause);

/** Stored in one shape and told in another; `map` makes the told one of the stored one (personal fields pass through it sealed). */
export const publishedAs = <FactSchema extends TObject, Schema extends TObject>(
  fact: FactLike<FactSchema>,
  schema: Schema,
  map: (data: Static<Schema>) => Static<FactSchema>,
  options: Options = {},
): EventDeclaration<Schema> => declare(schema, { kind: 'publishedAs', fact, map: map as (data: never) => unknown }, options, fact.clause);

/** Never told outside; says why not. */
export const internal = <Schema extends TObject>(why: string, schema: Schema, options: Options = {}): EventDeclaration<Schema> =>
  declare(schema, { kind: 'internal', why }, options);

/** An event's constructor, carrying its declaration. */
export interface EventType<Name extends string = string, Schema extends TObject = TObject> extends EventDeclaration<Schema> {
  (data: Static<Schema>): DomainEvent<Name, Static<Schema>>;
  readonly type: Name;
}

/** Any event's constructor, whatever it takes. */
export type AnyEventType = EventDeclaration & { readonly type: string };

/** The events of one stream, by name. */
export type EventTypes<Schemas extends Record<string, TObject>> = {
  readonly [Name in keyof Schemas & string]: EventType<Name, Schemas[Name]>;
};

/** The union of events a record of constructors can make. */
export type EventOf<Types> = {
  [Name in keyof Types]: Types[Name] extends EventType<infer N, infer Schema> ? DomainEvent<N, Static<Schema>> : never;
}[keyof Types];

/** Declares the events of a stream. Names and shapes are the storage format: add, never edit. */
export const events = <Schemas extends Record<string, TObject>>(declarations: {
  readonly [Name in keyof Schemas]: EventDeclaration<Schemas[Name]>;
}): EventTypes<Schemas> => {
  const types = Object.entries<EventDeclaration>(declarations).map(([type, declaration]) => [
    type,
    Object.assign((data: unknown) => ({ type, data }), { type, ...declaration }),
  ]);
  return Object.fromEntries(types) as EventTypes<Schemas>;
};

/** The same event, decided under another clause than its declaration names (a suspension's clause is its cause). */
export const under = <E extends DomainEvent>(clause: string, event: E): E => ({ ...event, clause });
