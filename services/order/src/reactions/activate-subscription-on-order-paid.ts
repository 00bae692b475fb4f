import { reaction } from '@qiyue/service-kit';
import { orderEvents } from '../domain/order-state';
import { subscription } from '../domain/subscription';

/** 2.2.4: a paid order activates what it bought, from the instant of payment. */
export const activateSubscriptionOnOrderPaid = reaction({
  on: orderEvents.OrderPaid,
  stream: subscription,
  id: ({ orderId }) => orderId,
  decide: 'activate',
  command: ({ orderId, accountId, paidAt, lines }) => ({ orderId, accountId, activatedAt: paidAt, lines }),
});
