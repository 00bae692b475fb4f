import { onDeadline } from '@qiyue/service-kit';
import { order } from '../domain/order';

/** 2.2.1: an order that is not paid in time expires. */
export const expireOrderOnPaymentDeadline = onDeadline({
  name: 'payment',
  stream: order,
  set: { OrderSubmitted: ({ payBy }) => payBy },
  clear: ['OrderPaid', 'OrderCancelled', 'OrderExpired'],
  decide: 'expire',
});
