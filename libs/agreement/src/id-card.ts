// 2.1.1: an individual is verified by name and resident identity number (GB 11643-1999).

const LENGTH = 18;
/** Check characters in the order of the remainder modulo 11. */
const CHECKS = '10X98765432';

/** Province codes of GB/T 2260, with 81 to 83 for residents from Hong Kong, Macao and Taiwan. */
const PROVINCES: ReadonlySet<string> = new Set(
  ['11 12 13 14 15', '21 22 23', '31 32 33 34 35 36 37', '41 42 43 44 45 46', '50 51 52 53 54', '61 62 63 64 65', '71', '81 82 83'].flatMap(
    (row) => row.split(' '),
  ),
);

export type IdCardFault = 'length' | 'character' | 'region' | 'birth-date' | 'check-character';

/**
 * The 18th character for the first 17 digits: ISO 7064 MOD 11-2. Any single altered character and any two swapped
 * digits show.
 * @throws TypeError when the text is not 17 digits.
 */
export const idCardCheckCharacter = (first17: string): string => {
  if (!/^\d{17}$/.test(first17)) throw new TypeError('an identity number begins with 17 digits');
  const total = [...first17].reduce((running, digit, index) => running + Number(digit) * (2 ** (LENGTH - 1 - index) % 11), 0);
  return CHECKS.charAt(total % 11);
};

const isRealDate = (text: string): boolean => {
  const [year, month, day] = [Number(text.slice(0, 4)), Number(text.slice(4, 6)), Number(text.slice(6, 8))];
  if (year < 1800) return false;
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
};

/**
 * What is wrong with a resident identity number, or `undefined` when nothing is.
 * @param today `YYYY-MM-DD` in Shanghai; when given, a birth date after it is a fault. The library has no clock.
 */
export const idCardFault = (number: string, today?: string): IdCardFault | undefined => {
  if (number.length !== LENGTH) return 'length';
  if (!/^\d{17}[\dX]$/.test(number)) return 'character';
  // A leading 9 is a foreign permanent resident's card, whose division code is built otherwise.
  if (!number.startsWith('9') && !PROVINCES.has(number.slice(0, 2))) return 'region';
  const birth = number.slice(6, 14);
  if (!isRealDate(birth) || (today !== undefined && birth > today.replaceAll('-', ''))) return 'birth-date';
  return idCardCheckCharacter(number.slice(0, -1)) === number.at(-1) ? undefined : 'check-character';
};

export const isIdCard = (number: string, today?: string): boolean => idCardFault(number, today) === undefined;
