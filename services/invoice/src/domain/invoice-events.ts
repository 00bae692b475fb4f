import { At, CurrencyCode, Id, InvoiceData, invoiceFacts, Minor, OneOf, VersionName } from '@qiyue/contracts';
import { events, internal, Personal, published, publishedAs, Type, type EventOf, type Static } from '@qiyue/decider';

/** A line as the invoice prints it; third-party content is marked (3.3). */
export const InvoiceLine = Type.Object({
  name: Type.String(),
  quantity: Type.Integer({ minimum: 1 }),
  amountMinor: Minor,
  thirdPartyContent: Type.Boolean(),
});

/** Everything an invoice will say, fixed when the order was submitted and paid. */
export const InvoiceContent = Type.Object({
  orderId: Id,
  accountId: Id,
  amountMinor: Minor,
  currency: CurrencyCode,
  invoice: InvoiceData,
  lines: Type.Array(InvoiceLine),
  agreementVersion: VersionName,
  dueBy: At,
});
export type InvoiceContent = Static<typeof InvoiceContent>;

const about = { orderId: Id, accountId: Id };
const asked = { attempt: Type.Integer({ minimum: 1 }), tryAgainAt: At };

/** Names and shapes are the storage format: add, never edit. */
export const invoiceEvents = events({
  InvoiceScheduled: publishedAs(
    invoiceFacts.InvoiceScheduled,
    Type.Object({ ...InvoiceContent.properties, issueAt: At, scheduledAt: At }),
    ({ orderId, accountId, amountMinor, currency, dueBy, scheduledAt }) => ({
      orderId,
      accountId,
      amountMinor,
      currency,
      dueBy,
      scheduledAt,
    }),
  ),
  /** Written before the tax authority is called: from here on the invoice may exist. */
  InvoiceIssueStarted: internal(
    'InvoiceIssued tells it once the authority has answered',
    Type.Object({ ...about, startedAt: At, tryAgainAt: At }),
    { clause: '2.2.3' },
  ),
  InvoiceIssueUnanswered: internal('the authority is asked again', Type.Object({ ...about, ...asked }), { clause: '2.2.3' }),
  InvoiceIssueRefused: internal(
    'InvoiceOverdue tells it if nobody mends it in time',
    Type.Object({ ...about, reason: Type.String(), refusedAt: At }),
    { clause: '2.2.3' },
  ),
  InvoiceIssued: published(invoiceFacts.InvoiceIssued),
  InvoiceDispatchFailed: internal('it is sent again', Type.Object({ ...about, ...asked }), { clause: '2.2.3' }),
  InvoiceDispatched: published(invoiceFacts.InvoiceDispatched),
  InvoiceOverdue: published(invoiceFacts.InvoiceOverdue),
  RefundWaits: internal(
    'InvoiceReturnRequired or InvoiceCancelled tells it once the authority has answered',
    Type.Object({ ...about, since: At }),
    { clause: '2.2.5' },
  ),
  InvoiceCancelled: published(invoiceFacts.InvoiceCancelled),
  InvoiceReturnRequired: published(invoiceFacts.InvoiceReturnRequired),
  InvoiceReturnReceived: internal(
    'InvoiceReturned tells it once the red-letter invoice exists',
    Type.Object({ ...about, statedBy: OneOf('customer', 'finance'), evidence: Type.Optional(Personal()), receivedAt: At, tryAgainAt: At }),
    { clause: '2.2.5' },
  ),
  RedLetterUnanswered: internal('the authority is asked again', Type.Object({ ...about, ...asked, reason: Type.Optional(Type.String()) }), {
    clause: '2.2.5',
  }),
  InvoiceReturned: published(invoiceFacts.InvoiceReturned),
});
export type InvoiceEvent = EventOf<typeof invoiceEvents>;
