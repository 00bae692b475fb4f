import { billingFacts } from '@qiyue/contracts';
import { reaction } from '@qiyue/service-kit';
import { caseStream } from '../domain/case';
import { caseOfPayment } from './open-case-on-payment-held';

/** 2.2.2: the money is back with its payer. */
export const closeCaseOnPaymentReturned = reaction({
  on: billingFacts.PaymentReturned,
  stream: caseStream,
  id: ({ paymentId }) => caseOfPayment(paymentId),
  decide: 'close',
  command: () => ({ outcome: 'payment-returned' }),
  mayReject: ['case-unknown'],
});

/** 2.2.2: an officer let the money count after all. */
export const closeCaseOnPaymentReleased = reaction({
  on: billingFacts.PaymentReleased,
  stream: caseStream,
  id: ({ paymentId }) => caseOfPayment(paymentId),
  decide: 'close',
  command: () => ({ outcome: 'payment-released' }),
  mayReject: ['case-unknown'],
});
