import { orderFacts } from '@qiyue/contracts';
import { reaction } from '@qiyue/service-kit';
import { invoice } from '../domain/invoice';

/** 2.2.5: a refund was asked for in time. The invoice is cancelled if it does not exist and has to come back if it does. */
export const giveWayOnRefundRequested = reaction({
  on: orderFacts.RefundRequested,
  stream: invoice,
  id: ({ orderId }) => orderId,
  decide: 'giveWayToRefund',
  command: ({ orderId, accountId }) => ({ orderId, accountId }),
});
