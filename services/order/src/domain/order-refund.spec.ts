import { givenFor } from '@qiyue/decider/testing';
import {
  aCancelledOrder,
  accountId,
  anExpiredOrder,
  anInvoicedOrder,
  anOrderAwaitingItsInvoice,
  aPaidOrder,
  aRefundedOrder,
  aRefundingOrder,
  aReleasedRefund,
  askedAt,
  aSubmittedOrder,
  issuedAt,
  orderId,
  paidData,
  payoutId,
  reason,
  refundable,
  refundableUntil,
  settlement,
  submission,
  verified,
  withVoucher,
} from './order.examples';
import { order } from './order';
import { orderEvents } from './order-state';

const given = givenFor(order);
const ids = { orderId, accountId };
const now = { now: askedAt };
const money = { currency: 'CNY', refundMinor: 196_000 };
const number = '26330000000000000001';
const {
  OrderSubmitted,
  OrderPaid,
  VoucherConfirmed,
  InvoiceNoted,
  RefundRequested,
  RefundAwaitingInvoiceReturn,
  RefundReleased,
  RefundCompleted,
} = orderEvents;
const requested = RefundRequested({ ...ids, ...money, requestedAt: askedAt, reason });
const awaiting = RefundAwaitingInvoiceReturn({ ...ids, since: askedAt });
const released = RefundReleased({ ...ids, ...money, releasedAt: askedAt });

describe('a refund', () => {
  test('is asked for within the window (2.2.5)', () =>
    given(...aPaidOrder)
      .when('requestRefund', { reason }, refundable)
      .then(requested));
  test('asked for in the last moment of the third working day is accepted (2.2.5)', () =>
    given(...aPaidOrder)
      .when('requestRefund', { reason }, { ...refundable, now: '2026-03-06T15:59:59.999Z' })
      .then(RefundRequested({ ...ids, ...money, requestedAt: '2026-03-06T15:59:59.999Z', reason })));
  test('asked for in the first moment after it is refused (2.2.5)', () =>
    given(...aPaidOrder)
      .when('requestRefund', { reason }, { ...refundable, now: refundableUntil })
      .thenRejected('refund-window-closed', { refundableUntil, askedAt: refundableUntil }));
  test('is of the money paid, without the voucher (2.2.5)', () =>
    given(
      OrderSubmitted(withVoucher),
      VoucherConfirmed({ ...ids, voucherCode: 'SPRING-50' }),
      OrderPaid({ ...paidData, paidMinor: 191_000 }),
    )
      .when('requestRefund', { reason }, refundable)
      .then(RefundRequested({ ...ids, currency: 'CNY', refundMinor: 191_000, requestedAt: askedAt, reason })));
  test.each([aRefundingOrder, anOrderAwaitingItsInvoice, aReleasedRefund, aRefundedOrder])(
    'is asked for once, and not again in any later state (2.2.5)',
    (...history) => {
      given(...history)
        .when('requestRefund', { reason: 'again' }, refundable)
        .thenNothing();
      given(...history)
        .when('requestRefund', { reason: 'again, late' }, { ...refundable, now: refundableUntil })
        .thenNothing();
    },
  );
  test.each([aSubmittedOrder, aCancelledOrder, anExpiredOrder])('of an order that is not paid is refused (2.2.5)', (...history) =>
    given(...history)
      .when('requestRefund', { reason }, refundable)
      .thenRejected('order-unpaid'),
  );
  test('of an order for which nothing was paid is refused (2.2.5)', () =>
    given(OrderSubmitted({ ...submission, payableMinor: 0, listAmountMinor: 0 }), OrderPaid({ ...paidData, paidMinor: 0 }))
      .when('requestRefund', { reason }, refundable)
      .thenRejected('order-unpaid'));
  test('of an unknown order is refused', () => given().when('requestRefund', { reason }, refundable).thenRejected('order-unknown'));
  test('stays open to a suspended account (8.2)', () =>
    given(...aPaidOrder)
      .when('requestRefund', { reason }, { ...refundable, account: { ...verified, suspended: true } })
      .then(requested));
  test('is no right of an account that declined the agreement, and that comes first (1.3)', () => {
    const declined = { ...refundable, account: { ...verified, declinedVersion: '2026-01' } };
    given(...aPaidOrder)
      .when('requestRefund', { reason }, { ...declined, now: refundableUntil })
      .thenRejected('account-declined-agreement');
    given(...aSubmittedOrder)
      .when('requestRefund', { reason }, declined)
      .thenRejected('account-declined-agreement');
  });
});

describe('the invoice of a refunded order', () => {
  test('that is issued already has to come back first (2.2.5)', () =>
    given(...anInvoicedOrder)
      .when('requestRefund', { reason }, refundable)
      .then(requested, awaiting));
  test('is noted once (2.2.3)', () => {
    given(...aPaidOrder)
      .when('noteInvoice', { invoiceNumber: number, issuedAt }, now)
      .then(InvoiceNoted({ ...ids, invoiceNumber: number, issuedAt }));
    given(...anInvoicedOrder)
      .when('noteInvoice', { invoiceNumber: number, issuedAt }, now)
      .thenNothing();
  });
  test('that turns out to be issued after all has to come back (2.2.5)', () =>
    given(...aRefundingOrder)
      .when('noteInvoice', { invoiceNumber: number, issuedAt }, now)
      .then(InvoiceNoted({ ...ids, invoiceNumber: number, issuedAt }), awaiting));
  test('has to come back when the invoice service says so, told once (2.2.5)', () => {
    given(...aRefundingOrder)
      .when('awaitInvoiceReturn', {}, now)
      .then(awaiting);
    given(...anOrderAwaitingItsInvoice)
      .when('awaitInvoiceReturn', {}, now)
      .thenNothing();
  });
  test('that is cancelled or back lets the money go (2.2.5)', () => {
    given(...aRefundingOrder)
      .when('releaseRefund', {}, now)
      .then(released);
    given(...anOrderAwaitingItsInvoice)
      .when('releaseRefund', {}, now)
      .then(released);
  });
  test('that comes back twice lets the money go once (2.2.5)', () => {
    given(...aReleasedRefund)
      .when('releaseRefund', {}, now)
      .thenNothing();
    given(...aRefundedOrder)
      .when('releaseRefund', {}, now)
      .thenNothing();
  });
  test('whose return is told before its issue does not hold the money up again', () => {
    given(...aReleasedRefund)
      .when('noteInvoice', { invoiceNumber: number, issuedAt }, now)
      .then(InvoiceNoted({ ...ids, invoiceNumber: number, issuedAt }));
    given(...aReleasedRefund)
      .when('awaitInvoiceReturn', {}, now)
      .thenNothing();
    given(...aRefundedOrder)
      .when('noteInvoice', { invoiceNumber: number, issuedAt }, now)
      .then(InvoiceNoted({ ...ids, invoiceNumber: number, issuedAt }));
  });
  test('of an order that nobody wants refunded moves nothing', () => {
    given(...aPaidOrder)
      .when('awaitInvoiceReturn', {}, now)
      .thenRejected('refund-not-requested');
    given(...aPaidOrder)
      .when('releaseRefund', {}, now)
      .thenRejected('refund-not-requested');
    given(...aSubmittedOrder)
      .when('releaseRefund', {}, now)
      .thenRejected('order-unpaid');
    given(...aCancelledOrder)
      .when('noteInvoice', { invoiceNumber: number, issuedAt }, now)
      .thenRejected('order-unpaid');
    given().when('noteInvoice', { invoiceNumber: number, issuedAt }, now).thenRejected('order-unknown');
  });
});

describe('the settled refund', () => {
  const completed = RefundCompleted({ ...ids, refundedMinor: 196_000, currency: 'CNY', payoutId, completedAt: settlement.settledAt });
  test('completes it (2.2.5)', () =>
    given(...aReleasedRefund)
      .when('completeRefund', settlement, now)
      .then(completed));
  test('told twice completes it once (2.2.5)', () =>
    given(...aRefundedOrder)
      .when('completeRefund', settlement, now)
      .thenNothing());
  test('of a second payout is refused, so that it is looked at (2.2.5)', () =>
    given(...aRefundedOrder)
      .when('completeRefund', { ...settlement, payoutId: 'second' }, now)
      .thenRejected('refund-differs', { payoutId: 'second', settledBy: payoutId }));
  test.each([
    ['more', { amountMinor: 196_001 }],
    ['less', { amountMinor: 195_999 }],
    ['another currency', { currency: 'USD' }],
  ])('of %s than was paid is refused (2.2.5)', (_name, other) =>
    given(...aReleasedRefund)
      .when('completeRefund', { ...settlement, ...other }, now)
      .thenRejected('refund-differs'),
  );
  test('before the release cannot be (2.2.5)', () => {
    given(...anOrderAwaitingItsInvoice)
      .when('completeRefund', settlement, now)
      .thenRejected('refund-not-released');
    given(...aRefundingOrder)
      .when('completeRefund', settlement, now)
      .thenRejected('refund-not-released');
    given(...aPaidOrder)
      .when('completeRefund', settlement, now)
      .thenRejected('refund-not-requested');
    given(...anExpiredOrder)
      .when('completeRefund', settlement, now)
      .thenRejected('order-unpaid');
  });
});
