import { statement, type Statement } from '@qiyue/database';
import type { ClientBase, CustomTypesConfig, QueryConfig } from 'pg';
import { frozen, slotTextOf, type Row, type Slot } from './canonical';
import type { ReadColumn, TableShape } from './declaration';

/** An SQL identifier, quoted. */
export const quoted = (identifier: string): string => `"${identifier.replaceAll('"', '""')}"`;

const list = (columns: readonly ReadColumn[], prefix = ''): string => columns.map(({ name }) => `${prefix}${quoted(name)}`).join(', ');
const arrays = (columns: readonly ReadColumn[]): string => columns.map(({ type }, index) => `$${index + 1}::${type}[]`).join(', ');

/** What is said of a physical table; it never changes, so neither do they. */
interface Statements {
  readonly load: Statement;
  readonly insert: Statement;
  readonly replace: Statement;
  readonly remove: Statement;
}

const statementsOf = (shape: TableShape, table: string): Statements => {
  const { columns, key } = shape;
  const first = key[0] as ReadColumn;
  const named =
    key.length === 1 ? `${quoted(first.name)} = ANY($1::${first.type}[])` : `(${list(key)}) IN (SELECT * FROM unnest(${arrays(key)}))`;
  // Row by row through the index: a plan made while the table was small would otherwise read all of it from then on.
  const given = key.map((_, index) => `k${index + 1}`).join(', ');
  const same = key.map(({ name }, index) => `t.${quoted(name)} = k.k${index + 1}`).join(' AND ');
  const load = `SELECT r.* FROM unnest(${arrays(key)}) AS k (${given}) CROSS JOIN LATERAL (SELECT ${list(columns, 't.')} FROM ${table} AS t WHERE ${same} LIMIT 1) AS r`;
  const rest = columns.filter((column) => !key.includes(column));
  const onConflict =
    rest.length === 0 ? 'DO NOTHING' : `DO UPDATE SET ${rest.map(({ name }) => `${quoted(name)} = excluded.${quoted(name)}`).join(', ')}`;
  const insert = `INSERT INTO ${table} (${list(columns)}) SELECT * FROM unnest(${arrays(columns)})`;
  return {
    load: statement(load),
    insert: statement(insert),
    replace: statement(`${insert} ON CONFLICT (${list(key)}) ${onConflict}`),
    remove: statement(`DELETE FROM ${table} WHERE ${named}`),
  };
};

const known = new WeakMap<TableShape, Map<string, Statements>>();

const statements = (shape: TableShape, table: string): Statements => {
  const ofShape = known.get(shape) ?? new Map<string, Statements>();
  known.set(shape, ofShape);
  const made = ofShape.get(table) ?? statementsOf(shape, table);
  ofShape.set(table, made);
  return made;
};

const special = /["\\]/;
const textItem = (value: string): string => `"${special.test(value) ? value.replace(/["\\]/g, '\\$&') : value}"`;

/** A PostgreSQL array literal of canonical values; a tenth of the time pg takes, because types are known. */
const arrayLiteral = (type: ReadColumn['type'], values: readonly unknown[]): string => {
  const item = (value: unknown): string => {
    if (value === null) return 'NULL';
    if (type === 'text') return textItem(value as string);
    return type === 'jsonb' ? textItem(JSON.stringify(value)) : String(value);
  };
  return `{${values.map(item).join(',')}}`;
};

// Given with each query, because a program may have changed pg's parsers for itself.
const parsers: Readonly<Record<number, (text: string) => unknown>> = {
  16: (text) => text === 't',
  23: Number,
  3802: (text) => frozen(JSON.parse(text)),
};
export const ownTypes = { getTypeParser: (oid: number) => parsers[oid] ?? ((text: string) => text) } as CustomTypesConfig;

const keyArrays = (shape: TableShape, slots: readonly Slot[]): readonly string[] =>
  shape.key.map(({ type }, index) =>
    arrayLiteral(
      type,
      slots.map(({ values }) => values[index]),
    ),
  );

/** The rows that stand in these slots, by slot text. `table` is quoted already, here and below. */
export const loadRows = async (tx: ClientBase, shape: TableShape, table: string, slots: readonly Slot[]): Promise<Map<string, Row>> => {
  if (slots.length === 0) return new Map();
  const found = await tx.query<unknown[]>({
    ...statements(shape, table).load,
    values: [...keyArrays(shape, slots)],
    rowMode: 'array',
    types: ownTypes,
  });
  const rows = new Map<string, Row>();
  for (const values of found.rows) {
    const row: Record<string, unknown> = {};
    shape.columns.forEach(({ property }, index) => (row[property] = values[index]));
    rows.set(slotTextOf(shape, row), Object.freeze(row));
  }
  return rows;
};

const rowArrays = (shape: TableShape, rows: readonly Row[]): readonly string[] =>
  shape.columns.map(({ type, property }) =>
    arrayLiteral(
      type,
      rows.map((row) => row[property]),
    ),
  );

/** Rows that change. */
export interface Changes {
  /** Their keys are free, which spares PostgreSQL a third of the work of replacing. */
  readonly added: readonly Row[];
  readonly replaced: readonly Row[];
  readonly removed: readonly Slot[];
}

/** What writes changes: one statement for each kind, none where there is nothing of it. */
export const writesOf = (shape: TableShape, table: string, { added, replaced, removed }: Changes): readonly QueryConfig[] => {
  const { insert, replace, remove } = statements(shape, table);
  return [
    ...(removed.length > 0 ? [{ ...remove, values: [...keyArrays(shape, removed)] }] : []),
    ...(added.length > 0 ? [{ ...insert, values: [...rowArrays(shape, added)] }] : []),
    ...(replaced.length > 0 ? [{ ...replace, values: [...rowArrays(shape, replaced)] }] : []),
  ];
};
