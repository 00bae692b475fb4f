import { AgreementParseError, type AgreementAnomaly, type AgreementDocument, type AgreementNode } from './agreement-document';
import { joinWrapped } from './canonical-text';
import { candidatesIn, looksLikeHeading, readNumbers, type Candidate, type NumberPath, type Reading } from './numbering';
import { sourceLines, type SourceLine } from './source-lines';

/** A real agreement has about sixty; more candidates than this are a table of figures or an attack. */
const MOST_CANDIDATES = 5_000;

/** A clause while it is being read. */
interface Draft {
  readonly path: NumberPath;
  readonly printed: string;
  readonly line: number;
  readonly lines: string[];
  readonly children: Draft[];
}

const idOf = (path: NumberPath): string => path.join('.');

const anomalyOf = (candidate: Candidate, reading: Reading, line: number, current: NumberPath): AgreementAnomaly | undefined => {
  const printed = idOf(candidate.path);
  if (reading.kind === 'text') {
    if (!reading.isOdd) return undefined;
    const message = `the line begins with ${printed}, which fits nowhere; it was read as text`;
    return { kind: 'unplaced', printed: candidate.printed, canonical: idOf(current), line, message };
  }
  const canonical = idOf(reading.path);
  switch (reading.how) {
    case 'exact':
      return undefined;
    case 'slip':
      return {
        kind: 'numbering',
        printed: candidate.printed,
        canonical,
        line,
        message: `printed ${printed}, by its position ${canonical}`,
      };
    case 'gap':
      return {
        kind: 'gap',
        printed: candidate.printed,
        canonical,
        line,
        message: `${printed} does not follow the clause before it; one is missing`,
      };
  }
};

/** The clause that a clause of that number belongs to: the nearest one above it that is there. */
const parentOf = (open: readonly Draft[], path: NumberPath): Draft | undefined =>
  open.findLast((draft) => draft.path.length < path.length && draft.path.every((part, index) => part === path[index]));

const draftsOf = (lines: readonly SourceLine[], candidates: readonly Candidate[], readings: readonly Reading[]) => {
  const before: string[] = [];
  const roots: Draft[] = [];
  const anomalies: AgreementAnomaly[] = [];
  const at = new Map(candidates.map((candidate, index) => [candidate.index, { candidate, reading: readings[index] }]));
  /** The clauses from the section down to the one being read. */
  let open: Draft[] = [];
  lines.forEach(({ number, text }, index) => {
    const { candidate, reading } = at.get(index) ?? {};
    const anomaly = candidate && reading && anomalyOf(candidate, reading, number, open.at(-1)?.path ?? []);
    if (anomaly) anomalies.push(anomaly);
    if (!candidate || reading?.kind !== 'clause') {
      (open.at(-1)?.lines ?? before).push(text);
      return;
    }
    const draft: Draft = {
      path: reading.path,
      printed: candidate.printed,
      line: number,
      lines: candidate.rest === '' ? [] : [candidate.rest],
      children: [],
    };
    const parent = parentOf(open, reading.path);
    (parent?.children ?? roots).push(draft);
    open = parent ? [...open.slice(0, open.indexOf(parent) + 1), draft] : [draft];
  });
  return { before, roots, anomalies };
};

const ITEM_END = /[；;]$/;

/**
 * Splits off the words that follow a list and belong to all of it. They are told apart by punctuation, not by layout, so
 * that re-wrapping changes nothing: every item but the last ends with its only semicolon, and in the last one a whole
 * sentence follows the semicolon.
 */
const splitClosing = (children: readonly AgreementNode[]): { children: readonly AgreementNode[]; closing?: string } => {
  const last = children.at(-1);
  const items = children.slice(0, -1);
  const isList = items.length > 0 && items.every(({ text }) => ITEM_END.test(text) && !/[；;]/.test(text.slice(0, -1)));
  const end = last?.text.search(/[；;]/) ?? -1;
  if (!last || !isList || last.children.length > 0 || end < 0) return { children };
  const closing = last.text.slice(end + 1).trim();
  return closing.endsWith('。') ? { children: [...items, { ...last, text: last.text.slice(0, end + 1) }], closing } : { children };
};

const nodeOf = (draft: Draft): AgreementNode => {
  const { children, closing } = splitClosing(draft.children.map(nodeOf));
  const [first = '', ...rest] = draft.lines;
  const isHeading = looksLikeHeading(first) && (draft.path.length === 1 || children.length > 0);
  return {
    id: idOf(draft.path),
    printed: draft.printed,
    ...(isHeading && { heading: first }),
    text: joinWrapped(isHeading ? rest : draft.lines),
    children,
    ...(closing !== undefined && { closing }),
    line: draft.line,
  };
};

/**
 * Reads an agreement: numbered clauses (`1.`, `2.1`, `2.2.5`, up to four parts), Chinese, lines wrapped anywhere, blank lines
 * anywhere, any line ends, full-width digits and dots. Each clause gets its number by position; where the print differs,
 * an anomaly says so. Time grows linearly with the text.
 * @throws AgreementParseError when the text is empty, not text, larger than two million characters, has no clause, or has more
 *   than five thousand lines that begin like one.
 */
export const parseAgreement = (text: string): AgreementDocument => {
  const { lines, anomalies: inCharacters } = sourceLines(text);
  const candidates = candidatesIn(lines);
  if (candidates.length > MOST_CANDIDATES) {
    throw new AgreementParseError([
      { kind: 'too-many-clauses', message: `${candidates.length} lines begin like a clause, more than ${MOST_CANDIDATES}` },
    ]);
  }
  const { before, roots, anomalies } = draftsOf(lines, candidates, readNumbers(candidates));
  if (roots.length === 0) throw new AgreementParseError([{ kind: 'no-clauses', message: 'no line begins with the number of a clause' }]);
  const [title = '', ...preamble] = before;
  return { title, preamble: joinWrapped(preamble), sections: roots.map(nodeOf), anomalies: [...inCharacters, ...anomalies] };
};
