import { rejections, Type } from '@qiyue/decider';
import { factsOf } from './fact';
import { At, CurrencyCode, Id, Minor, OneOf } from './schema';

const invoice = { orderId: '6a0cbb9c-7a52-5f1e-8f43-1b1a2f3c4d01', accountId: '0b7f6f0e-6f0c-5d0e-9a51-4f1f0c7a1a01' };
const at = '2026-03-04T01:00:00.000Z';

/** What invoice tells. Key of every fact: the order, which has one invoice at the most. */
export const invoiceFacts = factsOf('invoice', {
  InvoiceScheduled: {
    clause: '2.2.3',
    meaning: "The order's money has arrived: its invoice is due.",
    schema: Type.Object({ orderId: Id, accountId: Id, amountMinor: Minor, currency: CurrencyCode, dueBy: At, scheduledAt: At }),
    example: { ...invoice, amountMinor: 191_000, currency: 'CNY', dueBy: '2026-03-12T16:00:00.000Z', scheduledAt: at },
  },
  InvoiceIssued: {
    clause: '2.2.3',
    meaning: 'The invoice exists.',
    schema: Type.Object({ orderId: Id, accountId: Id, invoiceNumber: Id, amountMinor: Minor, currency: CurrencyCode, issuedAt: At }),
    example: { ...invoice, invoiceNumber: '26330000000000000001', amountMinor: 191_000, currency: 'CNY', issuedAt: at },
  },
  InvoiceDispatched: {
    clause: '2.2.3',
    meaning: 'The invoice is on its way, as the customer chose.',
    schema: Type.Object({ orderId: Id, accountId: Id, invoiceNumber: Id, way: OneOf('e-mail', 'post', 'in-site'), dispatchedAt: At }),
    example: { ...invoice, invoiceNumber: '26330000000000000001', way: 'e-mail', dispatchedAt: at },
  },
  InvoiceOverdue: {
    clause: '2.2.3',
    meaning: 'The term has ended and the invoice is not issued: somebody has to look.',
    schema: Type.Object({ orderId: Id, accountId: Id, dueBy: At }),
    example: { ...invoice, dueBy: '2026-03-12T16:00:00.000Z' },
  },
  InvoiceCancelled: {
    clause: '2.2.5',
    meaning: 'The order is refunded before its invoice was issued; it never will be.',
    schema: Type.Object({ orderId: Id, accountId: Id, cancelledAt: At }),
    example: { ...invoice, cancelledAt: at },
  },
  InvoiceReturnRequired: {
    clause: '2.2.5',
    meaning: 'The invoice is issued, so it has to come back before the refund.',
    schema: Type.Object({ orderId: Id, accountId: Id, requiredAt: At }),
    example: { ...invoice, requiredAt: at },
  },
  InvoiceReturned: {
    clause: '2.2.5',
    meaning: 'The invoice is back and a red-letter invoice cancels it.',
    schema: Type.Object({ orderId: Id, accountId: Id, invoiceNumber: Id, redLetterNumber: Id, returnedAt: At }),
    example: { ...invoice, invoiceNumber: '26330000000000000001', redLetterNumber: '26330000000000000002', returnedAt: at },
  },
});

/** Why invoice refuses, in order of precedence. */
export const invoiceRejections = rejections('invoice', {
  'invoice-unknown': { status: 404, meaning: 'There is no invoice for this order.' },
  'invoice-exists': { status: 409, clause: '2.2.3', meaning: 'The order has an invoice already, and it says something else.' },
  'invoice-not-issued': { status: 409, clause: '2.2.5', meaning: 'The invoice is not issued, so it cannot come back.' },
  'invoice-cancelled': { status: 409, clause: '2.2.5', meaning: 'The invoice was cancelled and will not be issued.' },
  'return-not-required': {
    status: 409,
    clause: '2.2.5',
    meaning: 'Nobody asked for a refund of this order, so the invoice stays with the customer.',
  },
});
