import type { Envelope } from '@qiyue/contracts';

const largest = 2n ** 63n - 1n;
// A NUL cannot be stored by PostgreSQL, and nothing of ours ever holds one outside of `data`.
const isText = (value: unknown): value is string => typeof value === 'string' && value.length > 0 && !value.includes('\u0000');
const isPosition = (value: unknown): boolean => {
  const parts = typeof value === 'string' ? /^(\d{1,19}):(\d{1,19})$/.exec(value) : null;
  return parts !== null && BigInt(parts[1] as string) <= largest && BigInt(parts[2] as string) <= largest;
};
const isRevision = (value: unknown): boolean => typeof value === 'string' && /^\d{1,19}$/.test(value) && BigInt(value) <= largest;
const isOptionalText = (value: unknown): boolean => value === undefined || typeof value === 'string';

/** Whether a value has what consumers rely on before they look at its data. Never trusts the bus: anybody with the right to write may have written. */
export const isEnvelope = (value: unknown): value is Envelope => {
  if (typeof value !== 'object' || value === null) return false;
  const it = value as Record<string, unknown>;
  return (
    it['specversion'] === '1.0' &&
    'data' in it &&
    [
      it['id'],
      it['source'],
      it['type'],
      it['subject'],
      it['partitionkey'],
      it['time'],
      it['recordedtime'],
      it['correlationid'],
      it['causationid'],
    ].every(isText) &&
    it['subject'] === it['partitionkey'] &&
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
