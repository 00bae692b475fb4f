import { invoiceFacts } from '@qiyue/contracts';
import { reaction } from '@qiyue/service-kit';
import { order } from '../domain/order';

/** 2.2.5: an invoice that never will be, or that is back, lets the money go. */
export const releaseRefundOnInvoiceSettled = reaction({
  on: [invoiceFacts.InvoiceCancelled, invoiceFacts.InvoiceReturned],
  stream: order,
  id: ({ orderId }) => orderId,
  decide: 'releaseRefund',
  command: () => ({}),
});
