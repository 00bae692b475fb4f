/** One numbered clause, or a section that holds clauses. */
export interface AgreementNode {
  /** The number by position, e.g. `2.1.2`: unique in the document, ascending, and what is cited. */
  readonly id: string;
  /** The number as the document prints it, e.g. `2.2.1` for a slip, or `２．１`. */
  readonly printed: string;
  readonly heading?: string;
  /** The words of the clause, its wrapped lines joined again. Empty where there is only a heading. */
  readonly text: string;
  readonly children: readonly AgreementNode[];
  /** Words that follow a list of sub-clauses and belong to all of it. */
  readonly closing?: string;
  /** Line of the source on which the clause begins, from 1. */
  readonly line: number;
}

/**
 * Something odd that did not stop the reading:
 * - `numbering`: the printed number is not the one due by position;
 * - `gap`: a number before this one is missing;
 * - `unplaced`: a line begins like a clause but fits nowhere and was read as text of `canonical`;
 * - `characters`: control or invisible characters were left out.
 */
export interface AgreementAnomaly {
  readonly kind: 'numbering' | 'gap' | 'unplaced' | 'characters';
  readonly printed: string;
  readonly canonical: string;
  /** Line of the source, from 1. */
  readonly line: number;
  readonly message: string;
}

export interface AgreementDocument {
  /** The first line; empty when the document begins with its first clause. */
  readonly title: string;
  /** What stands between the title and the first clause; empty when nothing does. */
  readonly preamble: string;
  readonly sections: readonly AgreementNode[];
  readonly anomalies: readonly AgreementAnomaly[];
}

export interface AgreementFault {
  readonly kind: 'not-text' | 'empty' | 'too-large' | 'no-clauses' | 'too-many-clauses';
  /** Line of the source, from 1, where one can be named. */
  readonly line?: number;
  readonly message: string;
}

/** The text cannot be read as an agreement at all; every fault found is listed. */
export class AgreementParseError extends Error {
  override readonly name = 'AgreementParseError';
  constructor(readonly faults: readonly AgreementFault[]) {
    super(`not an agreement: ${faults.map(({ message }) => message).join('; ')}`);
  }
}

/** Every node of the document, parents before their children. */
export const nodesOf = (document: AgreementDocument): AgreementNode[] => {
  const withChildren = (node: AgreementNode): AgreementNode[] => [node, ...node.children.flatMap(withChildren)];
  return document.sections.flatMap(withChildren);
};

/** The node of that canonical number, if the document has it. */
export const findNode = (document: AgreementDocument, id: string): AgreementNode | undefined =>
  nodesOf(document).find((node) => node.id === id);
