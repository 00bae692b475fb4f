import fc from 'fast-check';
import {
  add,
  allocate,
  compare,
  currencies,
  decimalOf,
  equals,
  formatMoney,
  isCurrency,
  isZero,
  minorDigits,
  money,
  multiply,
  parseMoney,
  subtract,
  sum,
  type Money,
} from './index';

const largeButSafe = 2 ** 50;
const currency = fc.constantFrom(...currencies);
const amount = fc.integer({ min: -largeButSafe, max: largeButSafe });
const yuan = amount.map((amountMinor) => money(amountMinor));

describe('amounts', () => {
  test('an amount is a whole number of minor units, in CNY unless said otherwise', () => {
    expect(money(1234)).toEqual({ amountMinor: 1234, currency: 'CNY' });
    expect(Object.is(money(-0).amountMinor, 0)).toBe(true);
  });

  test.each([0.1, 1.5, Number.NaN, Infinity, -Infinity, 2 ** 53, -(2 ** 53), 1e300])('%p is refused as an amount', (value) => {
    expect(() => money(value)).toThrow(RangeError);
  });

  test('text, bigint and nothing are refused as amounts', () => {
    for (const value of ['12', 12n, null, undefined, [12], { valueOf: () => 12 }])
      expect(() => money(value as unknown as number)).toThrow(TypeError);
  });

  test.each(['', 'cny', 'RMB', 'XXX', '__proto__', 'CNY ', 'constructor'])('%p is refused as a currency', (code) => {
    expect(() => money(1, code)).toThrow(TypeError);
    expect(isCurrency(code)).toBe(false);
  });

  test('the minor digits are those of ISO 4217', () => {
    expect(['CNY', 'USD', 'JPY', 'KRW', 'KWD'].map(minorDigits)).toEqual([2, 2, 0, 0, 3]);
  });
});

describe('arithmetic', () => {
  test('adding is the same in any order and grouping, and subtracting undoes it', () => {
    fc.assert(
      fc.property(yuan, yuan, yuan, (a, b, c) => {
        expect(add(a, b)).toEqual(add(b, a));
        expect(add(add(a, b), c)).toEqual(add(a, add(b, c)));
        expect(subtract(add(a, b), b)).toEqual(a);
        expect(isZero(subtract(a, a))).toBe(true);
      }),
    );
  });

  test('multiplying is adding so many times', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e6, max: 1e6 }), fc.nat(50), (minor, quantity) => {
        expect(multiply(money(minor), quantity)).toEqual(
          sum(
            Array.from({ length: quantity }, () => money(minor)),
            'CNY',
          ),
        );
      }),
    );
  });

  test('a sum of nothing is zero of its currency', () => expect(sum([], 'JPY')).toEqual({ amountMinor: 0, currency: 'JPY' }));

  test('comparing orders like the amounts, and only equal money is equal', () => {
    fc.assert(
      fc.property(yuan, yuan, (a, b) => {
        expect(compare(a, b)).toBe(Math.sign(a.amountMinor - b.amountMinor));
        expect(equals(a, b)).toBe(compare(a, b) === 0);
        expect(equals(a, { ...a })).toBe(true);
      }),
    );
    expect(equals(money(0, 'CNY'), money(0, 'USD'))).toBe(false);
  });

  test('currencies never mix', () => {
    const [cny, usd] = [money(1), money(1, 'USD')];
    for (const mix of [
      () => add(cny, usd),
      () => subtract(cny, usd),
      () => compare(cny, usd),
      () => sum([cny, usd], 'CNY'),
      () => sum([usd], 'CNY'),
    ]) {
      expect(mix).toThrow(TypeError);
    }
  });

  test('a result beyond the safe integers is refused, not rounded', () => {
    const largest = money(Number.MAX_SAFE_INTEGER);
    expect(() => add(largest, money(1))).toThrow(RangeError);
    expect(() => subtract(money(-Number.MAX_SAFE_INTEGER), money(1))).toThrow(RangeError);
    expect(() => multiply(largest, 2)).toThrow(RangeError);
    expect(() => multiply(money(1), 0.5)).toThrow(RangeError);
    expect(() => multiply(money(1), Number.NaN)).toThrow(RangeError);
  });

  test('money that was forged with a fraction is refused by every operation', () => {
    const forged: Money = { amountMinor: 0.5, currency: 'CNY' };
    for (const use of [
      () => add(forged, forged),
      () => subtract(money(1), forged),
      () => multiply(forged, 2),
      () => allocate(forged, [1]),
      () => decimalOf(forged),
    ]) {
      expect(use).toThrow(RangeError);
    }
  });
});

describe('allocation', () => {
  test.each([
    [100, [1, 1, 1], [34, 33, 33]],
    [-100, [1, 1, 1], [-34, -33, -33]],
    [5, [0, 1, 0, 1], [0, 3, 0, 2]],
    [1, [1, 2], [0, 1]],
    [0, [3, 5], [0, 0]],
    [7, [10, 10, 10, 1], [3, 2, 2, 0]],
  ])('%i fen by the weights %j are %j', (total, weights, parts) => {
    expect(allocate(money(total), weights).map(({ amountMinor }) => amountMinor)).toEqual(parts);
  });

  const weights = fc.array(fc.nat(1_000_000), { minLength: 1, maxLength: 30 }).filter((list) => list.some((weight) => weight > 0));

  test('no fen is lost or made, and no part is a whole fen off its exact share', () => {
    fc.assert(
      fc.property(amount, currency, weights, (total, code, list) => {
        const parts = allocate(money(total, code), list);
        expect(sum(parts, code)).toEqual(money(total, code));
        const weightSum = BigInt(list.reduce((a, b) => a + b, 0));
        parts.forEach((part, index) => {
          const off = BigInt(part.amountMinor) * weightSum - BigInt(total) * BigInt(list[index]!);
          expect(off < weightSum && off > -weightSum).toBe(true);
          if (list[index] === 0) expect(isZero(part)).toBe(true);
        });
      }),
    );
  });

  test('even the largest amount and weights are split exactly', () => {
    const total = money(Number.MAX_SAFE_INTEGER);
    expect(sum(allocate(total, [Number.MAX_SAFE_INTEGER, 1, Number.MAX_SAFE_INTEGER]), 'CNY')).toEqual(total);
  });

  test.each([[[]], [[0, 0]], [[-1, 2]], [[0.5]], [[Number.NaN]]])('the weights %j are refused', (list) => {
    expect(() => allocate(money(100), list)).toThrow(RangeError);
  });
});

describe('money as text', () => {
  test.each([
    [1_234_567, 'CNY', '¥12,345.67', 'CNY 12,345.67'],
    [-5, 'CNY', '-¥0.05', 'CNY -0.05'],
    [0, 'CNY', '¥0.00', 'CNY 0.00'],
    [1_234_567, 'JPY', 'JP¥1,234,567', 'JPY 1,234,567'],
    [1_234_567, 'KWD', 'KWD 1,234.567', 'KWD 1,234.567'],
    [100, 'USD', 'US$1.00', 'USD 1.00'],
    [Number.MAX_SAFE_INTEGER, 'CNY', '¥90,071,992,547,409.91', 'CNY 90,071,992,547,409.91'],
  ])('%i of %s reads %s in Chinese and %s in English', (minor, code, zh, en) => {
    expect([formatMoney(money(minor, code), 'zh'), formatMoney(money(minor, code), 'en')]).toEqual([zh, en]);
  });

  test('what is written as digits reads back as the same money', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), currency, (minor, code) => {
        const original = money(minor, code);
        expect(parseMoney(decimalOf(original), code)).toEqual(original);
        expect(formatMoney(original, 'en').replaceAll(',', '')).toBe(`${code} ${decimalOf(original)}`);
      }),
    );
  });

  test('missing minor digits are zeros', () => {
    expect([parseMoney('12'), parseMoney('12.3'), parseMoney('12.34', 'CNY'), parseMoney('-0')]).toEqual([
      money(1200),
      money(1230),
      money(1234),
      money(0),
    ]);
  });

  test.each(['', ' 1', '1 ', '1,000', '1e3', '+1', '.5', '5.', '0x10', '１２', '1.2.3', '--1', 'NaN', '9'.repeat(41)])(
    '%p is no amount',
    (text) => {
      expect(() => parseMoney(text, 'CNY')).toThrow(TypeError);
    },
  );

  test('more digits than the currency has, and more than is safe, are out of range', () => {
    expect(() => parseMoney('1.234', 'CNY')).toThrow(RangeError);
    expect(() => parseMoney('1.0', 'JPY')).toThrow(RangeError);
    expect(() => parseMoney('99999999999999999', 'CNY')).toThrow(RangeError);
    expect(() => parseMoney(12 as unknown as string, 'CNY')).toThrow(TypeError);
  });
});
