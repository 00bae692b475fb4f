import {
  calculateJwkThumbprint,
  createLocalJWKSet,
  createRemoteJWKSet,
  exportJWK,
  importJWK,
  importPKCS8,
  jwtVerify,
  SignJWT,
  type JWK,
  type JWTVerifyGetKey,
  type KeyLike,
} from 'jose';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { Lru } from '@qiyue/event-store';
import type { Clock } from '../clock';
import { roles, type Role } from '../http/caller';

/** What a token says. */
export interface Claims {
  /** Subject: an account id for customers, a staff or service name otherwise. */
  readonly sub: string;
  readonly role: Role;
  /** The account a dealer acts for; a customer's is the subject itself. */
  readonly accountId?: string;
  /** The session the token belongs to. */
  readonly sid?: string;
}

/** What a valid token says, and since when it does. */
export interface IssuedClaims extends Claims {
  /** Seconds since 1970, whole ones. */
  readonly issuedAt: number;
}

/** A token as handed out. */
export interface IssuedToken {
  readonly token: string;
  readonly expiresAt: string;
  readonly expiresInSeconds: number;
}

interface TokenOptions {
  readonly clock: Clock;
  readonly issuer: string;
  readonly audience: string;
  readonly ttlSeconds: number;
  /** How far the issuer's clock may be off. */
  readonly skewSeconds: number;
  /** Tokens whose signature need not be checked again for a minute; 0, none. */
  readonly keptMax: number;
  /** Keys that tokens are verified with. */
  readonly keys: JWTVerifyGetKey;
  /** Present where tokens are signed. */
  readonly signing?: SigningKey;
}

/** A private Ed25519 key, ready to sign. */
export interface SigningKey {
  readonly kid: string;
  readonly key: KeyLike | Uint8Array;
  readonly publicJwk: JWK;
}

const isRole = (value: unknown): value is Role => roles.includes(value as Role);
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** Reads a private Ed25519 key from PKCS #8 PEM or a JWK in JSON. Throws when it is neither. */
export const readSigningKey = async (source: string): Promise<SigningKey> => {
  const isPem = source.includes('BEGIN PRIVATE KEY');
  const key = isPem ? await importPKCS8(source, 'EdDSA', { extractable: true }) : await importJWK(JSON.parse(source) as JWK, 'EdDSA');
  const jwk = isPem ? await exportJWK(key as KeyLike) : (JSON.parse(source) as JWK);
  if (jwk.kty !== 'OKP' || jwk.crv !== 'Ed25519' || jwk.x === undefined || jwk.d === undefined)
    throw new Error('the signing key is not a private Ed25519 key');
  const shared = { kty: 'OKP', crv: 'Ed25519', x: jwk.x };
  const kid = await calculateJwkThumbprint(shared);
  return { kid, key, publicJwk: { ...shared, kid, alg: 'EdDSA', use: 'sig' } };
};

/** A new private key, as a JWK in JSON. */
export const makeSigningKey = (): string => JSON.stringify(generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }));

/** Public keys read from a URL, cached and read again when a token names an unknown one. */
export const remoteKeys = (url: string): JWTVerifyGetKey => createRemoteJWKSet(new URL(url));

/** The public key of a signing key in this process. */
export const localKeys = (signing: SigningKey): JWTVerifyGetKey => createLocalJWKSet({ keys: [signing.publicJwk] });

/** A token that was found to be valid, and the instants (milliseconds of the clock) between which it still is. */
interface Verified {
  readonly claims: IssuedClaims;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** How long a signature counts as checked, in milliseconds: so long does a token outlive a key that was withdrawn. */
const KEPT_MS = 60_000;

/** Issues and verifies tokens: EdDSA JWTs that live for a configured time. Injectable in every service; only where the signing key is can it issue. */
export class Tokens {
  private readonly verified: Lru<Verified>;

  constructor(private readonly options: TokenOptions) {
    this.verified = new Lru(options.keptMax, KEPT_MS, () => performance.now());
  }

  /** Signs a token. Throws where this process has no signing key. */
  async issue(claims: Claims): Promise<IssuedToken> {
    const { clock, issuer, audience, ttlSeconds, signing } = this.options;
    if (signing === undefined) throw new Error('this process has no signing key; tokens are issued by identity');
    const issuedAt = Math.floor(clock.nowMs() / 1000);
    const { sub, ...rest } = claims;
    const token = await new SignJWT({ ...rest })
      .setProtectedHeader({ alg: 'EdDSA', kid: signing.kid, typ: 'JWT' })
      .setSubject(sub)
      .setIssuer(issuer)
      .setAudience(audience)
      .setJti(randomUUID())
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + ttlSeconds)
      .sign(signing.key);
    return { token, expiresAt: new Date((issuedAt + ttlSeconds) * 1000).toISOString(), expiresInSeconds: ttlSeconds };
  }

  /** The claims of a token, or undefined when it is not valid now. */
  async verify(token: string): Promise<IssuedClaims | undefined> {
    const { clock, issuer, audience, ttlSeconds, skewSeconds, keys } = this.options;
    const nowMs = clock.nowMs();
    const known = this.verified.get(token);
    if (known !== undefined && known.fromMs <= nowMs && nowMs < known.untilMs) return known.claims;
    try {
      const { payload } = await jwtVerify(token, keys, {
        algorithms: ['EdDSA'],
        issuer,
        audience,
        currentDate: new Date(nowMs),
        clockTolerance: skewSeconds,
        maxTokenAge: ttlSeconds,
        requiredClaims: ['sub', 'exp', 'iat'],
      });
      const sub = text(payload.sub);
      const role = payload['role'];
      if (sub === undefined || !isRole(role)) return undefined;
      const [accountId, sid] = [text(payload['accountId']), text(payload['sid'])];
      const { iat: issuedAt = 0, exp = 0 } = payload;
      const claims: IssuedClaims = {
        sub,
        role,
        issuedAt,
        ...(accountId === undefined ? {} : { accountId }),
        ...(sid === undefined ? {} : { sid }),
      };
      // What holds now holds until it is too old: time alone ends it.
      const untilMs = (Math.min(exp, issuedAt + ttlSeconds + 1) + skewSeconds) * 1_000;
      this.verified.set(token, { claims, fromMs: nowMs, untilMs });
      return claims;
    } catch (fault) {
      // Anything jose names is a token that does not hold; an unreachable key set is our fault, not the caller's.
      if (isTokenFault(fault)) return undefined;
      throw fault;
    }
  }

  /** The public key set, for other processes. */
  jwks(): { readonly keys: readonly JWK[] } {
    return { keys: this.options.signing === undefined ? [] : [this.options.signing.publicJwk] };
  }
}

const isTokenFault = (fault: unknown): boolean => {
  const code = (fault as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' && code.startsWith('ERR_J') && code !== 'ERR_JWKS_TIMEOUT' && code !== 'ERR_JWKS_INVALID';
};
