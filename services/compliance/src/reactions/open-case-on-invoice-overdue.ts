import { invoiceFacts } from '@qiyue/contracts';
import { reaction } from '@qiyue/service-kit';
import { caseStream } from '../domain/case';

const caseOfInvoice = (orderId: string): string => `invoice-overdue.${orderId}`;

/** 2.2.3: an invoice that is late needs a person. */
export const openCaseOnInvoiceOverdue = reaction({
  on: invoiceFacts.InvoiceOverdue,
  stream: caseStream,
  id: ({ orderId }) => caseOfInvoice(orderId),
  decide: 'open',
  command: ({ orderId, accountId }) => ({
    caseId: caseOfInvoice(orderId),
    kind: 'invoice-overdue' as const,
    accountId,
    about: orderId,
    aboutClause: '2.2.3',
  }),
});

/** 2.2.3: it came late, but it came. An invoice in time has no case. */
export const closeCaseOnInvoiceIssued = reaction({
  on: invoiceFacts.InvoiceIssued,
  stream: caseStream,
  id: ({ orderId }) => caseOfInvoice(orderId),
  decide: 'close',
  command: () => ({ outcome: 'invoice-issued' }),
  mayReject: ['case-unknown'],
});

/** 2.2.5: the order was refunded, so the invoice will never be issued. */
export const closeCaseOnInvoiceCancelled = reaction({
  on: invoiceFacts.InvoiceCancelled,
  stream: caseStream,
  id: ({ orderId }) => caseOfInvoice(orderId),
  decide: 'close',
  command: () => ({ outcome: 'invoice-cancelled' }),
  mayReject: ['case-unknown'],
});
