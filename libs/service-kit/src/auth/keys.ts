import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { JWTVerifyGetKey } from 'jose';
import type { Pool } from 'pg';
import type { PlatformConfig } from '../config/platform-config';
import { localKeys, makeSigningKey, readSigningKey, remoteKeys, type SigningKey } from './tokens';

const CONTEXT = Buffer.from('qiyue signing key');

const wrap = (text: string, kek: string): Buffer => {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(kek, 'base64'), iv).setAAD(CONTEXT);
  return Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
};

const unwrap = (wrapped: Buffer, kek: string): string => {
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(kek, 'base64'), wrapped.subarray(0, 12))
    .setAAD(CONTEXT)
    .setAuthTag(wrapped.subarray(-16));
  return Buffer.concat([decipher.update(wrapped.subarray(12, -16)), decipher.final()]).toString('utf8');
};

/** The signing key of the platform database, made by whoever comes first and kept wrapped with the key-encryption key. */
export const storedSigningKey = async (pool: Pool, kek: string): Promise<SigningKey> => {
  await pool.query('INSERT INTO signing_keys (id, wrapped) VALUES (1, $1) ON CONFLICT (id) DO NOTHING', [wrap(makeSigningKey(), kek)]);
  const { rows } = await pool.query<{ wrapped: Buffer }>('SELECT wrapped FROM signing_keys WHERE id = 1');
  return readSigningKey(unwrap((rows[0] as { wrapped: Buffer }).wrapped, kek));
};

/** What this process signs and verifies with: identity has the private key; others read public keys by URL, or share the process or the platform database with identity. */
export const openKeys = async (
  config: PlatformConfig,
  hasIdentity: boolean,
  platformPool: Pool,
): Promise<{ readonly keys: JWTVerifyGetKey; readonly signing?: SigningKey }> => {
  if (!hasIdentity && config.authJwksUrl !== undefined) return { keys: remoteKeys(config.authJwksUrl) };
  const signing =
    config.authSigningKey === undefined
      ? await storedSigningKey(platformPool, config.vaultKek)
      : await readSigningKey(config.authSigningKey);
  return { keys: localKeys(signing), signing };
};
