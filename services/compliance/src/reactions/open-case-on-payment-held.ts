import { billingFacts } from '@qiyue/contracts';
import { reaction } from '@qiyue/service-kit';
import { caseStream } from '../domain/case';

/** The case about a payment; the same payment always has the same case. */
export const caseOfPayment = (paymentId: string): string => `payment-held.${paymentId}`;

/** 2.2.2: money that is held needs a person. */
export const openCaseOnPaymentHeld = reaction({
  on: billingFacts.PaymentHeld,
  stream: caseStream,
  id: ({ paymentId }) => caseOfPayment(paymentId),
  decide: 'open',
  command: ({ paymentId, accountId }) => ({
    caseId: caseOfPayment(paymentId),
    kind: 'payment-held' as const,
    accountId,
    about: paymentId,
    aboutClause: '2.2.2',
  }),
});
