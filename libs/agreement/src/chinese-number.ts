const DIGITS = '〇一二三四五六七八九';
const UNITS: Readonly<Record<string, number>> = { 十: 10, 百: 100, 千: 1000 };

/** What a number can be written with: ASCII or full-width digits, or Chinese numerals. Source of a regular expression. */
export const NUMERAL = '(?:[0-9０-９]{1,4}|[〇零一二两三四五六七八九十百千]{1,9})';

const readDigit = (character: string): number => {
  if (character === '零') return 0;
  return character === '两' ? 2 : DIGITS.indexOf(character);
};

/**
 * A whole number from 0 to 9999: `15`, `１５`, `十五`, `一百零五`, `二〇`.
 * @returns undefined when the text is no number, or one that nobody writes (`十十`, `一二十`).
 */
export const readNumeral = (text: string): number | undefined => {
  const ascii = text.normalize('NFKC');
  if (/^\d{1,4}$/.test(ascii)) return Number(ascii);
  const characters = [...text];
  if (characters.length === 0 || characters.some((character) => !(character in UNITS) && readDigit(character) < 0)) return undefined;
  if (!characters.some((character) => character in UNITS)) {
    return characters.length <= 4 ? Number(characters.map(readDigit).join('')) : undefined;
  }
  let total = 0;
  let digit: number | undefined;
  let smallestUnit = Infinity;
  for (const character of characters) {
    const unit = UNITS[character];
    if (unit === undefined) {
      // Two digits in a row only with a zero between the units: 一百零五.
      if (digit !== undefined && digit !== 0) return undefined;
      digit = readDigit(character);
      continue;
    }
    if (unit >= smallestUnit || (digit === undefined && (unit !== 10 || total > 0)) || digit === 0) return undefined;
    total += (digit ?? 1) * unit;
    smallestUnit = unit;
    digit = undefined;
  }
  return total + (digit ?? 0);
};
