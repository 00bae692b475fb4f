import { reaction } from '@qiyue/service-kit';
import { account } from '../domain/account';
import { accountEvents } from '../domain/account-events';
import type { Papers } from '../domain/policies/verification-papers';
import { Verifier } from '../ports/verifier';

/** 2.1.1: hands the papers to the verifier and records what it found. Asked twice about a request, the verifier answers the same. */
export const verifyPapersOnVerificationRequested = reaction({
  name: 'verify-papers-on-verification-requested',
  on: accountEvents.VerificationRequested,
  run: async (context, { accountId, requestId, requestedAt: _requestedAt, ...papers }) => {
    const finding = await context.port(Verifier).check(requestId, papers as Papers);
    await context.execute(account, accountId, 'recordVerification', { requestId, ...finding }, { now: context.now });
  },
});
