import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { StoreFault } from './faults';
import type { KeyWrapper } from './types';

const ivBytes = 12;
const tagBytes = 16;

/**
 * Wraps data keys with a key from configuration: 32 bytes in base64 (`openssl rand -base64 32`), AES-256-GCM. Its id is made of the key,
 * so that a wrapped key always tells which one it needs. Throws a `StoreFault` if the key has another length.
 */
export const localKek = (base64: string): KeyWrapper => {
  const key = Buffer.from(base64, 'base64');
  if (key.length !== 32) throw new StoreFault('the key-encryption key must be 32 bytes in base64');
  const id = `local-${createHash('sha256').update('qiyue kek id').update(key).digest('hex').slice(0, 16)}`;
  return {
    id,
    wrap: (plain, context) => {
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(context, 'utf8'));
      return Promise.resolve(Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]));
    },
    unwrap: (wrapped, context) => {
      const decipher = createDecipheriv('aes-256-gcm', key, wrapped.subarray(0, ivBytes), { authTagLength: tagBytes });
      decipher.setAAD(Buffer.from(context, 'utf8')).setAuthTag(wrapped.subarray(-tagBytes));
      return new Promise((resolve) => resolve(Buffer.concat([decipher.update(wrapped.subarray(ivBytes, -tagBytes)), decipher.final()])));
    },
  };
};
