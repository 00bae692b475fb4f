/** A visible ASCII character. */
const isLatin = (code: number): boolean => code > 0x20 && code < 0x7f;

/**
 * Joins pieces of wrapped text: between Latin words a space, between Chinese characters nothing.
 * It looks at single characters only, so that joining a million lines takes no longer than reading them.
 */
export const joinWrapped = (pieces: readonly string[]): string => {
  const filled = pieces.filter((piece) => piece !== '');
  const spaced = filled.map((piece, index) => {
    const before = filled[index - 1];
    return before !== undefined && isLatin(before.charCodeAt(before.length - 1)) && isLatin(piece.charCodeAt(0)) ? ` ${piece}` : piece;
  });
  return spaced.join('');
};

/**
 * The form in which texts are compared and hashed: NFC, and of white space only what separates two Latin words, because
 * a line break may stand or not stand beside a Chinese character without changing a word. Every other character counts.
 */
export const canonicalText = (text: string): string =>
  text
    .normalize('NFC')
    .replace(/\s+/g, ' ')
    .replace(/ (?![\x21-\x7e])|(?<![\x21-\x7e]) /g, '');
