import { billingFacts } from '@qiyue/contracts';
import { reaction } from '@qiyue/service-kit';
import { order } from '../domain/order';

/** 2.2.2: money that billing applied pays the order, or is told back as not wanted. Bills are no business of this service. */
export const markOrderPaidOnPaymentApplied = reaction({
  on: billingFacts.PaymentApplied,
  stream: order,
  id: ({ kind, receivableId }) => (kind === 'order' ? receivableId : undefined),
  decide: 'markPaid',
  command: ({ paymentId, amountMinor, currency, receivedAt }) => ({ paymentId, amountMinor, currency, receivedAt }),
});
