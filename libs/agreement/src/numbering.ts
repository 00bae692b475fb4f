// Which lines begin a clause, and which clause: decided by position, not by the printed number alone.
import type { SourceLine } from './source-lines';

/** A number as its parts: `2.1.2` is `[2, 1, 2]`. */
export type NumberPath = readonly number[];

/** A line that begins like a clause. */
export interface Candidate {
  /** Index into the lines. */
  readonly index: number;
  readonly path: NumberPath;
  /** The number as printed, full-width digits and all. */
  readonly printed: string;
  /** The line after the number. */
  readonly rest: string;
  /** The line before breaks off in the middle of a sentence, or the number is marked like a list item: it may well be text. */
  readonly isLikelyText: boolean;
  /** The words around it say that the number is a reference, a quantity or a list item: `第` before it, `条` or `%` after it. */
  readonly isReference: boolean;
}

export type Reading =
  | { readonly kind: 'text'; readonly isOdd: boolean }
  | { readonly kind: 'clause'; readonly path: NumberPath; readonly how: 'exact' | 'slip' | 'gap' };

/** 1 to 4 parts of 1 to 2 digits; a part of a longer number or of a date does not count. */
const NUMBER = /^(\d{1,2}(?:\.\d{1,2}){0,3})([.、]?)(?![\d.])/;
/** Longest head of a line that can hold a number: four parts of two digits, their dots and one character to look ahead. */
const HEAD_LENGTH = 14;

const REFERENCE_AFTER = /^\s?(?:条(?!款|件|例|目|文|形|码)|款(?!项|式|额)|项(?!目)|目(?!的|录|标|前)|之规定|%|％|倍|折|万|亿|元(?!数|素))/;
/** After a line that may as well be a heading only this counts: a heading can be followed by a clause about 元 or 倍. */
const ARTICLE_AFTER = /^\s?条(?!款|件|例|目|文|形|码)/;
const SENTENCE_END = /[。；：！？.;:!?…]$/;
const SENTENCE_MARK = /[，。；：！？,;:!?]/;
const LONGEST_HEADING = 30;

/** Full-width digits and dots as ASCII, character for character, so that positions stay the same. */
const asciiDigits = (text: string): string =>
  text.replace(/[０-９]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0xfee0)).replace(/[．。｡]/g, '.');

/** A short line without a sentence mark, as headings are. */
export const looksLikeHeading = (text: string): boolean => text !== '' && text.length <= LONGEST_HEADING && !SENTENCE_MARK.test(text);

const numberAt = (line: string): { path: NumberPath; printed: string; mark: string; rest: string } | undefined => {
  const match = NUMBER.exec(asciiDigits(line.slice(0, HEAD_LENGTH)));
  if (!match) return undefined;
  const [whole, digits = '', mark = ''] = match;
  const path = digits.split('.').map(Number);
  // A single number without a mark is a quantity ("7 个工作日"); a part of zero is a quantity or a version ("0.5", "2.0").
  if ((path.length === 1 && mark === '') || path.includes(0)) return undefined;
  return { path, printed: line.slice(0, digits.length), mark, rest: line.slice(whole.length).trim() };
};

/** The lines that begin like a clause. */
export const candidatesIn = (lines: readonly SourceLine[]): Candidate[] => {
  const candidates: Candidate[] = [];
  const numbers = lines.map(({ text }) => numberAt(text));
  // Where sections are printed "1.", a line that begins "1、" is an item of a list inside a clause.
  const hasDottedSections = numbers.some((number) => number?.path.length === 1 && number.mark === '.');
  lines.forEach((_, index) => {
    const number = numbers[index];
    if (!number) return;
    const { path, printed, rest } = number;
    const isListItem = path.length === 1 && number.mark === '、' && hasDottedSections;
    const before = lines[index - 1]?.text ?? '';
    const isUnfinished = candidates.length > 0 && !SENTENCE_END.test(before);
    const isHeadingBefore = candidates.at(-1)?.index === index - 1 && looksLikeHeading(candidates.at(-1)?.rest ?? '');
    const referenceAfter = isHeadingBefore ? ARTICLE_AFTER : REFERENCE_AFTER;
    // A section has a heading; an item that is a sentence, or ends in a semicolon, is none.
    const isSentenceItem = isListItem && !looksLikeHeading(rest);
    const isReference = isSentenceItem || (isUnfinished && (before.endsWith('第') || referenceAfter.test(rest)));
    candidates.push({
      index,
      path,
      printed,
      rest,
      isReference,
      isLikelyText: isReference || isListItem || (isUnfinished && !isHeadingBefore),
    });
  });
  return candidates;
};

const isSame = (a: NumberPath, b: NumberPath): boolean => a.length === b.length && a.every((part, index) => part === b[index]);

/** Whether `a` stands before `b` in a document; a parent stands before its children. */
const isEarlier = (a: NumberPath, b: NumberPath): boolean => {
  const at = a.findIndex((part, index) => part !== b[index]);
  return at === -1 ? a.length < b.length : at < b.length && (a[at] ?? 0) < (b[at] ?? 0);
};

/** The number that is due at that depth after `path`, or none when a level between is missing. */
const dueAt = (path: NumberPath, depth: number): NumberPath | undefined => {
  if (depth > path.length + 1) return undefined;
  return [...path.slice(0, depth - 1), (path[depth - 1] ?? 0) + 1];
};

/**
 * What each reading costs. An expected number costs nothing; dropping one that follows a finished sentence costs more than
 * taking it for a slip, so that a slip is healed rather than swallowed; a slip among the sections costs most, because lists
 * inside a clause are numbered 1、2、3 as well. A later number of the group being read tells of a clause left out, a number of
 * another group of a slip.
 */
const COST = { exact: 0, exactThoughReference: 3, text: 6, likelyText: 1, slip: 4, sectionSlip: 8, gap: 5, gapInGroup: 3 };

interface State {
  readonly path: NumberPath;
  readonly cost: number;
  readonly reading?: Reading;
  readonly before?: State;
}

const nextStates = (state: State, { path, isLikelyText, isReference }: Candidate): State[] => {
  const after = (cost: number, reading: Reading): State => ({
    path: reading.kind === 'clause' ? reading.path : state.path,
    cost: state.cost + cost,
    reading,
    before: state,
  });
  const states = [after(isLikelyText ? COST.likelyText : COST.text, { kind: 'text', isOdd: !isLikelyText })];
  const due = dueAt(state.path, path.length);
  if (due && isSame(due, path)) {
    return [...states, after(isReference ? COST.exactThoughReference : COST.exact, { kind: 'clause', path, how: 'exact' })];
  }
  if (due) states.push(after(path.length === 1 ? COST.sectionSlip : COST.slip, { kind: 'clause', path: due, how: 'slip' }));
  const isInGroup = due !== undefined && isSame(due.slice(0, -1), path.slice(0, -1));
  if (isEarlier(state.path, path)) states.push(after(isInGroup ? COST.gapInGroup : COST.gap, { kind: 'clause', path, how: 'gap' }));
  return states;
};

/** So many explanations are followed at once. They differ in the clause reached last; eight more never changed a reading. */
const WIDTH = 16;

/**
 * The cheapest explanation of all candidates together, one reading for each. Looking at them together is what tells a
 * misprinted number from a missing heading or a reference at the start of a wrapped line: only one of them lets the
 * numbers that follow make sense. Linear in the number of candidates.
 */
export const readNumbers = (candidates: readonly Candidate[]): Reading[] => {
  let states: State[] = [{ path: [], cost: 0 }];
  for (const candidate of candidates) {
    const best = new Map<string, State>();
    for (const state of states.flatMap((each) => nextStates(each, candidate))) {
      const key = state.path.join('.');
      if (state.cost < (best.get(key)?.cost ?? Infinity)) best.set(key, state);
    }
    states = [...best.values()].sort((a, b) => a.cost - b.cost).slice(0, WIDTH);
  }
  const readings: Reading[] = [];
  for (let state: State | undefined = states[0]; state?.reading; state = state.before) readings.push(state.reading);
  return readings.reverse();
};
