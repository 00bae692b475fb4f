import { invoiceFacts } from '@qiyue/contracts';
import { reaction } from '@qiyue/service-kit';
import { order } from '../domain/order';

/** 2.2.5: a refund waits while its invoice has to come back. */
export const awaitInvoiceReturnOnReturnRequired = reaction({
  on: invoiceFacts.InvoiceReturnRequired,
  stream: order,
  id: ({ orderId }) => orderId,
  decide: 'awaitInvoiceReturn',
  command: () => ({}),
});
