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
    keptMax: 10,
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
  test.each([
    [-6_000, false],
    [-5_000, true],
    [904_999, true],
    [905_000, false],
  ])('one that was just found to hold is judged alike, %i ms after it was issued: %s', async (laterMs, holds) => {
    const clock = new FixedClock();
    const tokens = await open(clock);
    const { token } = await tokens.issue({ sub: 'anna', role: 'customer' });
    const first = await tokens.verify(token);
    expect(await tokens.verify(token)).toBe(first);
    clock.ms += laterMs;
    expect(await tokens.verify(token)).toEqual(holds ? first : undefined);
  });
  test('one that outlives what this process takes is too old here', async () => {
    const clock = new FixedClock();
    const key = makeSigningKey();
    const { token } = await (await open(clock, { ttlSeconds: 3_600 }, key)).issue({ sub: 'anna', role: 'customer' });
    const tokens = await open(clock, {}, key);
    expect(await tokens.verify(token)).toMatchObject({ sub: 'anna' });
    clock.ms += 905_999;
    expect(await tokens.verify(token)).toMatchObject({ sub: 'anna' });
    clock.ms += 1;
    expect(await tokens.verify(token)).toBeUndefined();
  });
  test('TOKENS_KEPT_MAX: as many signatures are not checked again, the one used longest ago is', async () => {
    const clock = new FixedClock();
    const key = makeSigningKey();
    const signing = await readSigningKey(key);
    let checked = 0;
    const keys: ReturnType<typeof localKeys> = (...asked) => {
      checked += 1;
      return localKeys(signing)(...asked);
    };
    const tokens = await open(clock, { keptMax: 2, keys }, key);
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map(async (sub) => (await tokens.issue({ sub, role: 'customer' })).token));
    for (const token of [a, b, a, b, c, b]) await tokens.verify(token ?? '');
    expect(checked).toBe(3);
    await tokens.verify(a ?? '');
    expect(checked).toBe(4);
  });
  test('a token that was altered is none, whatever was found out about the other', async () => {
    const tokens = await open(new FixedClock());
    const { token } = await tokens.issue({ sub: 'anna', role: 'customer' });
    await tokens.verify(token);
    const [head, , signature] = token.split('.');
    const forged = Buffer.from(JSON.stringify({ sub: 'anna', role: 'operator' })).toString('base64url');
    expect(await tokens.verify(`${head}.${forged}.${signature}`)).toBeUndefined();
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
      keptMax: 10,
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
