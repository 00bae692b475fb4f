import { reaction } from '@qiyue/service-kit';
import { payoutEvents } from '../domain/payout';
import { receivable } from '../domain/receivable';

/** 2.2.2, 2.2.5: the money is back with its payer, and the receivable tells it. */
export const settleMoneyOnPayoutSettled = reaction({
  name: 'settle-money-on-payout-settled',
  on: payoutEvents.PayoutSettled,
  run: async (context, { purpose, receivableId, paymentId, payoutId, settledAt }) => {
    if (purpose === 'refund') await context.execute(receivable, receivableId, 'settleRefund', { receivableId, payoutId, settledAt }, {});
    else await context.execute(receivable, receivableId, 'settleReturn', { receivableId, paymentId, payoutId, settledAt }, {});
  },
});
