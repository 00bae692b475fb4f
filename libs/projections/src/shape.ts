import { DefaultNamingStrategy, getMetadataArgsStorage } from 'typeorm';
import type { ReadColumn, ReadIndex, TableShape } from './declaration';

type Entity = abstract new (...args: never[]) => object;
type ColumnArgs = ReturnType<typeof getMetadataArgsStorage>['columns'][number];

const naming = new DefaultNamingStrategy();

/** The row class and what it extends, the class itself first. */
const lineage = (entity: Entity): readonly unknown[] => {
  const classes: unknown[] = [];
  for (let at: unknown = entity; typeof at === 'function' && at !== Function.prototype; at = Object.getPrototypeOf(at)) classes.push(at);
  return classes;
};

const columnTypes = new Map<unknown, ReadColumn['type']>([
  [String, 'text'],
  ['text', 'text'],
  ['varchar', 'text'],
  ['character varying', 'text'],
  [Number, 'integer'],
  ['integer', 'integer'],
  ['int', 'integer'],
  ['int4', 'integer'],
  ['bigint', 'bigint'],
  ['int8', 'bigint'],
  [Boolean, 'boolean'],
  ['boolean', 'boolean'],
  ['bool', 'boolean'],
  ['jsonb', 'jsonb'],
]);

// Options that would make the stored row another than the one a handler returned.
const refusedOptions = [
  'array',
  'transformer',
  'default',
  'length',
  'generated',
  'generatedType',
  'asExpression',
  'enum',
  'collation',
] as const;

const columnOf = (table: string, { propertyName, mode, options }: ColumnArgs): ReadColumn => {
  const where = `${table}.${propertyName}`;
  if (mode !== 'regular') throw new TypeError(`${where}: a read model has plain columns only, not ${mode}`);
  const refused = refusedOptions.find((option) => (options as Record<string, unknown>)[option] !== undefined);
  if (refused !== undefined)
    throw new TypeError(`${where}: the column option "${refused}" is not for read models${refused === 'array' ? '; use jsonb' : ''}`);
  const type = columnTypes.get(options.type);
  if (type === undefined) {
    const given = typeof options.type === 'function' ? options.type.name : String(options.type);
    throw new TypeError(
      `${where}: ${given} is no column type of read models; use text (also for instants), integer, bigint, boolean or jsonb (also for arrays)`,
    );
  }
  if (type === 'jsonb' && options.primary === true) throw new TypeError(`${where}: a primary key cannot be jsonb`);
  return {
    property: propertyName,
    name: naming.columnName(propertyName, options.name as string, []),
    type,
    nullable: options.nullable === true && options.primary !== true,
  };
};

const indexOf = (
  table: string,
  columns: readonly ReadColumn[],
  index: { readonly columns?: unknown; readonly unique?: boolean; readonly where?: string },
): ReadIndex => {
  const { columns: given, unique = false, where } = index;
  // Rows of a batch are written together, so a rule over several rows would hold or not with the size of the batch.
  if (unique) throw new TypeError(`${table}: only the primary key of a read model is unique; streams decide uniqueness`);
  const properties =
    typeof given === 'function'
      ? (given as (row: object) => unknown)(Object.fromEntries(columns.map(({ property }) => [property, property])))
      : given;
  if (!Array.isArray(properties)) throw new TypeError(`${table}: an index names its columns as a list`);
  const names = properties.map((property) => {
    const column = columns.find((one) => one.property === property);
    if (column === undefined) throw new TypeError(`${table}: an index names "${String(property)}", which is no column`);
    return column.name;
  });
  return { columns: names, ...(where === undefined ? {} : { where }) };
};

/**
 * Reads the table off a TypeORM entity's decorators; needs no DataSource. Throws a `TypeError` that names the table and the property
 * on anything a read model cannot keep byte for byte.
 */
export const shapeOf = (entity: Entity, givenName?: string): TableShape => {
  const storage = getMetadataArgsStorage();
  const classes = lineage(entity);
  const own = storage.tables.find(({ target }) => target === entity);
  if (own === undefined) throw new TypeError(`${entity.name} is no TypeORM entity`);
  const name = naming.tableName(entity.name, own.name as string);
  if (givenName !== undefined && givenName !== name)
    throw new TypeError(`${entity.name} is the entity of "${name}", not of "${givenName}"`);
  // The physical tables and their indexes add up to 22 characters, and PostgreSQL cuts names at 63 bytes.
  if (!/^[a-z][a-z0-9_]{0,39}$/.test(name)) throw new TypeError(`table "${name}": at most 40 lower-case letters, digits and underscores`);
  const ofRow = ({ target }: { readonly target: unknown }): boolean => classes.includes(target);
  if (storage.relations.some(ofRow) || storage.embeddeds.some(ofRow) || storage.generations.some(ofRow))
    throw new TypeError(`${name}: a read model has no relations, embedded objects or generated columns`);
  // A class that overrides a column of its parent comes first in the lineage, and wins.
  const args = storage.columns.filter(ofRow).sort((a, b) => classes.indexOf(b.target) - classes.indexOf(a.target));
  const byProperty = new Map(args.map((column) => [column.propertyName, column]));
  const columns = [...byProperty.values()].map((column) => columnOf(name, column));
  const key = columns.filter(({ property }) => byProperty.get(property)?.options.primary === true);
  if (key.length === 0) throw new TypeError(`${name}: no primary column`);
  const uniques = storage.uniques.filter(ofRow).map((unique) => indexOf(name, columns, { columns: unique.columns, unique: true }));
  const indexes = storage.indices.filter(ofRow).map((index) => indexOf(name, columns, index));
  return { name, columns, key, indexes: [...uniques, ...indexes] };
};
