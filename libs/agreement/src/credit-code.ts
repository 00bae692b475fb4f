// 2.1.1: an enterprise is verified by its unified social credit code (GB 32100-2015).

/** The characters of the standard in the order of their values: no I, O, S, V or Z. */
const ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';
const LENGTH = 18;

export type CreditCodeFault = 'length' | 'character' | 'region' | 'check-character';

/**
 * The 18th character for the first 17: the values weighted with the powers of 3 modulo 31.
 * 31 is prime and no weight is a multiple of it, so any single altered character and any two neighbours swapped show.
 * @throws TypeError when the text is not 17 characters of the standard's alphabet.
 */
export const creditCodeCheckCharacter = (first17: string): string => {
  const values = [...first17].map((character) => ALPHABET.indexOf(character));
  if (values.length !== LENGTH - 1 || values.includes(-1)) throw new TypeError('a credit code begins with 17 characters of its alphabet');
  let weight = 1;
  let total = 0;
  for (const value of values) {
    total += value * weight;
    weight = (weight * 3) % 31;
  }
  return ALPHABET.charAt((31 - (total % 31)) % 31);
};

/** What is wrong with a credit code, or `undefined` when nothing is. Capitals only, no spaces. */
export const creditCodeFault = (code: string): CreditCodeFault | undefined => {
  if (code.length !== LENGTH) return 'length';
  if ([...code].some((character) => !ALPHABET.includes(character))) return 'character';
  // Characters 3 to 8 are the registration authority's division code: digits only.
  if (!/^\d{6}$/.test(code.slice(2, 8))) return 'region';
  return creditCodeCheckCharacter(code.slice(0, -1)) === code.at(-1) ? undefined : 'check-character';
};

export const isCreditCode = (code: string): boolean => creditCodeFault(code) === undefined;
