import { createHmac, timingSafeEqual } from 'node:crypto';

/** Header of a signature: `sha256=<hexadecimal HMAC-SHA256 of the body's bytes>`. */
export const SIGNATURE_HEADER = 'x-gateway-signature';

const digest = (secret: string, bytes: Buffer): Buffer => createHmac('sha256', secret).update(bytes).digest();

export const sign = (secret: string, bytes: Buffer): string => `sha256=${digest(secret, bytes).toString('hex')}`;

/** Whether the bytes carry their signature. Takes the same time for every wrong one. A callback sent again is the same payment, so it needs no timestamp. */
export const isGenuine = (secret: string, bytes: Buffer, signature: unknown): boolean => {
  const hex = typeof signature === 'string' ? /^sha256=([0-9a-f]{64})$/.exec(signature)?.[1] : undefined;
  return timingSafeEqual(digest(secret, bytes), Buffer.from(hex ?? '0'.repeat(64), 'hex')) && hex !== undefined;
};
