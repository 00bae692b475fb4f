import { orderFacts } from '@qiyue/contracts';
import { reaction } from '@qiyue/service-kit';
import { invoice } from '../domain/invoice';

/** 2.2.3: once the money has arrived an invoice is due, with the data the order was submitted with. Nothing was paid for an order that a voucher covers. */
export const scheduleInvoiceOnOrderPaid = reaction({
  on: orderFacts.OrderPaid,
  stream: invoice,
  id: ({ orderId, paidMinor }) => (paidMinor > 0 ? orderId : undefined),
  decide: 'schedule',
  command: ({ orderId, accountId, paidMinor, currency, invoiceDueBy, invoice: data, lines, terms }) => ({
    orderId,
    accountId,
    amountMinor: paidMinor,
    currency,
    invoice: data,
    agreementVersion: terms.agreementVersion,
    dueBy: invoiceDueBy,
    lines: lines.map(({ name, quantity, amountMinor, thirdPartyContent }) => ({ name, quantity, amountMinor, thirdPartyContent })),
  }),
});
