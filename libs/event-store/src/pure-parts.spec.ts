import fc from 'fast-check';
import oracle from 'canonicalize';
import { canonicalJson, comparePositions, fingerprintOf, formatPosition, laterPosition, parsePosition, uuid5 } from './index';
import { pauseMs, retrying } from './back-off';
import { Lanes } from './lanes';
import { Lru } from './lru';

describe('derived ids', () => {
  test('a name-based UUID is the one of the standard', () =>
    expect(uuid5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'www.example.com')).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2'));
  test('any text can be a namespace, and two texts are two namespaces', () => {
    expect(uuid5('pay:42', '0')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(uuid5('pay:42', '0')).toBe(uuid5('pay:42', '0'));
    expect(uuid5('pay:42', '0')).not.toBe(uuid5('pay:43', '0'));
  });
});

describe('canonical JSON', () => {
  test('any JSON is written as another implementation of RFC 8785 writes it', () =>
    fc.assert(fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => canonicalJson(value) === oracle(value))));
  test('it survives the way through JSON, whatever the order of keys', () =>
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const shuffled = Object.fromEntries(Object.entries(JSON.parse(JSON.stringify(value)) as object).reverse());
        return canonicalJson(shuffled) === canonicalJson(value);
      }),
    ));
  test('a field that is undefined is a field that is absent', () =>
    expect(canonicalJson({ b: undefined, a: [undefined] })).toBe('{"a":[null]}'));
  test.each([[NaN], [Infinity], [1n], [() => 1]])('%p has no JSON and is refused', (value) =>
    expect(() => canonicalJson({ value })).toThrow(TypeError),
  );
  test('a fingerprint does not depend on the order of keys', () =>
    expect(fingerprintOf({ a: 1, b: 2 })).toBe(fingerprintOf({ b: 2, a: 1 })));
  test('a fingerprint exists even of nothing', () => expect(fingerprintOf(undefined)).toHaveLength(64));
});

describe('positions', () => {
  const at = (commit: bigint, prepare = commit) => ({ commit, prepare });
  test('they are ordered by commit, then by prepare, and none is before all', () => {
    expect(comparePositions(at(1n), at(2n))).toBeLessThan(0);
    expect(comparePositions(at(2n, 3n), at(2n, 1n))).toBeGreaterThan(0);
    expect(comparePositions(at(2n), at(2n))).toBe(0);
    expect(comparePositions(undefined, at(0n))).toBeLessThan(0);
    expect(laterPosition(undefined, at(0n))).toEqual(at(0n));
  });
  test('their text is read back, beyond what a number can hold', () =>
    expect(parsePosition(formatPosition(at(2n ** 63n, 7n)))).toEqual(at(2n ** 63n, 7n)));
  test.each(['', '1', '1:x', '-1:1', '1:1 '])('"%s" is no position', (text) => expect(() => parsePosition(text)).toThrow(TypeError));
});

describe('a cache', () => {
  test('it forgets what was not used for longest', () => {
    const cache = new Lru<number>(2, 1_000, () => 0);
    cache.set('a', 1);
    cache.set('b', 2);
    cache.get('a');
    cache.set('c', 3);
    expect([cache.get('a'), cache.get('b'), cache.get('c'), cache.size]).toEqual([1, undefined, 3, 2]);
  });
  test('it forgets what has reached its age', () => {
    let now = 0;
    const cache = new Lru<number>(2, 10, () => now);
    cache.set('a', 1);
    now = 9;
    expect(cache.get('a')).toBe(1);
    now = 10;
    expect(cache.get('a')).toBeUndefined();
  });
  test('of size nought it holds nothing', () => {
    const cache = new Lru<number>(0, 10, () => 0);
    cache.set('a', 1);
    expect(cache.get('a')).toBeUndefined();
  });
});

describe('lanes', () => {
  test('work of one name is done one after the other, in order, even after a failure', async () => {
    const lanes = new Lanes();
    const seen: string[] = [];
    const work =
      (name: string, fails = false) =>
      async () => {
        seen.push(`${name} begins`);
        await new Promise(setImmediate);
        seen.push(`${name} ends`);
        if (fails) throw new Error(name);
        return name;
      };
    const done = await Promise.allSettled([lanes.run('x', work('a', true)), lanes.run('x', work('b')), lanes.run('x', work('c'))]);
    expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
    expect(done.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
  });
  test('work of other names does not wait', async () => {
    const lanes = new Lanes();
    let release = (): void => undefined;
    const blocked = lanes.run('x', () => new Promise<void>((resolve) => (release = resolve)));
    await expect(lanes.run('y', async () => 'done')).resolves.toBe('done');
    release();
    await blocked;
  });
});

describe('trying again', () => {
  test('pauses double up to a cap, and at least half of one is waited', () => {
    const pauses = (random: number) =>
      [1, 2, 3, 4, 99].map((attempt) => pauseMs(attempt, { firstMs: 100, maxMs: 500, random: () => random }));
    expect(pauses(0)).toEqual([50, 100, 200, 250, 250]);
    expect(pauses(1)).toEqual([100, 200, 400, 500, 500]);
  });
  test('it ends with success, with a failure that is not worth another try, or with the last try', async () => {
    const backOff = { firstMs: 1, maxMs: 1, random: () => 0 };
    const failing = (times: number) => {
      let calls = 0;
      return async () => {
        calls += 1;
        if (calls <= times) throw new Error(`failure ${calls}`);
        return calls;
      };
    };
    await expect(retrying(failing(2), () => true, 3, backOff)).resolves.toBe(3);
    await expect(retrying(failing(3), () => true, 3, backOff)).rejects.toThrow('failure 3');
    await expect(retrying(failing(3), () => false, 3, backOff)).rejects.toThrow('failure 1');
  });
});
