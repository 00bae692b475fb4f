import type { InvoiceContent, InvoiceEvent } from './invoice-events';

interface Known {
  readonly content: InvoiceContent;
  readonly issueAt: string;
  readonly overdueNoted: boolean;
  /** How often the outside was tried for the present step without an answer. */
  readonly attempts: number;
  /** A refund waits for this invoice (2.2.5). */
  readonly refundWaits: boolean;
}
interface Numbered extends Known {
  readonly invoiceNumber: string;
  readonly issuedAt: string;
  readonly dispatched: boolean;
}

export type Invoice =
  | { readonly status: 'none' }
  | ({ readonly status: 'scheduled' | 'issuing' | 'refused' } & Known)
  | ({ readonly status: 'issued' | 'return-required' | 'returning' | 'returned' } & Numbered)
  /** Never to be issued; `content` is absent when the refund came before the schedule. */
  | { readonly status: 'cancelled'; readonly orderId: string; readonly accountId: string; readonly agreementVersion?: string };

export const noInvoice: Invoice = { status: 'none' };

/** What is known of an invoice that was scheduled and not cancelled. */
const known = (invoice: Invoice): Known | undefined => (invoice.status === 'none' || invoice.status === 'cancelled' ? undefined : invoice);
const numbered = (invoice: Invoice): Numbered | undefined => ('invoiceNumber' in invoice ? invoice : undefined);

const waiting = (invoice: Invoice, status: 'issuing' | 'refused', attempts: number): Invoice => {
  const was = known(invoice);
  return was === undefined ? invoice : { ...was, status, attempts };
};
const onItsWay = (invoice: Invoice, status: 'return-required' | 'returning' | 'returned', attempts = 0): Invoice => {
  const was = numbered(invoice);
  return was === undefined ? invoice : { ...was, status, attempts };
};

/** State after an event. */
export const evolve = (invoice: Invoice, event: InvoiceEvent): Invoice => {
  switch (event.type) {
    case 'InvoiceScheduled': {
      const { issueAt, scheduledAt: _at, ...content } = event.data;
      return { status: 'scheduled', content, issueAt, overdueNoted: false, attempts: 0, refundWaits: false };
    }
    case 'InvoiceIssueStarted':
      return waiting(invoice, 'issuing', 0);
    case 'InvoiceIssueUnanswered':
      return waiting(invoice, 'issuing', event.data.attempt);
    case 'InvoiceIssueRefused':
      return waiting(invoice, 'refused', 0);
    case 'InvoiceIssued': {
      const was = known(invoice);
      return was === undefined
        ? invoice
        : {
            ...was,
            status: 'issued',
            attempts: 0,
            invoiceNumber: event.data.invoiceNumber,
            issuedAt: event.data.issuedAt,
            dispatched: false,
          };
    }
    case 'InvoiceDispatchFailed':
      return 'invoiceNumber' in invoice ? { ...invoice, attempts: event.data.attempt } : invoice;
    case 'InvoiceDispatched':
      return 'invoiceNumber' in invoice ? { ...invoice, attempts: 0, dispatched: true } : invoice;
    case 'InvoiceOverdue':
      return 'overdueNoted' in invoice ? { ...invoice, overdueNoted: true } : invoice;
    case 'RefundWaits':
      return 'refundWaits' in invoice ? { ...invoice, refundWaits: true } : invoice;
    case 'InvoiceCancelled': {
      const { orderId, accountId } = event.data;
      const was = known(invoice);
      return { status: 'cancelled', orderId, accountId, ...(was === undefined ? {} : { agreementVersion: was.content.agreementVersion }) };
    }
    case 'InvoiceReturnRequired':
      return onItsWay(invoice, 'return-required');
    case 'InvoiceReturnReceived':
      return onItsWay(invoice, 'returning');
    case 'RedLetterUnanswered':
      return onItsWay(invoice, 'returning', event.data.attempt);
    case 'InvoiceReturned':
      return onItsWay(invoice, 'returned');
    default:
      return event satisfies never;
  }
};
