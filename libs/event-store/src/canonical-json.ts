import { hash } from 'node:crypto';

/** Text that JSON writes as it is, so that it need not be asked. */
const plain = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

const quote = (text: string): string => (plain.test(text) ? `"${text}"` : JSON.stringify(text));

/**
 * RFC 8785 canonical JSON of plain data: keys sorted by UTF-16 code units, numbers and strings as ECMAScript writes them, fields that are
 * undefined left out. Throws a `TypeError` on what JSON has no word for: NaN, infinities, bigints, functions.
 */
export const canonicalJson = (value: unknown): string => {
  if (typeof value === 'string') return quote(value);
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value);
  if (typeof value !== 'object') throw new TypeError(`${typeof value === 'number' ? String(value) : `a ${typeof value}`} has no JSON`);
  if (Array.isArray(value)) return `[${value.map((item: unknown) => (item === undefined ? 'null' : canonicalJson(item))).join(',')}]`;
  const fields = value as Readonly<Record<string, unknown>>;
  let text = '';
  for (const key of Object.keys(fields).sort()) {
    const field = fields[key];
    if (field !== undefined) text += `${text === '' ? '' : ','}${quote(key)}:${canonicalJson(field)}`;
  }
  return `{${text}}`;
};

/** SHA-256 of a text's UTF-8, hexadecimal. */
export const sha256 = (text: string): string => hash('sha256', text, 'hex');

/** Digest of what makes a command the same command: SHA-256 of its canonical JSON. Not to be stored in the clear, see `Vault.digest`. */
export const fingerprintOf = (body: unknown): string => sha256(canonicalJson(body ?? null));
