import type { ReadColumn, RowKey, TableShape } from './declaration';

/** A row in memory, exactly as it would come back from its table. */
export type Row = Readonly<Record<string, unknown>>;
export type Scalar = string | number | boolean;

const INT4 = 2_147_483_648;
const INT8 = 9_223_372_036_854_775_808n;

const suspect = /[\0\ud800-\udfff]/;
// In Unicode mode a surrogate matches only where it has no partner.
const unstorable = /[\0\p{Surrogate}]/gu;

/**
 * PostgreSQL cannot hold U+0000 or half a surrogate pair. Refusing them would let one hostile text halt a read model,
 * so each becomes U+FFFD, which is one code unit as well; sealed texts are plain ASCII and never touched.
 */
export const cleanText = (text: string): string => (suspect.test(text) ? text.replace(unstorable, '\uFFFD') : text);

// jsonb keeps keys by length in bytes, then bytewise; the same order in memory makes a row independent of whether it was stored in between.
const byJsonbOrder = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
  Buffer.byteLength(a) - Buffer.byteLength(b) || Buffer.compare(Buffer.from(a), Buffer.from(b));

/** Freezes a JSON value through and through. */
export const frozen = (value: unknown): unknown => {
  if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) frozen(item);
    Object.freeze(value);
  }
  return value;
};

/** A JSON value as jsonb gives it back. Throws a `TypeError` on anything that is not plain JSON. */
export const canonicalJson = (value: unknown): unknown => {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'string') return cleanText(value);
  if (typeof value === 'number' && Number.isFinite(value)) return value === 0 ? 0 : value;
  if (Array.isArray(value)) return value.map((item) => (item === undefined ? null : canonicalJson(item)));
  if (typeof value === 'object') {
    const prototype: unknown = Object.getPrototypeOf(value);
    // Compared by its place in the chain, because JSON may come from another realm (a test runner's, for instance).
    if (prototype === null || Object.getPrototypeOf(prototype) === null) {
      const entries = Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([name, item]): [string, unknown] => [cleanText(name), canonicalJson(item)]);
      // `fromEntries` defines properties, so that a key named `__proto__` stays a key.
      return Object.fromEntries(entries.sort(byJsonbOrder));
    }
  }
  throw new TypeError('jsonb holds plain JSON only');
};

const bigintText = (value: unknown): string | undefined => {
  const whole =
    typeof value === 'bigint' ||
    (typeof value === 'string' && /^-?\d{1,19}$/.test(value)) ||
    (typeof value === 'number' && Number.isSafeInteger(value));
  const number = whole ? BigInt(value as bigint | string | number) : undefined;
  return number !== undefined && number >= -INT8 && number < INT8 ? number.toString() : undefined;
};

const canonicalValue = (column: ReadColumn, value: unknown): unknown => {
  switch (column.type) {
    case 'text':
      return typeof value === 'string' ? cleanText(value) : undefined;
    case 'integer':
      return Number.isInteger(value) && (value as number) >= -INT4 && (value as number) < INT4 ? (value as number) + 0 : undefined;
    case 'bigint':
      return bigintText(value);
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'jsonb':
      return frozen(canonicalJson(value));
  }
};

// The value itself is not in the message: it may be personal.
const unfit = (column: ReadColumn): never => {
  throw new TypeError(`"${column.property}" does not fit a column of type ${column.type}${column.nullable ? '' : ' not null'}`);
};

/** What a handler returned, as the table would give it back. `before` is the row it was made from, whose JSON is known to be canonical. */
export const canonicalRow = (shape: TableShape, returned: Row, before: Row | undefined): Row => {
  const row: Record<string, unknown> = {};
  for (const column of shape.columns) {
    const value = returned[column.property];
    if (value === undefined || value === null) {
      row[column.property] = column.nullable ? null : unfit(column);
    } else if (column.type === 'jsonb' && value === before?.[column.property]) {
      row[column.property] = value;
    } else {
      row[column.property] = canonicalValue(column, value) ?? unfit(column);
    }
  }
  // Frozen, like the JSON in it: a handler that changed the row it was given would make the outcome depend on the size of the batch.
  return Object.freeze(row);
};

/** A row's place: its text tells rows apart within a model. */
export interface Slot {
  readonly text: string;
  /** Values of the primary columns, in order. */
  readonly values: readonly Scalar[];
  readonly given: RowKey;
}

/** The slot a key names. Throws a `TypeError` on a key that does not fit the primary columns. */
export const slotOf = (shape: TableShape, given: RowKey): Slot => {
  const single = typeof given === 'object' ? undefined : given;
  if (single !== undefined && shape.key.length > 1)
    throw new TypeError(`a key of ${shape.name} names ${shape.key.map(({ property }) => property).join(', ')}`);
  const values = shape.key.map((column) => (canonicalValue(column, single ?? (given as Row)[column.property]) ?? unfit(column)) as Scalar);
  return { text: values.length === 1 ? String(values[0]) : JSON.stringify(values), values, given };
};

/** The text of the slot a row stands in. */
export const slotTextOf = (shape: TableShape, row: Row): string => {
  const values = shape.key.map(({ property }) => row[property]);
  return values.length === 1 ? String(values[0]) : JSON.stringify(values);
};
