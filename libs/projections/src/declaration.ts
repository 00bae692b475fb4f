import type { AnyStream, EventType, FactLike, Static, TObject } from '@qiyue/decider';
import type { Item } from './item';

/** One column of a read model's table. */
export interface ReadColumn {
  /** Property of the row class. */
  readonly property: string;
  /** Column of the table; TypeORM's default naming. */
  readonly name: string;
  readonly type: 'text' | 'integer' | 'bigint' | 'boolean' | 'jsonb';
  readonly nullable: boolean;
}

export interface ReadIndex {
  /** Column names, in order. */
  readonly columns: readonly string[];
  /** SQL condition of a partial index, as the entity declares it. */
  readonly where?: string;
}

/** The table of a read model, read off its row class. */
export interface TableShape {
  /** Name queries know it by: a view over the table that is live now. */
  readonly name: string;
  readonly columns: readonly ReadColumn[];
  /** The columns of the primary key, in order. */
  readonly key: readonly ReadColumn[];
  readonly indexes: readonly ReadIndex[];
}

/** Names a row: the value of a primary key of one column, or every primary column by property. */
export type RowKey<Row = Record<string, unknown>> = string | number | Readonly<Partial<Row>>;

/** The row after an item; `undefined` deletes it. `key` is the one the row was looked up by, which tells several rows of one item apart. */
export type Fold<Row, Data = never, It extends Item = Item> = (
  row: Readonly<Row> | undefined,
  data: Data,
  item: It,
  key: RowKey<Row>,
) => Row | undefined;

/** Rows an item touches: one, several or (`undefined`) none. */
export type KeyOf<Row, It extends Item = Item> = (item: It) => RowKey<Row> | readonly RowKey<Row>[] | undefined;

type EventNames<Own> = Own extends { readonly events: infer Types } ? keyof Types & string : never;
type EventData<Own, Name> = Own extends { readonly events: infer Types }
  ? Name extends keyof Types
    ? Types[Name] extends EventType<string, infer Schema>
      ? Static<Schema>
      : never
    : never
  : never;
type FactNames<Facts> = Facts extends { readonly name: infer Name extends string } ? Name : never;
type FactDataOf<Facts, Name> = Facts extends { readonly name: Name; readonly schema: infer Schema extends TObject }
  ? Static<Schema>
  : never;

/** Names a read model can have a handler for. */
export type NamesOf<Own extends readonly AnyStream[], Facts extends readonly FactLike[]> =
  EventNames<Own[number]> | FactNames<Facts[number]>;
/** What an event or a fact of that name holds. */
export type DataOf<Own extends readonly AnyStream[], Facts extends readonly FactLike[], Name> =
  EventData<Own[number], Name> | FactDataOf<Facts[number], Name>;
/** Any item that can come, told apart by `type`. */
export type ItemsOf<Own extends readonly AnyStream[], Facts extends readonly FactLike[]> = {
  [Name in NamesOf<Own, Facts>]: Item<Name, DataOf<Own, Facts, Name>>;
}[NamesOf<Own, Facts>];

/** A handler with a key of its own, where the model's key does not fit. */
export interface KeyedFold<Row, Data, It extends Item> {
  readonly key: KeyOf<Row, It>;
  readonly fold: Fold<Row, Data, It>;
}

export interface ReadModelDefinition<Row extends object, Own extends readonly AnyStream[], Facts extends readonly FactLike[]> {
  /** Grows by one with every change of what rows mean. A change of columns, indexes or handled names is noticed without it. */
  readonly version: number;
  /** Streams of this service that the model follows, in the total order of the event store. */
  readonly own?: Own;
  /** Facts of other services that the model follows, in order within their stream only. */
  readonly facts?: Facts;
  /** Rows an item touches; `item.streamId` if left out. Must depend on the item alone. */
  readonly key?: KeyOf<Row, ItemsOf<Own, Facts>>;
  /**
   * Says that handlers give the same rows in whatever order items of different sources come. Demanded of models with more than one source
   * (own events and facts, or facts of several services), because nothing orders those against one another.
   */
  readonly commutes?: true;
  /** What is not named here does not touch the model. Handlers are pure: no clock, no randomness, no I/O. */
  readonly on: {
    readonly [Name in NamesOf<Own, Facts>]?:
      | Fold<Row, DataOf<Own, Facts, Name>, Item<Name, DataOf<Own, Facts, Name>>>
      | KeyedFold<Row, DataOf<Own, Facts, Name>, Item<Name, DataOf<Own, Facts, Name>>>;
  };
}

/** A handler as the fold calls it. */
export interface Handler {
  readonly source: 'own' | 'fact';
  /** Category of the own stream, or service of the fact. */
  readonly owner: string;
  /** Versions of the fact that the handler reads; none on own events. */
  readonly versions: readonly number[];
  readonly key: (item: Item) => RowKey | readonly RowKey[] | undefined;
  readonly fold: (row: Readonly<Record<string, unknown>> | undefined, data: unknown, item: Item, key: RowKey) => object | undefined;
}

/** A declared read model. */
export interface ReadModel<Row extends object = object> {
  /** Name of the table, which is also the model's name in registrations, health and metrics. */
  readonly name: string;
  /** The TypeORM entity; queries read it through TypeORM. */
  readonly row: abstract new (...args: never[]) => Row;
  readonly version: number;
  readonly shape: TableShape;
  /** SHA-256 (hexadecimal) of columns, indexes, sources and handled names. */
  readonly hash: string;
  readonly own: readonly AnyStream[];
  readonly facts: readonly FactLike[];
  readonly handlers: ReadonlyMap<string, Handler>;
}

/** Any read model, for code that treats all alike. */
export type AnyReadModel = ReadModel;
