import { AgreementParseError, type AgreementAnomaly, type AgreementFault } from './agreement-document';

/** A line with something on it, trimmed. */
export interface SourceLine {
  /** Line of the source, from 1. */
  readonly number: number;
  readonly text: string;
}

/** Two million UTF-16 units: a real agreement has about ten thousand. */
const LARGEST_TEXT = 2_000_000;
/** More control characters than one in a hundred is a file of another kind, not a slip of an editor. */
const CONTROL_CHARACTERS_PER_HUNDRED = 1;
/** One anomaly a line is enough to find the place; a hundred are enough to see that something is wrong. */
const MOST_CHARACTER_ANOMALIES = 100;

const LINE_END = /\r\n|[\r\n\u0085\u2028\u2029]/;
const PAGE_BREAK = /[\f\v]/;
/** Control and format characters: invisible, and some (bidirectional overrides) make a text look like another one. */
const INVISIBLE = /[\p{Cc}\p{Cf}]/gu;
const ORDINARY_WHITE_SPACE = /[\t\n\v\f\r\u0085]/g;

const faultsOf = (text: string): AgreementFault[] => {
  if (typeof text !== 'string') return [{ kind: 'not-text', message: 'the document is not text' }];
  if (text.length > LARGEST_TEXT) {
    return [{ kind: 'too-large', message: `the document has ${text.length} characters, more than ${LARGEST_TEXT}` }];
  }
  if (text.trim() === '') return [{ kind: 'empty', message: 'the document is empty' }];
  const faults: AgreementFault[] = [];
  const undecodable = text.search(/[\ufffd\p{Surrogate}]/u);
  if (undecodable >= 0) {
    const line = text.slice(0, undecodable).split(LINE_END).length;
    faults.push({ kind: 'not-text', line, message: `line ${line} was not decoded properly; the document must be UTF-8` });
  }
  const controls = text.replace(ORDINARY_WHITE_SPACE, '').match(/\p{Cc}/gu)?.length ?? 0;
  if (text.includes('\0') || controls * 100 > text.length * CONTROL_CHARACTERS_PER_HUNDRED) {
    faults.push({ kind: 'not-text', message: `the document has ${controls} control characters; it is not a text file` });
  }
  return faults;
};

/**
 * The lines that have something on them, with invisible characters left out and reported.
 * @throws AgreementParseError when the text is no text, empty or too large.
 */
export const sourceLines = (text: string): { readonly lines: readonly SourceLine[]; readonly anomalies: readonly AgreementAnomaly[] } => {
  const faults = faultsOf(text);
  if (faults.length > 0) throw new AgreementParseError(faults);
  const anomalies: AgreementAnomaly[] = [];
  const lines: SourceLine[] = [];
  for (const [index, physical] of text
    .replace(/^\ufeff/, '')
    .split(LINE_END)
    .entries()) {
    const number = index + 1;
    const parts = physical.replaceAll('\t', ' ').split(PAGE_BREAK);
    const visible = parts.map((part) => part.replace(INVISIBLE, ''));
    if (parts.some((part, at) => part !== visible[at]) && anomalies.length < MOST_CHARACTER_ANOMALIES) {
      anomalies.push({
        kind: 'characters',
        printed: '',
        canonical: '',
        line: number,
        message: `invisible characters in line ${number} were left out`,
      });
    }
    for (const part of visible) {
      const trimmed = part.replace(/\s+/g, ' ').trim();
      if (trimmed !== '') lines.push({ number, text: trimmed });
    }
  }
  return { lines, anomalies };
};
