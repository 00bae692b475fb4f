import type { AnyReadModel, TableShape } from '@qiyue/projections';

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A row's table, as SQL needs it. */
export interface RowTable {
  /** Quoted. */
  readonly name: string;
  /** Properties of the primary key, in order. */
  readonly keys: readonly string[];
  /** The one property of the primary key, where that is a text. */
  readonly textKey: string | undefined;
  /** Every column under the name of its property. */
  readonly selection: string;
  /** The quoted column of a property. Throws when there is none. */
  column(property: string): string;
}

const tableOf = ({ name, columns, key }: TableShape): RowTable => {
  const byProperty = new Map(columns.map((column) => [column.property, quoted(column.name)]));
  return {
    name: quoted(name),
    keys: key.map(({ property }) => property),
    textKey: key.length === 1 && key[0]?.type === 'text' ? key[0].property : undefined,
    selection: [...byProperty].map(([property, column]) => `${column} AS ${quoted(property)}`).join(', '),
    column: (property) => {
      const column = byProperty.get(property);
      if (column === undefined) throw new TypeError(`${name} has no column ${property}`);
      return column;
    },
  };
};

/** The tables of a service's read models, by row class. */
export const rowTables = (models: readonly AnyReadModel[]): ((row: unknown) => RowTable) => {
  const tables = new Map<unknown, RowTable>(models.map(({ row, shape }) => [row, tableOf(shape)]));
  return (row) => {
    const table = tables.get(row);
    if (table === undefined)
      throw new TypeError(`${(row as { name?: string }).name ?? String(row)} is the row of no read model of this service`);
    return table;
  };
};
