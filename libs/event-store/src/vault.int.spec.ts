import { randomBytes, randomUUID } from 'node:crypto';
import { FORGOTTEN } from '@qiyue/decider';
import { Pool } from 'pg';
import { AccountForgotten, localKek, migrateVault, openVault, SealBroken, StoreFault, type KeyWrapper } from './index';

const server = process.env['QIYUE_TEST_POSTGRES_URL'] ?? '';
const database = `vault_${randomBytes(6).toString('hex')}`;
const urlOf = (name: string): string => Object.assign(new URL(server), { pathname: `/${name}` }).href;
const kek = localKek(randomBytes(32).toString('base64'));
let pool: Pool;
let otherPool: Pool;
const admin = async (sql: string): Promise<void> => {
  const one = new Pool({ connectionString: urlOf('postgres'), max: 1 });
  await one.query(sql);
  await one.end();
};

beforeAll(async () => {
  await admin(`CREATE DATABASE ${database}`);
  pool = new Pool({ connectionString: urlOf(database) });
  otherPool = new Pool({ connectionString: urlOf(database) });
  // Two processes that start at the same time, and one that starts again.
  await Promise.all([migrateVault(pool), migrateVault(otherPool)]);
  await migrateVault(pool);
});
afterAll(async () => {
  await pool.end();
  await otherPool.end();
  await admin(`DROP DATABASE ${database}`);
});

const event = '4bb0f2f0-52f0-5d2b-8b0b-0e6c2f6a2d11';
const someone = (): string => `acc-${randomUUID()}`;

describe('the vault', () => {
  test('reveals what it sealed, byte for byte, and nothing of it can be seen (5.1)', async () => {
    const vault = openVault({ pool, kek });
    for (const text of ['Anna Li', '', '😀 注意', 'sealed:1:x:y:z', 'x'.repeat(10_000)]) {
      const accountId = someone();
      const sealed = await vault.seal(accountId, event, 'holder', text);
      expect(sealed.startsWith(`sealed:1:${accountId}:`)).toBe(true);
      if (text.length > 3) expect(sealed).not.toContain(text);
      expect(await vault.reveal(sealed)).toBe(text);
    }
  });
  test('seals the same text at the same place the same, elsewhere differently', async () => {
    const vault = openVault({ pool, kek });
    const accountId = someone();
    const [one, again, elsewhere, other, otherText] = await Promise.all([
      vault.seal(accountId, event, 'a', 'x'),
      vault.seal(accountId, event, 'a', 'x'),
      vault.seal(accountId, event, 'b', 'x'),
      vault.seal(accountId, randomUUID(), 'a', 'x'),
      vault.seal(accountId, event, 'a', 'y'),
    ]);
    expect(again).toBe(one);
    expect(new Set([one, elsewhere, other, otherText]).size).toBe(4);
  });
  test('works for account ids with colons in them', async () => {
    const vault = openVault({ pool, kek });
    const accountId = `t1:${someone()}:x`;
    expect(await vault.reveal(await vault.seal(accountId, event, 'a', 'x'))).toBe('x');
  });
  test('reveals deep inside a value, leaves everything else as it is, and shares what did not change', async () => {
    const vault = openVault({ pool, kek });
    const sealed = await vault.seal(someone(), event, 'a', 'secret');
    const plain = { at: new Date(0), n: 1n };
    class Row {
      constructor(public name: string) {}
    }
    const value = { list: [{ name: sealed }, null, 'x'], plain, row: new Row(sealed), ['__proto__']: { polluted: true } };
    const revealed = await vault.revealDeep(value);
    expect(revealed.list).toEqual([{ name: 'secret' }, null, 'x']);
    expect(revealed.plain).toBe(plain);
    expect(revealed.row).toBeInstanceOf(Row);
    expect(revealed.row.name).toBe('secret');
    expect(value.list[0]).toEqual({ name: sealed });
    expect(await vault.revealDeep(plain)).toBe(plain);
  });
  test('two processes that seal for a new account at the same time use one key', async () => {
    const one = openVault({ pool, kek });
    const two = openVault({ pool: otherPool, kek });
    for (let round = 0; round < 10; round += 1) {
      const accountId = someone();
      const sealed = await Promise.all([one, two, one, two].map((vault) => vault.seal(accountId, event, 'a', 'x')));
      expect(new Set(sealed).size).toBe(1);
      expect(await openVault({ pool, kek }).reveal(sealed[1] as string)).toBe('x');
    }
  });
  test('a destroyed key makes everything sealed with it forgotten, for good, and refuses to seal more', async () => {
    const vault = openVault({ pool, kek });
    const accountId = someone();
    const other = await vault.seal(someone(), event, 'a', 'stays');
    const sealed = await vault.seal(accountId, event, 'a', 'x');
    await vault.destroy(accountId);
    await vault.destroy(accountId);
    for (const one of [vault, openVault({ pool: otherPool, kek })]) {
      expect(await one.revealDeep([sealed, other])).toEqual([FORGOTTEN, 'stays']);
      await expect(one.seal(accountId, event, 'a', 'x')).rejects.toThrow(AccountForgotten);
    }
    const { rows } = await pool.query<{ wrapped_key: unknown; destroyed: boolean }>(
      'SELECT wrapped_key, destroyed_at IS NOT NULL AS destroyed FROM account_keys WHERE account_id = $1',
      [accountId],
    );
    expect(rows).toEqual([{ wrapped_key: null, destroyed: true }]);
  });
  test('an account can be forgotten before anything was ever sealed for it', async () => {
    const vault = openVault({ pool, kek });
    const accountId = someone();
    await vault.destroy(accountId);
    await expect(vault.seal(accountId, event, 'a', 'x')).rejects.toThrow(AccountForgotten);
    expect(await vault.seal(accountId, event, 'a', FORGOTTEN)).toBe(FORGOTTEN);
  });
  test('another process forgets as soon as its memory is a minute old, whatever it was told to keep', async () => {
    let now = 0;
    const here = openVault({ pool, kek, now: () => now, cache: { ttlMs: 1e9 } });
    const accountId = someone();
    const sealed = await here.seal(accountId, event, 'a', 'x');
    await openVault({ pool: otherPool, kek }).destroy(accountId);
    expect(await here.reveal(sealed)).toBe('x');
    now = 60_000;
    expect(await here.reveal(sealed)).toBe(FORGOTTEN);
  });
  test('what was sealed with a key nobody has any more is forgotten, never an error', async () => {
    const vault = openVault({ pool, kek });
    const sealed = await vault.seal(someone(), event, 'a', 'x');
    await pool.query('DELETE FROM account_keys WHERE account_id = $1', [sealed.split(':')[2]]);
    expect(await openVault({ pool, kek }).reveal(sealed)).toBe(FORGOTTEN);
  });
  test.each([
    ['cut short', (sealed: string) => sealed.slice(0, -4)],
    ['one character changed', (sealed: string) => sealed.slice(0, -10) + (sealed.at(-10) === 'A' ? 'B' : 'A') + sealed.slice(-9)],
    ['without its form', () => 'sealed:1:nonsense'],
    ['another initialisation vector', (sealed: string) => sealed.replace(/:[\w-]{16}:/, ':AAAAAAAAAAAAAAAA:')],
  ])('a sealed value that is %s is broken, and says so', async (_, damage) => {
    const vault = openVault({ pool, kek });
    const sealed = await vault.seal(someone(), event, 'a', 'a rather long secret text');
    await expect(vault.reveal(damage(sealed))).rejects.toThrow(SealBroken);
    await expect(vault.revealDeep({ a: [damage(sealed)] })).rejects.toThrow(SealBroken);
  });
  test('what is revealed when it is read looks the same, but a text that nobody reads is never opened', async () => {
    const vault = openVault({ pool, kek });
    const [accountId, forgotten] = [someone(), someone()];
    const [good, gone] = [await vault.seal(accountId, event, 'a', 'secret'), await vault.seal(forgotten, event, 'a', 'lost')];
    await vault.destroy(forgotten);
    const plain = { any: 'thing' };
    const value = { good, gone, list: [good, 'x'], plain, broken: good.replace(/:[\w-]{16}:/, ':AAAAAAAAAAAAAAAA:') };
    const revealed = await vault.revealWhenRead(value);
    expect(revealed.plain).toBe(plain);
    const { broken: _broken, ...readable } = Object.getOwnPropertyDescriptors(revealed);
    const read = Object.defineProperties({}, readable);
    expect(JSON.parse(JSON.stringify(read))).toEqual({ good: 'secret', gone: FORGOTTEN, list: ['secret', 'x'], plain });
    expect({ ...revealed.plain, list: [...revealed.list] }).toEqual({ any: 'thing', list: ['secret', 'x'] });
    expect(() => revealed.broken).toThrow(SealBroken);
    expect(value.good).toBe(good);
    expect(await vault.revealWhenRead(plain)).toBe(plain);
    expect(await vault.revealWhenRead(good)).toBe('secret');
  });
  test('a sealed value put in under the name of another account is broken', async () => {
    const vault = openVault({ pool, kek });
    const [anna, bert] = [someone(), someone()];
    const sealed = await vault.seal(anna, event, 'a', 'x');
    await vault.seal(bert, event, 'a', 'y');
    await expect(vault.reveal(sealed.replace(anna, bert))).rejects.toThrow(SealBroken);
  });
  test('keys come back through a new key-encryption key as long as the former one is configured; without it that is a fault, not an erasure', async () => {
    const sealed = await openVault({ pool, kek }).seal(someone(), event, 'a', 'x');
    const next = localKek(randomBytes(32).toString('base64'));
    expect(await openVault({ pool, kek: next, formerKeks: [kek] }).reveal(sealed)).toBe('x');
    await expect(openVault({ pool, kek: next }).reveal(sealed)).rejects.toThrow(/not configured/);
    const impostor: KeyWrapper = { ...next, id: kek.id };
    await expect(openVault({ pool, kek: impostor }).reveal(sealed)).rejects.toThrow(/could not be unwrapped/);
  });
  test('a wrapped key moved to another account does not open', async () => {
    const vault = openVault({ pool, kek });
    const [anna, bert] = [someone(), someone()];
    await vault.seal(anna, event, 'a', 'x');
    const sealed = await vault.seal(bert, event, 'a', 'y');
    await pool.query(
      'UPDATE account_keys SET wrapped_key = (SELECT wrapped_key FROM account_keys WHERE account_id = $1) WHERE account_id = $2',
      [anna, bert],
    );
    await expect(openVault({ pool, kek }).reveal(sealed)).rejects.toThrow(StoreFault);
  });
  test('digests are the same in every process of a deployment and cannot be made without its vault', async () => {
    const one = await openVault({ pool, kek }).digest('13800000000');
    expect(await openVault({ pool: otherPool, kek }).digest('13800000000')).toBe(one);
    expect(one).toMatch(/^[0-9a-f]{64}$/);
    await expect(openVault({ pool, kek }).destroy('#digest')).rejects.toThrow(StoreFault);
  });
  test('a key-encryption key of another length is refused', () => expect(() => localKek('c2hvcnQ=')).toThrow(/32 bytes/));
});
