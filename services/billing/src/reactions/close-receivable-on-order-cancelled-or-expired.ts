import { orderFacts } from '@qiyue/contracts';
import { reaction } from '@qiyue/service-kit';
import { receivable } from '../domain/receivable';

/** 2.2.2: nobody owes a cancelled order; what came or comes for it goes back. */
export const closeReceivableOnOrderCancelled = reaction({
  on: orderFacts.OrderCancelled,
  stream: receivable,
  id: ({ orderId }) => orderId,
  decide: 'close',
  command: ({ orderId, accountId }) => ({ receivableId: orderId, accountId, cause: 'order-cancelled' as const }),
});

/** 2.2.2: nobody owes an expired order; what came or comes for it goes back. */
export const closeReceivableOnOrderExpired = reaction({
  on: orderFacts.OrderExpired,
  stream: receivable,
  id: ({ orderId }) => orderId,
  decide: 'close',
  command: ({ orderId, accountId }) => ({ receivableId: orderId, accountId, cause: 'order-expired' as const }),
});
