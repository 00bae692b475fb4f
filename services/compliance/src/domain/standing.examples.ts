import { examplesOf, under } from '@qiyue/decider';
import { standing, standingEvents as e } from './standing';

export const accountId = '0b7f6f0e-6f0c-5d0e-9a51-4f1f0c7a1a01';
const at = '2026-03-02T01:00:00.000Z';

export const aSuspendedAccount = [
  under('8.2.2', e.AccountSuspended({ accountId, cause: '8.2.2', reason: 'scanned other customers', suspendedAt: at })),
];
export const aDefaultingAccount = [
  e.PaymentDefaultNoted({ accountId, receivableId: 'bill-1', notedAt: at }),
  under('8.2.3', e.AccountSuspended({ accountId, cause: '8.2.3', reason: 'payment-default', suspendedAt: at })),
];

const facts = { now: '2026-03-03T01:00:00.000Z', accountId, known: true };

export const standingExamples = examplesOf(standing, {
  histories: { good: [], suspended: aSuspendedAccount },
  commands: {
    suspend: [{ cause: '8.2.8', reason: 'infringement' }, facts],
    reinstate: [{ reason: 'settled' }, facts],
    notePaymentDefault: [{ receivableId: 'bill-1' }, facts],
    notePaymentInFull: [{ receivableId: 'bill-1' }, facts],
  },
  refusals: {
    suspend: { on: 'good', faults: { 'account-unknown': { 'facts.known': false } } },
    reinstate: { on: 'suspended', faults: { 'account-unknown': { 'facts.known': false }, 'account-not-suspended': { history: 'good' } } },
  },
});
