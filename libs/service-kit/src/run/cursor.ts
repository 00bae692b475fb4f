import { kitProblem } from '../http/problem';

/** Where a page ended, as opaque text. Personal columns must not be ordered by. */
export const encodeCursor = (order: readonly string[], row: Readonly<Record<string, unknown>>): string =>
  Buffer.from(JSON.stringify([order.join(','), ...order.map((property) => row[property])])).toString('base64url');

/** The values a page ended with. Throws a 422 problem when the cursor is not one of this list's. */
export const decodeCursor = (cursor: string, order: readonly string[]): readonly (string | number | boolean)[] => {
  const bad = kitProblem('invalid', { errors: [{ pointer: 'query/after', detail: 'after must be the cursor of the page before' }] });
  let read: unknown;
  try {
    read = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    throw bad;
  }
  if (!Array.isArray(read) || read.length !== order.length + 1 || read[0] !== order.join(',')) throw bad;
  const values = read.slice(1) as unknown[];
  const isSound = (value: unknown): value is string | number | boolean =>
    (typeof value === 'string' && value.length <= 500 && !value.includes('\u0000')) ||
    typeof value === 'number' ||
    typeof value === 'boolean';
  if (!values.every(isSound)) throw bad;
  return values;
};
