import { examplesOf } from '@qiyue/decider';
import { invoice } from './invoice';
import { invoiceEvents as told, type InvoiceContent, type InvoiceEvent } from './invoice-events';

export const ids = { orderId: 'order-1', accountId: 'account-1' };
/** Tuesday, 10:00 in Shanghai. */
export const paidAt = '2026-03-03T02:00:00.000Z';
/** Wednesday, 09:00 in Shanghai. */
export const issueAt = '2026-03-04T01:00:00.000Z';
export const dueBy = '2026-03-12T16:00:00.000Z';
const askAt = '2026-03-04T01:01:00.000Z';

export const content: InvoiceContent = {
  ...ids,
  amountMinor: 191_000,
  currency: 'CNY',
  invoice: { title: '杭州示例科技有限公司', taxId: '91330108MA2GXXXX0A', way: 'e-mail', address: 'invoices@example.com' },
  lines: [{ name: '云 WAF 标准版', quantity: 2, amountMinor: 196_000, thirdPartyContent: false }],
  agreementVersion: '2026-01',
  dueBy,
};
export const invoiceNumber = '26330000000000000001';
export const redLetterNumber = '26330000000000000002';
const sum = { amountMinor: content.amountMinor, currency: content.currency };

export const issuedEvent: InvoiceEvent = told.InvoiceIssued({ ...ids, ...sum, invoiceNumber, issuedAt: issueAt });
export const dispatchedEvent: InvoiceEvent = told.InvoiceDispatched({ ...ids, invoiceNumber, way: 'e-mail', dispatchedAt: issueAt });
export const cancelledEvent: InvoiceEvent = told.InvoiceCancelled({ ...ids, cancelledAt: issueAt });
export const refundWaitsEvent: InvoiceEvent = told.RefundWaits({ ...ids, since: issueAt });
export const returnRequiredEvent: InvoiceEvent = told.InvoiceReturnRequired({ ...ids, requiredAt: issueAt });

export const aScheduledInvoice: readonly InvoiceEvent[] = [told.InvoiceScheduled({ ...content, issueAt, scheduledAt: paidAt })];
export const anIssuingInvoice: readonly InvoiceEvent[] = [
  ...aScheduledInvoice,
  told.InvoiceIssueStarted({ ...ids, startedAt: issueAt, tryAgainAt: askAt }),
];
export const aRefusedInvoice: readonly InvoiceEvent[] = [
  ...anIssuingInvoice,
  told.InvoiceIssueRefused({ ...ids, reason: 'tax-id-unknown', refusedAt: issueAt }),
];
export const anUndispatchedInvoice: readonly InvoiceEvent[] = [...anIssuingInvoice, issuedEvent];
export const anIssuedInvoice: readonly InvoiceEvent[] = [...anUndispatchedInvoice, dispatchedEvent];
export const anInvoiceToReturn: readonly InvoiceEvent[] = [...anIssuedInvoice, returnRequiredEvent];
export const anInvoiceOnItsWayBack: readonly InvoiceEvent[] = [
  ...anInvoiceToReturn,
  told.InvoiceReturnReceived({ ...ids, statedBy: 'customer', receivedAt: issueAt, tryAgainAt: askAt }),
];
export const aReturnedInvoice: readonly InvoiceEvent[] = [
  ...anInvoiceOnItsWayBack,
  told.InvoiceReturned({ ...ids, invoiceNumber, redLetterNumber, returnedAt: issueAt }),
];
export const aCancelledInvoice: readonly InvoiceEvent[] = [...aScheduledInvoice, cancelledEvent];

const now = { now: issueAt };
const { orderId } = ids;
export const invoiceExamples = examplesOf(invoice, {
  histories: {
    none: [],
    scheduled: aScheduledInvoice,
    issuing: anIssuingInvoice,
    refused: aRefusedInvoice,
    issued: anUndispatchedInvoice,
    'return-required': anInvoiceToReturn,
    returning: anInvoiceOnItsWayBack,
    returned: aReturnedInvoice,
    cancelled: aCancelledInvoice,
  },
  commands: {
    schedule: [content, { now: paidAt }],
    beginIssuing: [{ orderId }, now],
    issueNow: [{ orderId }, now],
    recordIssued: [{ orderId, invoiceNumber, issuedAt: issueAt }, now],
    recordRefused: [{ orderId, reason: 'tax-id-unknown' }, now],
    recordUnanswered: [{ orderId, attempt: 1 }, now],
    recordDispatched: [{ orderId }, now],
    noteOverdue: [{ orderId }, { now: dueBy }],
    giveWayToRefund: [ids, now],
    receiveReturn: [{ orderId, statedBy: 'customer' }, now],
    recordReturned: [{ orderId, redLetterNumber, returnedAt: issueAt }, now],
  },
  refusals: {
    schedule: { on: 'none', faults: { 'invoice-exists': { history: 'scheduled', 'command.amountMinor': 1 } } },
    issueNow: { on: 'scheduled', faults: { 'invoice-unknown': { history: 'none' }, 'invoice-cancelled': { history: 'cancelled' } } },
    recordIssued: { on: 'issuing', faults: { 'invoice-unknown': { history: 'none' }, 'invoice-cancelled': { history: 'cancelled' } } },
    recordRefused: { on: 'issuing', faults: { 'invoice-unknown': { history: 'none' } } },
    recordDispatched: {
      on: 'issued',
      faults: { 'invoice-not-issued': { history: 'none' }, 'invoice-cancelled': { history: 'cancelled' } },
    },
    receiveReturn: {
      on: 'return-required',
      faults: {
        'invoice-unknown': { history: 'none' },
        'invoice-not-issued': { history: 'issuing' },
        'invoice-cancelled': { history: 'cancelled' },
        'return-not-required': { history: 'issued' },
      },
    },
    recordReturned: {
      on: 'returning',
      faults: {
        'invoice-unknown': { history: 'none' },
        'invoice-not-issued': { history: 'issuing' },
        'invoice-cancelled': { history: 'cancelled' },
        'return-not-required': { history: 'issued' },
      },
    },
  },
});
