import { addMs, isBefore, type Instant } from '@qiyue/calendar';
import { invoiceRejections } from '@qiyue/contracts';
import { stream } from '@qiyue/decider';
import { invoiceEvents as told, type InvoiceContent } from './invoice-events';
import { evolve, noInvoice, type Invoice } from './invoice-state';
import { isPastTerm } from './policies/invoice-term';
import { issueTime } from './policies/issue-time';

const { reject } = invoiceRejections;

interface Now {
  readonly now: Instant;
}
interface Which {
  readonly orderId: string;
}

const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 3_600_000;

/** When the outside is tried again: after a minute, then after twice as long each time, hourly in the end. */
export const tryAgainAt = (now: Instant, attempts: number): Instant =>
  addMs(now, Math.min(FIRST_PAUSE_MS * 2 ** Math.min(attempts, 10), LONGEST_PAUSE_MS));

/** What is to be done outside for an invoice now. `attempt` tells one try from the next. */
export type Step =
  /** `withdraw`: a refund waits, so the authority is not asked for the invoice again but told never to make it, unless it has. */
  | { readonly do: 'issue' | 'withdraw' | 'red-letter'; readonly content: InvoiceContent; readonly attempt: number }
  | { readonly do: 'dispatch'; readonly content: InvoiceContent; readonly invoiceNumber: string; readonly attempt: number }
  | { readonly do: 'nothing' };

export const nextStep = (invoice: Invoice): Step => {
  switch (invoice.status) {
    case 'none':
    case 'scheduled':
    case 'refused':
    case 'returned':
    case 'cancelled':
      return { do: 'nothing' };
    case 'issuing':
      return { do: invoice.refundWaits ? 'withdraw' : 'issue', content: invoice.content, attempt: invoice.attempts + 1 };
    case 'issued':
    case 'return-required':
      return invoice.dispatched
        ? { do: 'nothing' }
        : { do: 'dispatch', content: invoice.content, invoiceNumber: invoice.invoiceNumber, attempt: invoice.attempts + 1 };
    case 'returning':
      return { do: 'red-letter', content: invoice.content, attempt: invoice.attempts + 1 };
  }
};

const idsOf = ({ orderId, accountId }: { readonly orderId: string; readonly accountId: string }) => ({ orderId, accountId });

const schedule = (invoice: Invoice, content: InvoiceContent, { now }: Now) => {
  switch (invoice.status) {
    case 'none':
      return [told.InvoiceScheduled({ ...content, issueAt: issueTime(now, content.dueBy), scheduledAt: now })];
    // The refund was heard of first: the invoice is never issued (2.2.5).
    case 'cancelled':
      return [];
    default: {
      const { accountId, amountMinor, currency } = invoice.content;
      return accountId === content.accountId && amountMinor === content.amountMinor && currency === content.currency
        ? []
        : reject('invoice-exists', { orderId: content.orderId });
    }
  }
};

const started = (content: InvoiceContent, now: Instant) =>
  told.InvoiceIssueStarted({ ...idsOf(content), startedAt: now, tryAgainAt: tryAgainAt(now, 0) });

const beginIssuing = (invoice: Invoice, _which: Which, { now }: Now) =>
  invoice.status === 'scheduled' && !isBefore(now, invoice.issueAt) ? [started(invoice.content, now)] : [];

const issueNow = (invoice: Invoice, { orderId }: Which, { now }: Now) => {
  switch (invoice.status) {
    case 'none':
      return reject('invoice-unknown', { orderId });
    case 'cancelled':
      return reject('invoice-cancelled', { orderId });
    case 'scheduled':
    case 'refused':
      return [started(invoice.content, now)];
    case 'issuing':
    case 'issued':
    case 'return-required':
    case 'returning':
    case 'returned':
      return [];
  }
};

const recordIssued = (
  invoice: Invoice,
  { orderId, invoiceNumber, issuedAt }: Which & { readonly invoiceNumber: string; readonly issuedAt: Instant },
  { now }: Now,
) => {
  switch (invoice.status) {
    case 'none':
      return reject('invoice-unknown', { orderId });
    case 'cancelled':
      return reject('invoice-cancelled', { orderId });
    // The authority's word counts whatever was thought before: an invoice that exists exists.
    case 'scheduled':
    case 'issuing':
    case 'refused': {
      const { amountMinor, currency } = invoice.content;
      const issued = told.InvoiceIssued({
        ...idsOf(invoice.content),
        invoiceNumber,
        amountMinor,
        currency,
        issuedAt: isBefore(now, issuedAt) ? now : issuedAt,
      });
      return invoice.refundWaits ? [issued, told.InvoiceReturnRequired({ ...idsOf(invoice.content), requiredAt: now })] : [issued];
    }
    case 'issued':
    case 'return-required':
    case 'returning':
    case 'returned':
      return [];
  }
};

const recordRefused = (invoice: Invoice, { orderId, reason }: Which & { readonly reason: string }, { now }: Now) => {
  if (invoice.status === 'none') return reject('invoice-unknown', { orderId });
  if (invoice.status !== 'issuing') return [];
  const ids = idsOf(invoice.content);
  return invoice.refundWaits
    ? [told.InvoiceCancelled({ ...ids, cancelledAt: now })]
    : [told.InvoiceIssueRefused({ ...ids, reason, refusedAt: now })];
};

type Tried = Which & { readonly attempt: number; readonly reason?: string };

/** The outside did not answer this try; the next one has its instant. */
const recordUnanswered = (invoice: Invoice, { attempt, reason }: Tried, { now }: Now) => {
  const step = nextStep(invoice);
  if (step.do === 'nothing' || step.attempt !== attempt) return [];
  const tried = { ...idsOf(step.content), attempt, tryAgainAt: tryAgainAt(now, attempt) };
  switch (step.do) {
    case 'issue':
    case 'withdraw':
      return [told.InvoiceIssueUnanswered(tried)];
    case 'dispatch':
      return [told.InvoiceDispatchFailed(tried)];
    case 'red-letter':
      return [told.RedLetterUnanswered({ ...tried, ...(reason === undefined ? {} : { reason }) })];
  }
};

const recordDispatched = (invoice: Invoice, { orderId }: Which, { now }: Now) => {
  switch (invoice.status) {
    case 'none':
    case 'scheduled':
    case 'issuing':
    case 'refused':
      return reject('invoice-not-issued', { orderId });
    case 'cancelled':
      return reject('invoice-cancelled', { orderId });
    case 'issued':
    case 'return-required':
    case 'returning':
    case 'returned': {
      const { content, invoiceNumber, dispatched } = invoice;
      return dispatched ? [] : [told.InvoiceDispatched({ ...idsOf(content), invoiceNumber, way: content.invoice.way, dispatchedAt: now })];
    }
  }
};

const noteOverdue = (invoice: Invoice, _which: Which, { now }: Now) => {
  if (invoice.status === 'none' || invoice.status === 'cancelled' || invoice.overdueNoted) return [];
  const { content } = invoice;
  const issuedAt = 'issuedAt' in invoice ? invoice.issuedAt : undefined;
  return isPastTerm(content.dueBy, issuedAt, now) ? [told.InvoiceOverdue({ ...idsOf(content), dueBy: content.dueBy })] : [];
};

/** A refund was asked for in time: an invoice that does not exist never will, one that does has to come back first (2.2.5). */
const giveWayToRefund = (invoice: Invoice, { orderId, accountId }: Which & { readonly accountId: string }, { now }: Now) => {
  switch (invoice.status) {
    case 'none':
    case 'scheduled':
    case 'refused':
      return [told.InvoiceCancelled({ orderId, accountId, cancelledAt: now })];
    // Nobody knows whether it exists by now: the authority's answer decides.
    case 'issuing':
      return invoice.refundWaits ? [] : [told.RefundWaits({ orderId, accountId, since: now })];
    case 'issued':
      return [told.InvoiceReturnRequired({ orderId, accountId, requiredAt: now })];
    case 'return-required':
    case 'returning':
    case 'returned':
    case 'cancelled':
      return [];
  }
};

const receiveReturn = (
  invoice: Invoice,
  { orderId, evidence, statedBy }: Which & { readonly evidence?: string; readonly statedBy: 'customer' | 'finance' },
  { now }: Now,
) => {
  switch (invoice.status) {
    case 'none':
      return reject('invoice-unknown', { orderId });
    case 'scheduled':
    case 'issuing':
    case 'refused':
      return reject('invoice-not-issued', { orderId });
    case 'cancelled':
      return reject('invoice-cancelled', { orderId });
    case 'issued':
      return reject('return-not-required', { orderId });
    case 'return-required':
      return [
        told.InvoiceReturnReceived({
          ...idsOf(invoice.content),
          statedBy,
          receivedAt: now,
          tryAgainAt: tryAgainAt(now, 0),
          ...(evidence === undefined ? {} : { evidence }),
        }),
      ];
    case 'returning':
    case 'returned':
      return [];
  }
};

const recordReturned = (
  invoice: Invoice,
  { orderId, redLetterNumber, returnedAt }: Which & { readonly redLetterNumber: string; readonly returnedAt: Instant },
  { now }: Now,
) => {
  switch (invoice.status) {
    case 'none':
      return reject('invoice-unknown', { orderId });
    case 'scheduled':
    case 'issuing':
    case 'refused':
      return reject('invoice-not-issued', { orderId });
    case 'cancelled':
      return reject('invoice-cancelled', { orderId });
    case 'issued':
    case 'return-required':
      return reject('return-not-required', { orderId });
    case 'returning': {
      const { content, invoiceNumber } = invoice;
      return [
        told.InvoiceReturned({
          ...idsOf(content),
          invoiceNumber,
          redLetterNumber,
          returnedAt: isBefore(now, returnedAt) ? now : returnedAt,
        }),
      ];
    }
    case 'returned':
      return [];
  }
};

/** The invoice of one order, from the day its money arrived; its id is the order's. */
export const invoice = stream({
  category: 'invoice',
  events: told,
  initialState: noInvoice,
  evolve,
  decide: {
    schedule,
    beginIssuing,
    issueNow,
    recordIssued,
    recordRefused,
    recordUnanswered,
    recordDispatched,
    noteOverdue,
    giveWayToRefund,
    receiveReturn,
    recordReturned,
  },
  owner: (state) => (state.status === 'none' ? undefined : state.status === 'cancelled' ? state.accountId : state.content.accountId),
  agreementVersion: (state) =>
    state.status === 'none' ? undefined : state.status === 'cancelled' ? state.agreementVersion : state.content.agreementVersion,
});
