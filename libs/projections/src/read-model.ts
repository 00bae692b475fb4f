import { createHash } from 'node:crypto';
import type { AnyStream, FactLike } from '@qiyue/decider';
import type { Handler, ReadModel, ReadModelDefinition, TableShape } from './declaration';
import type { Item } from './item';
import { shapeOf } from './shape';

type Declared = Handler['fold'] | Pick<Handler, 'key' | 'fold'>;

const refuse = (table: string, fault: string): never => {
  throw new TypeError(`read model ${table}: ${fault}`);
};

/** Several sources have no order among them, so one and the same name must not mean two things, and handlers must say that they commute. */
const checkSources = (table: string, own: readonly AnyStream[], facts: readonly FactLike[], commutes: boolean): void => {
  const services = new Set(facts.map(({ service }) => service));
  const sources = services.size + (own.length > 0 ? 1 : 0);
  if (sources === 0) refuse(table, 'it follows neither own streams nor facts');
  if (sources > 1 && !commutes)
    refuse(
      table,
      'it has several sources, which nothing orders against one another; make its handlers commute and declare `commutes: true`',
    );
  const owners = new Map<string, string>();
  const claims = [
    ...own.flatMap(({ category, events }) => Object.keys(events).map((name) => [name, `stream ${category}`] as const)),
    ...facts.map(({ name, service }) => [name, service] as const),
  ];
  for (const [name, owner] of claims) {
    const other = owners.get(name);
    if (other !== undefined && other !== owner) refuse(table, `${name} comes from ${other} and from ${owner}; follow one of them`);
    owners.set(name, owner);
  }
};

const originOf = (
  name: string,
  own: readonly AnyStream[],
  facts: readonly FactLike[],
): Pick<Handler, 'source' | 'owner' | 'versions'> | undefined => {
  const stream = own.find(({ events }) => Object.hasOwn(events, name));
  if (stream !== undefined) return { source: 'own', owner: stream.category, versions: [] };
  const named = facts.filter((fact) => fact.name === name);
  return named[0] === undefined ? undefined : { source: 'fact', owner: named[0].service, versions: named.map(({ version }) => version) };
};

const digest = (shape: TableShape, own: readonly AnyStream[], facts: readonly FactLike[], names: readonly string[]): string => {
  const columns = shape.columns.map(({ name, type, nullable }) => [name, type, nullable]);
  const sources = [
    own.map(({ category }) => category).sort(),
    facts.map(({ service, name, version }) => `${service}.${name}.${version}`).sort(),
  ];
  return createHash('sha256')
    .update(JSON.stringify([columns, shape.key.map(({ name }) => name), shape.indexes, sources, [...names].sort()]))
    .digest('hex');
};

/**
 * Declares a read model: a table whose rows are a function of events alone.
 *
 * ```ts
 * export const myOrders = readModel(MyOrder, {
 *   version: 1,
 *   own: [order],
 *   on: {
 *     OrderSubmitted: (_row, { customerId, totalMinor }, { streamId, recordedAt }) => ({ orderId: streamId, customerId, totalMinor, status: 'submitted', submittedAt: recordedAt }),
 *     OrderPaid: (row) => row && { ...row, status: 'paid' },
 *   },
 * });
 * ```
 *
 * Throws a `TypeError` that says what is wrong with the declaration.
 */
export const readModel = <
  Row extends object,
  const Own extends readonly AnyStream[] = readonly [],
  const Facts extends readonly FactLike[] = readonly [],
>(
  row: abstract new (...args: never[]) => Row,
  definition: ReadModelDefinition<Row, Own, Facts> & { readonly name?: string },
): ReadModel<Row> => {
  const { version, own = [], facts = [], commutes = false } = definition;
  const shape = shapeOf(row, definition.name);
  if (!Number.isInteger(version) || version < 1 || version > 9_999) refuse(shape.name, 'its version is a whole number from 1 to 9999');
  checkSources(shape.name, own, facts, commutes);
  const defaultKey = (definition.key as Handler['key'] | undefined) ?? ((item: Item) => item.streamId);
  const handlers = new Map<string, Handler>();
  for (const [name, declared] of Object.entries<Declared | undefined>(definition.on as Readonly<Record<string, Declared | undefined>>)) {
    if (declared === undefined) continue;
    const origin = originOf(name, own, facts) ?? refuse(shape.name, `${name} is no event or fact it follows`);
    handlers.set(name, { ...origin, ...(typeof declared === 'function' ? { key: defaultKey, fold: declared } : declared) });
  }
  if (handlers.size === 0) refuse(shape.name, 'it handles nothing');
  return { name: shape.name, row, version, shape, hash: digest(shape, own, facts, [...handlers.keys()]), own, facts, handlers };
};

/** The model's handler for an item, if it follows it. Throws on a fact whose version the model does not know, because leaving it out would be wrong in silence. */
export const handlerFor = (model: ReadModel, item: Item): Handler | undefined => {
  const handler = model.handlers.get(item.type);
  if (handler === undefined || handler.source !== item.source) return undefined;
  if (item.source === 'own') return item.stream.startsWith(`${handler.owner}-`) ? handler : undefined;
  if (item.service !== handler.owner) return undefined;
  if (!handler.versions.includes(item.version ?? 0))
    throw new TypeError(`version ${item.version} of ${item.service}.${item.type} is not known`);
  return handler;
};
