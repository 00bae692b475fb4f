import { createHash } from 'node:crypto';
import { nodesOf, type AgreementDocument, type AgreementNode } from './agreement-document';
import { canonicalText, joinWrapped } from './canonical-text';

const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

const asciiNumber = (printed: string): string => printed.normalize('NFKC').replaceAll('。', '.');

/** The words of a clause without its sub-clauses, as people read them; with its printed number where that is a slip. */
export const wordsOf = (node: AgreementNode): string => {
  const slip = asciiNumber(node.printed) === node.id ? '' : `${asciiNumber(node.printed)} `;
  const words = joinWrapped([node.heading ?? '', node.text]);
  return slip + (node.closing === undefined ? words : `${words}…${node.closing}`);
};

/** What precedes the first clause. */
export const openingOf = (document: AgreementDocument): string => joinWrapped([document.title, document.preamble]);

/**
 * SHA-256, in hex, of what the document says: title, preamble, and each clause by its canonical number, in NFC and without
 * layout. Wrapping the same text otherwise gives the same hash; one other character gives another one.
 */
export const hashAgreement = (document: AgreementDocument): string =>
  sha256(
    JSON.stringify([
      'qiyue-agreement/1',
      canonicalText(openingOf(document)),
      ...nodesOf(document).map((node) => [node.id, canonicalText(wordsOf(node))]),
    ]),
  );

/** The same for each clause without its sub-clauses, by canonical number. Equal words have equal hashes under any number. */
export const hashClauses = (document: AgreementDocument): ReadonlyMap<string, string> =>
  new Map(nodesOf(document).map((node) => [node.id, sha256(canonicalText(wordsOf(node)))]));
