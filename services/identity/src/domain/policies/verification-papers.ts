// 2.1.1: papers are looked at only if their numbers can be true: check digit of the credit code or of the identity card.
import { isCreditCode, isIdCard } from '@qiyue/agreement';
import { identityRejections } from '@qiyue/contracts';

/** What an account shows to be verified. */
export type Papers =
  | { readonly subject: 'enterprise'; readonly name: string; readonly creditCode: string; readonly legalRepresentative: string }
  | { readonly subject: 'individual'; readonly name: string; readonly idNumber: string };

const { reject } = identityRejections;

/** Why the papers cannot be true, if they cannot. */
export const papersAreWellFormed = (papers: Papers) => {
  if (papers.subject === 'enterprise') return isCreditCode(papers.creditCode) ? undefined : reject('credit-code-invalid');
  return isIdCard(papers.idNumber) ? undefined : reject('id-card-invalid');
};
