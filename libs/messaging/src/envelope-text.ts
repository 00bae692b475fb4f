import type { Envelope } from '@qiyue/contracts';

const largest = 2n ** 63n - 1n;
// A NUL cannot be stored by PostgreSQL, and nothing of ours ever holds one outside of `data`.
const isText = (value: unknown): value is string => typeof value === 'string' && value.length > 0 && !value.includes('\u0000');
// What has 18 digits is small enough without counting.
const isRevision = (value: unknown): boolean =>
  typeof value === 'string' && (/^\d{1,18}$/.test(value) || (/^\d{19}$/.test(value) && BigInt(value) <= largest));
const isPosition = (value: unknown): boolean => {
  if (typeof value !== 'string') return false;
  if (/^\d{1,18}:\d{1,18}$/.test(value)) return true;
  const halves = value.split(':');
  return halves.length === 2 && halves.every(isRevision);
};
const isOptionalText = (value: unknown): boolean => value === undefined || typeof value === 'string';

/** Whether a value has what consumers rely on before they look at its data. Never trusts the bus: anybody with the right to write may have written. */
export const isEnvelope = (value: unknown): value is Envelope => {
  if (typeof value !== 'object' || value === null) return false;
  const it = value as Record<string, unknown>;
  return (
    it['specversion'] === '1.0' &&
    'data' in it &&
    isText(it['id']) &&
    isText(it['source']) &&
    isText(it['type']) &&
    isText(it['subject']) &&
    it['subject'] === it['partitionkey'] &&
    isText(it['time']) &&
    isText(it['recordedtime']) &&
    isText(it['correlationid']) &&
    isText(it['causationid']) &&
    isRevision(it['sequence']) &&
    (it['previoussequence'] === undefined || isRevision(it['previoussequence'])) &&
    isPosition(it['position']) &&
    (it['previousposition'] === undefined || isPosition(it['previousposition'])) &&
    isText(it['chainhash']) &&
    isOptionalText(it['clause']) &&
    isOptionalText(it['agreementversion']) &&
    isOptionalText(it['traceparent'])
  );
};

/** The envelope a record holds, or undefined when it holds something else. */
export const readEnvelope = (text: string): Envelope | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return isEnvelope(value) ? value : undefined;
  } catch {
    // Not JSON at all: the caller parks the record with its text.
    return undefined;
  }
};

export const writeEnvelope = (envelope: Envelope): string => JSON.stringify(envelope);
