import { orderFacts } from '@qiyue/contracts';
import { reaction } from '@qiyue/service-kit';
import { receivable } from '../domain/receivable';

/** 2.2.2: money was applied while the order was called off at the same moment. It goes back, whichever of the two facts comes first. */
export const closeReceivableOnPaymentNotWanted = reaction({
  on: orderFacts.PaymentNotWanted,
  stream: receivable,
  id: ({ orderId }) => orderId,
  decide: 'close',
  command: ({ orderId, accountId }) => ({ receivableId: orderId, accountId, cause: 'payment-not-wanted' as const }),
});
