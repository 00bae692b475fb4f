import { generateKeyPairSync } from 'node:crypto';
import { SystemClock } from '../clock';
import { localKeys, makeSigningKey, readSigningKey, Tokens } from './tokens';

class FixedClock extends SystemClock {
  ms = Date.parse('2026-03-02T02:00:00.000Z');
  override nowMs(): number {
    return this.ms;
  }
}
const open = async (clock: FixedClock, options: Partial<ConstructorParameters<typeof Tokens>[0]> = {}, key = makeSigningKey()) => {
  const signing = await readSigningKey(key);
  return new Tokens({
    clock,
    issuer: 'qiyue',
    audience: 'qiyue',
    ttlSeconds: 900,
    skewSeconds: 5,
    keys: localKeys(signing),
    signing,
    ...options,
  });
};

describe('tokens', () => {
  test('what is issued is verified, with every claim', async () => {
    const clock = new FixedClock();
    const tokens = await open(clock);
    const issued = await tokens.issue({ sub: 'anna', role: 'customer', sid: 's-1', accountId: 'anna' });
    expect(issued).toMatchObject({ expiresAt: '2026-03-02T02:15:00.000Z', expiresInSeconds: 900 });
    expect(await tokens.verify(issued.token)).toEqual({
      sub: 'anna',
      role: 'customer',
      sid: 's-1',
      accountId: 'anna',
      issuedAt: clock.nowMs() / 1_000,
    });
  });
  test.each([
    [-6_000, false],
    [-5_000, true],
    [0, true],
    [904_000, true],
    [905_000, false],
    [9_000_000, false],
  ])('a token of 15 minutes, %i ms after it was issued, holds: %s', async (laterMs, holds) => {
    const clock = new FixedClock();
    const tokens = await open(clock);
    const { token } = await tokens.issue({ sub: 'anna', role: 'customer' });
    clock.ms += laterMs;
    expect((await tokens.verify(token)) !== undefined).toBe(holds);
  });
  test('issuer and audience must be ours', async () => {
    const clock = new FixedClock();
    const key = makeSigningKey();
    const { token } = await (await open(clock, { issuer: 'other' }, key)).issue({ sub: 'a', role: 'operator' });
    expect(await (await open(clock, {}, key)).verify(token)).toBeUndefined();
    const second = await (await open(clock, { audience: 'other' }, key)).issue({ sub: 'a', role: 'operator' });
    expect(await (await open(clock, {}, key)).verify(second.token)).toBeUndefined();
  });
  test('a role that does not exist is no role', async () => {
    const tokens = await open(new FixedClock());
    expect(await tokens.verify((await tokens.issue({ sub: 'a', role: 'root' as never })).token)).toBeUndefined();
  });
  test('who has no signing key cannot issue, but verify', async () => {
    const signing = await readSigningKey(makeSigningKey());
    const options = {
      clock: new FixedClock(),
      issuer: 'qiyue',
      audience: 'qiyue',
      ttlSeconds: 900,
      skewSeconds: 5,
      keys: localKeys(signing),
    };
    const { token } = await new Tokens({ ...options, signing }).issue({ sub: 'a', role: 'auditor' });
    const verifier = new Tokens(options);
    expect(await verifier.verify(token)).toMatchObject({ sub: 'a', role: 'auditor' });
    await expect(verifier.issue({ sub: 'a', role: 'auditor' })).rejects.toThrow(/no signing key/);
    expect(verifier.jwks()).toEqual({ keys: [] });
  });
  test('the published key set holds no private part', async () => {
    const { keys } = (await open(new FixedClock())).jwks();
    expect(keys).toEqual([{ kty: 'OKP', crv: 'Ed25519', x: expect.any(String), kid: expect.any(String), alg: 'EdDSA', use: 'sig' }]);
  });
  test('a key is read from PEM as well, and any other kind is refused', async () => {
    const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
    expect((await readSigningKey(pem)).publicJwk.crv).toBe('Ed25519');
    await expect(
      readSigningKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'pem', type: 'pkcs8' }) as string),
    ).rejects.toThrow();
    await expect(readSigningKey('nonsense')).rejects.toThrow();
    const { d: _d, ...publicOnly } = JSON.parse(makeSigningKey()) as Record<string, string>;
    await expect(readSigningKey(JSON.stringify(publicOnly))).rejects.toThrow(/private Ed25519/);
  });
});
