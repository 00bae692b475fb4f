import { At, billingFacts, CurrencyCode, Id, Minor, OneOf, VersionName } from '@qiyue/contracts';
import { events, internal, Personal, published, publishedAs, Type, type EventOf } from '@qiyue/decider';

const money = { receivableId: Id, accountId: Id, paymentId: Id, amountMinor: Minor, currency: CurrencyCode };

/** Names and shapes are the storage format: add, never edit. */
export const receivableEvents = events({
  ReceivableOpened: publishedAs(
    billingFacts.ReceivableOpened,
    Type.Object({
      ...billingFacts.ReceivableOpened.schema.properties,
      /** The account's verified name when it came to owe this. */
      payerName: Personal(),
      agreementVersion: VersionName,
      /** Bills only: from this instant on an unpaid one is a payment default (8.2.3). */
      overdueAt: Type.Optional(At),
      description: Type.Optional(Personal()),
    }),
    ({ receivableId, accountId, kind, amountMinor, currency, dueBy, openedAt }) => ({
      receivableId,
      accountId,
      kind,
      amountMinor,
      currency,
      dueBy,
      openedAt,
    }),
  ),
  PaymentReceived: internal(
    'the event beside it tells what becomes of the money',
    Type.Object({ ...money, method: Type.String(), payerName: Personal(), paidAt: At, receivedAt: At }),
    { clause: '2.2.2' },
  ),
  PaymentApplied: published(billingFacts.PaymentApplied),
  PaymentHeld: published(billingFacts.PaymentHeld),
  PaymentReleased: publishedAs(
    billingFacts.PaymentReleased,
    Type.Object({ ...billingFacts.PaymentReleased.schema.properties, reason: Personal(), evidence: Type.Optional(Personal()) }),
    ({ receivableId, accountId, paymentId, releasedBy, releasedAt }) => ({ receivableId, accountId, paymentId, releasedBy, releasedAt }),
  ),
  PaymentReturnOrdered: internal(
    'PaymentReturned tells it once the money is back',
    Type.Object({
      ...money,
      cause: OneOf('decided', 'order-closed', 'payment-not-wanted'),
      reason: Type.Optional(Personal()),
      orderedBy: Id,
      orderedAt: At,
    }),
    { clause: '2.2.2' },
  ),
  PaymentReturned: published(billingFacts.PaymentReturned),
  RefundOrdered: internal('RefundSettled tells it once the money is back', Type.Object({ ...money, orderedAt: At }), { clause: '2.2.5' }),
  RefundSettled: publishedAs(
    billingFacts.RefundSettled,
    Type.Object({ ...billingFacts.RefundSettled.schema.properties, paymentId: Id }),
    ({ receivableId, accountId, payoutId, amountMinor, currency, settledAt }) => ({
      receivableId,
      accountId,
      payoutId,
      amountMinor,
      currency,
      settledAt,
    }),
  ),
  ReceivableOverdue: published(billingFacts.ReceivableOverdue),
  ReceivableClosed: internal(
    'the order service told why',
    Type.Object({ receivableId: Id, accountId: Id, cause: OneOf('order-cancelled', 'order-expired', 'payment-not-wanted'), closedAt: At }),
    { clause: '2.2.2' },
  ),
});
export type ReceivableEvent = EventOf<typeof receivableEvents>;
