import { reaction } from '@qiyue/service-kit';
import { payout } from '../domain/payout';
import { receivableEvents } from '../domain/receivable-events';
import { payoutIdOf } from '../payout-id';

/** 2.2.2: money that is to go back to its payer becomes one payout. */
export const requestPayoutOnReturnOrdered = reaction({
  on: receivableEvents.PaymentReturnOrdered,
  stream: payout,
  id: ({ receivableId, paymentId }) => payoutIdOf(receivableId, { returned: paymentId }),
  decide: 'request',
  command: ({ receivableId, accountId, paymentId, amountMinor, currency }) => ({
    payoutId: payoutIdOf(receivableId, { returned: paymentId }),
    purpose: 'return' as const,
    receivableId,
    accountId,
    paymentId,
    amountMinor,
    currency,
  }),
});

/** 2.2.5: a refund becomes one payout, whatever is retried. */
export const requestPayoutOnRefundOrdered = reaction({
  on: receivableEvents.RefundOrdered,
  stream: payout,
  id: ({ receivableId }) => payoutIdOf(receivableId, 'refund'),
  decide: 'request',
  command: ({ receivableId, accountId, paymentId, amountMinor, currency }) => ({
    payoutId: payoutIdOf(receivableId, 'refund'),
    purpose: 'refund' as const,
    receivableId,
    accountId,
    paymentId,
    amountMinor,
    currency,
  }),
});
