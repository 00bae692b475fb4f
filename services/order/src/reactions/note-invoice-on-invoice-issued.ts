import { invoiceFacts } from '@qiyue/contracts';
import { reaction } from '@qiyue/service-kit';
import { order } from '../domain/order';

/** 2.2.3, 2.2.5: an order knows that its invoice exists, because then it has to come back before a refund. */
export const noteInvoiceOnInvoiceIssued = reaction({
  on: invoiceFacts.InvoiceIssued,
  stream: order,
  id: ({ orderId }) => orderId,
  decide: 'noteInvoice',
  command: ({ invoiceNumber, issuedAt }) => ({ invoiceNumber, issuedAt }),
});
