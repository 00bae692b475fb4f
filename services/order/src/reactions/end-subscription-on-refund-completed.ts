import { reaction } from '@qiyue/service-kit';
import { orderEvents } from '../domain/order-state';
import { subscription } from '../domain/subscription';

/** 2.2.5: a refund ends what the order activated. */
export const endSubscriptionOnRefundCompleted = reaction({
  on: orderEvents.RefundCompleted,
  stream: subscription,
  id: ({ orderId }) => orderId,
  decide: 'endRefunded',
  command: ({ orderId, accountId, completedAt }) => ({ orderId, accountId, refundedAt: completedAt }),
});
