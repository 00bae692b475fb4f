import { createCipheriv, createDecipheriv, createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { SEALED_PREFIX } from '@qiyue/decider';
import { SealBroken } from './faults';

/** The keys of one account: one encrypts, one derives the initialisation vectors. Key objects: bytes would be made into one anew with every use. */
export interface AccountKey {
  readonly dek: KeyObject;
  readonly ivKey: KeyObject;
}

export const accountKey = (dek: Buffer): AccountKey => ({
  dek: createSecretKey(dek),
  ivKey: createSecretKey(createHmac('sha256', dek).update('qiyue iv').digest()),
});

const tagBytes = 16;
const form = /^sealed:1:(.+):([\w-]{16}):([\w-]{22,})$/s;

/** Whether a value has the look of something sealed. */
export const isSealed = (value: unknown): value is string => typeof value === 'string' && value.startsWith(SEALED_PREFIX);

/** The account a sealed text names. Throws `SealBroken` if it has not the form of one. */
export const accountOf = (sealed: string): string => matched(sealed)[1] as string;

const matched = (sealed: string): RegExpExecArray => {
  const match = form.exec(sealed);
  if (match === null) throw new SealBroken('a sealed value has lost its form');
  return match;
};

const partsOf = (sealed: string): { accountId: string; iv: Buffer; body: Buffer } => {
  const match = matched(sealed);
  return {
    accountId: match[1] as string,
    iv: Buffer.from(match[2] as string, 'base64url'),
    body: Buffer.from(match[3] as string, 'base64url'),
  };
};

/**
 * AES-256-GCM, bound to the account. The initialisation vector is derived from where the text stands and from the text itself, so that
 * a repeated append is the same bytes; equal vectors therefore mean equal texts.
 */
export const sealWith = ({ dek, ivKey }: AccountKey, accountId: string, eventId: string, path: string, text: string): string => {
  const iv = createHmac('sha256', ivKey).update(`${eventId}\0${path}\0${text}`).digest().subarray(0, 12);
  const cipher = createCipheriv('aes-256-gcm', dek, iv).setAAD(Buffer.from(accountId, 'utf8'));
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `${SEALED_PREFIX}${accountId}:${iv.toString('base64url')}:${body.toString('base64url')}`;
};

/** Throws `SealBroken` if one bit of it is another. */
export const revealWith = ({ dek }: AccountKey, sealed: string): string => {
  const { accountId, iv, body } = partsOf(sealed);
  const decipher = createDecipheriv('aes-256-gcm', dek, iv, { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(accountId, 'utf8')).setAuthTag(body.subarray(-tagBytes));
  try {
    return Buffer.concat([decipher.update(body.subarray(0, -tagBytes)), decipher.final()]).toString('utf8');
  } catch {
    throw new SealBroken(`a sealed value of account ${accountId} was tampered with`);
  }
};
