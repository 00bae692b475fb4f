import { orderFacts } from '@qiyue/contracts';
import { reaction } from '@qiyue/service-kit';
import { receivable } from '../domain/receivable';

/** 2.2.5: nothing stands in the way of the refund any more. Any refusal here is parked for a person: it means that order and money disagree. */
export const refundReceivableOnRefundReleased = reaction({
  on: orderFacts.RefundReleased,
  stream: receivable,
  id: ({ orderId }) => orderId,
  decide: 'refund',
  command: ({ orderId, refundMinor, currency }) => ({ receivableId: orderId, amountMinor: refundMinor, currency }),
});
