import { billingFacts } from '@qiyue/contracts';
import { reaction } from '@qiyue/service-kit';
import { order } from '../domain/order';

/** 2.2.5: the refund is complete once billing has settled it. */
export const completeRefundOnRefundSettled = reaction({
  on: billingFacts.RefundSettled,
  stream: order,
  id: ({ receivableId }) => receivableId,
  decide: 'completeRefund',
  command: ({ payoutId, amountMinor, currency, settledAt }) => ({ payoutId, amountMinor, currency, settledAt }),
});
