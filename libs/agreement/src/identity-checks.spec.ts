import fc from 'fast-check';
import {
  comparableName,
  creditCodeCheckCharacter,
  creditCodeFault,
  idCardCheckCharacter,
  idCardFault,
  isCreditCode,
  isIdCard,
  sameName,
} from './index';

describe('names (2.2.2)', () => {
  test.each([
    ['澄湖云计算（杭州）有限公司', '澄湖云计算(杭州)有限公司'],
    ['ACME Cloud Ltd.', 'ａｃｍｅ　ｃｌｏｕｄ　ｌｔｄ．'],
    [' 张 三 ', '张三'],
    ['Straße GmbH', 'STRASSE GMBH'],
    ['ﾃｽﾄ', 'テスト'],
    ['张\u200b三\ufeff', '张三'],
    ['Café', 'Cafe\u0301'],
  ])('%p and %p are the same name', (a, b) => expect(sameName(a, b)).toBe(true));

  test.each([
    ['张三', '张四'],
    ['澄湖云计算（杭州）有限公司', '澄湖云计算（宁波）有限公司'],
    ['澄湖云计算（杭州）有限公司', '澄湖云计算杭州有限公司'],
    ['АСМЕ', 'ACME'],
    ['', ''],
    [' ', '\u200b'],
    ['張三', '张三'],
  ])('%p and %p are not the same name', (a, b) => expect(sameName(a, b)).toBe(false));

  test('comparing is symmetric, and a comparable name is its own comparable', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.string({ unit: 'grapheme', maxLength: 40 }), (a, b) => {
        expect(sameName(a, b)).toBe(sameName(b, a));
        expect(comparableName(comparableName(a))).toBe(comparableName(a));
        expect(sameName(a, ` ${a}\u3000`)).toBe(comparableName(a) !== '');
      }),
    );
  });
});

/** Every text that differs from `text` in one place, each place with each character of `alphabet`. */
const oneCharacterOff = (text: string, alphabet: string): string[] =>
  [...text].flatMap((original, index) =>
    [...alphabet].filter((other) => other !== original).map((other) => text.slice(0, index) + other + text.slice(index + 1)),
  );

const neighboursSwapped = (text: string): string[] =>
  [...text].slice(1).map((_, index) => text.slice(0, index) + text.charAt(index + 1) + text.charAt(index) + text.slice(index + 2));

describe('unified social credit codes (2.1.1)', () => {
  const alphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY';
  const character = fc.constantFrom(...alphabet);
  const code = fc
    .tuple(
      fc.array(character, { minLength: 2, maxLength: 2 }),
      fc.integer({ min: 110000, max: 659999 }),
      fc.array(character, { minLength: 9, maxLength: 9 }),
    )
    .map(([head, region, body]) => `${head.join('')}${region}${body.join('')}`)
    .map((first17) => first17 + creditCodeCheckCharacter(first17));

  test('the check character of the standard is computed', () => {
    // Codes that public bodies print on their own pages.
    expect(isCreditCode('91350100M000100Y43')).toBe(true);
    expect(isCreditCode('91350100M000100Y44')).toBe(false);
  });

  test('one altered character, or two neighbours swapped, never passes', () => {
    fc.assert(
      fc.property(code, (valid) => {
        expect(creditCodeFault(valid)).toBeUndefined();
        expect(oneCharacterOff(valid, alphabet).filter(isCreditCode)).toEqual([]);
        expect(neighboursSwapped(valid).filter((swapped) => swapped !== valid && isCreditCode(swapped))).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  test.each([
    ['', 'length'],
    ['91350100M000100Y4', 'length'],
    ['91350100M000100Y430', 'length'],
    ['91350100m000100y43', 'character'],
    ['91350100I000100Y43', 'character'],
    ['9135010ＡM000100Y43', 'character'],
    ['9135010AM000100Y43', 'region'],
    ['91350100M000100Y40', 'check-character'],
  ])('%p is refused for its %s', (text, fault) => expect(creditCodeFault(text)).toBe(fault));

  test('a check character is only computed of seventeen known characters', () => {
    expect(() => creditCodeCheckCharacter('123')).toThrow(TypeError);
    expect(() => creditCodeCheckCharacter('9135010OM000100Y4')).toThrow(TypeError);
  });
});

describe('resident identity numbers (2.1.1)', () => {
  const twoDigits = (n: number): string => String(n).padStart(2, '0');
  const number = fc
    .tuple(
      fc.constantFrom('11', '33', '50', '65', '83'),
      fc.integer({ min: 0, max: 9999 }),
      fc.date({ min: new Date('1900-01-01'), max: new Date('2025-12-31'), noInvalidDate: true }),
      fc.integer({ min: 0, max: 999 }),
    )
    .map(
      ([province, place, birth, order]) =>
        `${province}${String(place).padStart(4, '0')}${birth.getUTCFullYear()}${twoDigits(birth.getUTCMonth() + 1)}${twoDigits(birth.getUTCDate())}${String(order).padStart(3, '0')}`,
    )
    .map((first17) => first17 + idCardCheckCharacter(first17));

  test('the example number of the standard passes', () => {
    expect(isIdCard('11010519491231002X')).toBe(true);
    expect(isIdCard('440524188001010014')).toBe(true);
  });

  test('one altered character, or two neighbours swapped, never passes', () => {
    fc.assert(
      fc.property(number, (valid) => {
        expect(idCardFault(valid)).toBeUndefined();
        expect(oneCharacterOff(valid, '0123456789X').filter((text) => isIdCard(text))).toEqual([]);
        expect(neighboursSwapped(valid).filter((swapped) => swapped !== valid && isIdCard(swapped))).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  const withCheck = (first17: string): string => first17 + idCardCheckCharacter(first17);

  test.each([
    ['', 'length'],
    ['11010519491231002', 'length'],
    ['11010519491231002x', 'character'],
    ['1101051949123100２X', 'character'],
    ['11010519491231002\n', 'character'],
    [withCheck('99999919491331002'), 'birth-date'],
    [withCheck('00010519491231002'), 'region'],
    [withCheck('19010519491231002'), 'region'],
    [withCheck('11010520230229002'), 'birth-date'],
    [withCheck('11010517991231002'), 'birth-date'],
    [withCheck('11010519490031002'), 'birth-date'],
    ['110105194912310021', 'check-character'],
  ])('%p is refused for its %s', (text, fault) => expect(idCardFault(text)).toBe(fault));

  test('a birth date after the given day is refused, the day itself is not', () => {
    const newborn = withCheck('11010520260306002');
    expect(isIdCard(newborn, '2026-03-06')).toBe(true);
    expect(idCardFault(newborn, '2026-03-05')).toBe('birth-date');
    expect(isIdCard(newborn)).toBe(true);
  });
});
