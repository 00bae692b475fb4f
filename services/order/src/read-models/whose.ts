import { kitProblem, type Caller } from '@qiyue/service-kit';

/** Whose rows a caller lists: a customer their own, staff anybody's or those of one account. */
export const whose = (who: Caller, accountId: string | undefined): { readonly accountId?: string } => {
  if (who.role !== 'customer') return accountId === undefined ? {} : { accountId };
  if (who.accountId === undefined) throw kitProblem('forbidden');
  return { accountId: who.accountId };
};
