import { nodesOf, type AgreementDocument } from './agreement-document';
import { openingOf, wordsOf } from './agreement-hash';
import { canonicalText } from './canonical-text';

/** What happened to one clause between two versions. */
export interface ClauseChange {
  /** Canonical number, in the next version except for `removed`; `preamble` is what precedes the first clause. */
  readonly clause: string;
  readonly change: 'added' | 'removed' | 'changed' | 'moved';
  /** The number the clause had before; only for `moved`. */
  readonly from?: string;
  /** Its words before and after, without sub-clauses. */
  readonly before?: string;
  readonly after?: string;
}

const wordsByClause = (document: AgreementDocument): Map<string, string> => {
  const opening = openingOf(document);
  return new Map([
    ...(opening === '' ? [] : [['preamble', opening] as const]),
    ...nodesOf(document).map((node) => [node.id, wordsOf(node)] as const),
  ]);
};

const isSameText = (a: string | undefined, b: string | undefined): boolean =>
  a !== undefined && b !== undefined && canonicalText(a) === canonicalText(b);

/** For clauses that stand under another number now: next number → previous number. Each previous one is used once. */
const movesBetween = (previous: ReadonlyMap<string, string>, next: ReadonlyMap<string, string>): Map<string, string> => {
  const left = new Map<string, string[]>();
  for (const [clause, words] of previous) {
    if (words === '' || isSameText(words, next.get(clause))) continue;
    const key = canonicalText(words);
    left.set(key, [...(left.get(key) ?? []), clause]);
  }
  const moves = new Map<string, string>();
  for (const [clause, words] of next) {
    const from = isSameText(words, previous.get(clause)) ? undefined : left.get(canonicalText(words))?.shift();
    if (from !== undefined) moves.set(clause, from);
  }
  return moves;
};

/**
 * What changed from one version to the next, clause by clause: first what is in the next version, in its order, then what
 * was removed. A clause inserted in the middle shows as `added` and those behind it as `moved`, not as changed words. When
 * one clause moves into the place of another whose words are gone, that number appears twice: `moved` and `removed`.
 * Layout never counts (see `hashAgreement`): two documents have equal hashes exactly when there is no change.
 */
export const diffAgreements = (previous: AgreementDocument, next: AgreementDocument): ClauseChange[] => {
  const before = wordsByClause(previous);
  const after = wordsByClause(next);
  const moves = movesBetween(before, after);
  const movedAway = new Set(moves.values());
  const present = [...after].flatMap(([clause, words]): ClauseChange[] => {
    const from = moves.get(clause);
    if (from !== undefined) return [{ clause, change: 'moved', from, before: before.get(from) ?? '', after: words }];
    const earlier = before.get(clause);
    if (isSameText(earlier, words)) return [];
    if (earlier === undefined || movedAway.has(clause)) return [{ clause, change: 'added', after: words }];
    return [{ clause, change: 'changed', before: earlier, after: words }];
  });
  const removed = [...before]
    .filter(([clause]) => !movedAway.has(clause) && (!after.has(clause) || moves.has(clause)))
    .map(([clause, words]): ClauseChange => ({ clause, change: 'removed', before: words }));
  return [...present, ...removed];
};
