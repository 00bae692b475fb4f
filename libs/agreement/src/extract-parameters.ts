// 2.2.3, 2.2.5, 7.1, 8.3.5, 8.5: the numbers that stand in the agreement itself are read from it.
import { findNode, type AgreementDocument } from './agreement-document';
import { canonicalText } from './canonical-text';
import { NUMERAL, readNumeral } from './chinese-number';
import type { ClauseId } from './clauses';
import { isParameterValue, type ParameterName, type PolicyParameters } from './policy-parameters';

/** A parameter found in the document, with the words it was read from. */
export interface ParameterSource {
  readonly parameter: ParameterName;
  readonly clause: ClauseId;
  readonly value: number;
  readonly quote: string;
}

/** A parameter that the document should state but that could not be read; the publisher has to decide it. */
export interface UnreadParameter {
  readonly parameter: ParameterName;
  readonly clause: ClauseId;
  /** `no-clause`: the clause is missing; `not-stated`: no number with the right unit; `ambiguous`: several different ones. */
  readonly reason: 'no-clause' | 'not-stated' | 'ambiguous';
  readonly message: string;
}

export interface ExtractedParameters {
  readonly parameters: Partial<PolicyParameters>;
  readonly sources: readonly ParameterSource[];
  readonly unread: readonly UnreadParameter[];
}

/** A number, perhaps repeated in brackets the other way: `15`, `十五`, `十五（15）`. Not part of a longer one, an ordinal or a date. */
const AMOUNT = `(?<![0-9０-９.．〇零一二两三四五六七八九十百千第月])(${NUMERAL})(?:[（(](${NUMERAL})[）)])?`;

const WORKING_DAYS = new RegExp(`${AMOUNT}个?工作日`, 'g');
const DAYS = new RegExp(`${AMOUNT}个?(?:自然|日历)?[日天]`, 'g');

interface Reader {
  readonly parameter: ParameterName;
  readonly clause: ClauseId;
  readonly pattern: RegExp;
  /** When a clause states several terms, the one whose phrase has such a word is meant. */
  readonly phrase: RegExp;
  /** The vendor's own practice, which the agreement may state or leave open. */
  readonly isOptional?: true;
}

const readers: readonly Reader[] = [
  { parameter: 'invoiceTermWorkingDays', clause: '2.2.3', pattern: WORKING_DAYS, phrase: /开具|开票|发票/ },
  { parameter: 'refundWindowWorkingDays', clause: '2.2.5', pattern: WORKING_DAYS, phrase: /申请|提出|提交/ },
  { parameter: 'lawChangeNoticeDays', clause: '8.3.5', pattern: DAYS, phrase: /提前|通知/ },
  { parameter: 'objectionPeriodDays', clause: '7.1', pattern: DAYS, phrase: /异议|书面/, isOptional: true },
  { parameter: 'exportPeriodDays', clause: '8.5', pattern: DAYS, phrase: /导出|备份/, isOptional: true },
];

/** A phrase of an agreement is shorter than this on either side of its number; a bound keeps a text without marks cheap. */
const PHRASE_REACH = 80;
/** More numbers than this in one clause are a table, which states no single term. */
const MOST_AMOUNTS = 50;

/** The phrase around a position: from the sentence mark before it to the one after it. */
const phraseAround = (text: string, index: number): string => {
  const before =
    text
      .slice(Math.max(0, index - PHRASE_REACH), index)
      .split(/[，。；,]/)
      .at(-1) ?? '';
  const after = text.slice(index, index + PHRASE_REACH).split(/[，。；,]/)[0] ?? '';
  return before + after;
};

interface Found {
  readonly value: number | undefined;
  readonly quote: string;
}

const findAmounts = (text: string, { pattern }: Reader): Found[] =>
  [...text.matchAll(pattern)].slice(0, MOST_AMOUNTS).map((match) => {
    const [, first = '', repeated] = match;
    const value = readNumeral(first);
    // 三（5）个工作日 says two things, so it says nothing.
    const isConsistent = repeated === undefined || readNumeral(repeated) === value;
    return { value: isConsistent && isParameterValue(value) ? value : undefined, quote: phraseAround(text, match.index) };
  });

const read = (document: AgreementDocument, reader: Reader): ParameterSource | UnreadParameter => {
  const { parameter, clause, phrase } = reader;
  const unread = (reason: UnreadParameter['reason'], message: string): UnreadParameter => ({ parameter, clause, reason, message });
  const node = findNode(document, clause);
  if (!node) return unread('no-clause', `the document has no clause ${clause}`);
  const found = findAmounts(canonicalText(node.text), reader);
  if (found.length === 0) return unread('not-stated', `clause ${clause} states no number of days that could be ${parameter}`);
  const values = (list: readonly Found[]) => new Set(list.map(({ value }) => value));
  const candidates = values(found).size === 1 ? found : found.filter(({ quote }) => phrase.test(quote));
  const [only] = candidates;
  if (only?.value === undefined || values(candidates).size !== 1) {
    return unread('ambiguous', `clause ${clause} states several numbers: ${found.map(({ quote }) => quote).join(' / ')}`);
  }
  return { parameter, clause, value: only.value, quote: only.quote };
};

/**
 * Reads the terms that stand in the document (refund window, invoice term, notice of a change of law; periods of objection and
 * export where they are stated), in Arabic or Chinese numerals. What cannot be read for certain is listed in `unread`, never
 * guessed or defaulted.
 */
export const extractParameters = (document: AgreementDocument): ExtractedParameters => {
  const results = readers.flatMap((reader): (ParameterSource | UnreadParameter)[] => {
    const result = read(document, reader);
    return reader.isOptional && 'reason' in result && result.reason !== 'ambiguous' ? [] : [result];
  });
  const sources = results.filter((result) => 'value' in result);
  return {
    parameters: Object.fromEntries(sources.map(({ parameter, value }) => [parameter, value])),
    sources,
    unread: results.filter((result) => 'reason' in result),
  };
};
