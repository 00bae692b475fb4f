import { fold, isRejection } from '@qiyue/decider';
import { givenFor } from '@qiyue/decider/testing';
import {
  aCancelledOrder,
  accountId,
  anExpiredOrder,
  anOrderWithVoucher,
  aPaidOrder,
  aRefundedOrder,
  aSubmittedOrder,
  orderId,
  paidAt,
  paidData,
  payBy,
  payment,
  submission,
  submittedAt,
} from './order.examples';
import { order } from './order';
import { orderEvents, type OrderEvent } from './order-state';

const given = givenFor(order);
const ids = { orderId, accountId };
const now = { now: paidAt };
const { OrderExpired, OrderPaid, OrderCancelled, OrderSubmitted, PaymentNotWanted, PaymentAwaitsVoucher, VoucherConfirmed } = orderEvents;
const unwanted = (reason: 'order-cancelled' | 'order-expired' | 'already-paid' | 'amount-differs', other: Partial<typeof payment> = {}) => {
  const { receivedAt: _, ...money } = { ...payment, ...other };
  return PaymentNotWanted({ ...ids, ...money, reason, refusedAt: paidAt });
};

describe('money for an order', () => {
  test('pays it, and fixes the refund window and the day of the invoice (2.2.2, 2.2.3, 2.2.5)', () =>
    given(...aSubmittedOrder)
      .when('markPaid', payment, now)
      .then(OrderPaid(paidData)));
  test('told twice pays once (2.2.2)', () =>
    given(...aPaidOrder)
      .when('markPaid', payment, now)
      .thenNothing());
  test('of another payment, after the order is paid, goes back (2.2.2)', () =>
    given(...aPaidOrder)
      .when('markPaid', { ...payment, paymentId: 'second' }, now)
      .then(unwanted('already-paid', { paymentId: 'second' })));
  test('told again after the refund changes nothing', () =>
    given(...aRefundedOrder)
      .when('markPaid', payment, now)
      .thenNothing());
  test('for a cancelled order goes back, told of once (2.2.2)', () => {
    given(...aCancelledOrder)
      .when('markPaid', payment, now)
      .then(unwanted('order-cancelled'));
    given(...aCancelledOrder, unwanted('order-cancelled'))
      .when('markPaid', payment, { now: payBy })
      .thenNothing();
  });
  test('for an expired order goes back (2.2.2)', () =>
    given(...anExpiredOrder)
      .when('markPaid', payment, now)
      .then(unwanted('order-expired')));
  test.each([
    ['another amount', { amountMinor: 195_999 }],
    ['another currency', { currency: 'USD' }],
  ])('of %s is not applied, and the order goes on waiting (2.2.2)', (_name, other) => {
    given(...aSubmittedOrder)
      .when('markPaid', { ...payment, ...other }, now)
      .then(unwanted('amount-differs', other));
    given(...aSubmittedOrder, unwanted('amount-differs', { ...other, paymentId: 'wrong' }))
      .when('markPaid', payment, now)
      .then(OrderPaid(paidData));
  });
  test('for an order nobody knows is refused, so that it is looked at', () =>
    given().when('markPaid', payment, now).thenRejected('order-unknown'));
});

describe('the end of the payment term', () => {
  const later = { now: '2026-03-20T00:00:00.000Z' };
  test('money that arrived a moment before it pays, even when it is told later (2.2.1)', () => {
    const decided = order.decide.markPaid(fold(order, aSubmittedOrder), { ...payment, receivedAt: '2026-03-09T15:59:59.999Z' }, later);
    expect(decided).toMatchObject([{ type: 'OrderPaid', data: { paidAt: '2026-03-09T15:59:59.999Z' } }]);
  });
  test('money that arrived with it finds the order expired (2.2.1)', () =>
    given(...aSubmittedOrder)
      .when('markPaid', { ...payment, receivedAt: payBy }, later)
      .then(
        OrderExpired({ ...ids, expiredAt: payBy }),
        PaymentNotWanted({
          ...ids,
          paymentId: payment.paymentId,
          amountMinor: 196_000,
          currency: 'CNY',
          reason: 'order-expired',
          refusedAt: later.now,
        }),
      ));
});

describe('a gateway whose clock is wrong', () => {
  const paidWith = (receivedAt: string) => order.decide.markPaid(fold(order, aSubmittedOrder), { ...payment, receivedAt }, now);
  test('cannot close the refund window by an instant before the order (2.2.5)', () =>
    expect(paidWith('2020-01-01T00:00:00.000Z')).toMatchObject([{ data: { paidAt: submittedAt } }]));
  test('cannot stretch it by an instant to come (2.2.5)', () =>
    expect(paidWith('2026-03-08T00:00:00.000Z')).toMatchObject([{ data: { paidAt } }]));
});

describe('refund window and invoice term', () => {
  const longAgo = '2020-01-01T00:00:00.000Z';
  const history: OrderEvent[] = [OrderSubmitted({ ...submission, submittedAt: longAgo, payBy: '2040-01-01T00:00:00.000Z' })];
  test.each([
    ['an ordinary week', '2026-03-03T02:00:00.000Z', '2026-03-06T16:00:00.000Z', '2026-03-12T16:00:00.000Z', 'official'],
    ['the last moment of a day', '2026-03-03T15:59:59.999Z', '2026-03-06T16:00:00.000Z', '2026-03-12T16:00:00.000Z', 'official'],
    ['the first moment of the next', '2026-03-03T16:00:00.000Z', '2026-03-09T16:00:00.000Z', '2026-03-13T16:00:00.000Z', 'official'],
    ['a Sunday', '2026-03-01T02:00:00.000Z', '2026-03-04T16:00:00.000Z', '2026-03-10T16:00:00.000Z', 'official'],
    [
      'the Friday before Spring Festival, with its make-up Saturday',
      '2026-02-13T02:00:00.000Z',
      '2026-02-25T16:00:00.000Z',
      '2026-03-02T16:00:00.000Z',
      'official',
    ],
    [
      'the eve of the National Day week, with its make-up Saturday',
      '2025-09-30T02:00:00.000Z',
      '2025-10-11T16:00:00.000Z',
      '2025-10-16T16:00:00.000Z',
      'official',
    ],
    [
      'a year whose holidays nobody has fixed yet',
      '2030-01-02T02:00:00.000Z',
      '2030-01-07T16:00:00.000Z',
      '2030-01-11T16:00:00.000Z',
      'provisional',
    ],
    [
      'the end of the last year that is known',
      '2026-12-29T02:00:00.000Z',
      '2027-01-01T16:00:00.000Z',
      '2027-01-07T16:00:00.000Z',
      'provisional',
    ],
  ])('run from %s in working days of mainland China (2.2.3, 2.2.5)', (_name, receivedAt, refundableUntil, invoiceDueBy, status) => {
    const decided = order.decide.markPaid(fold(order, history), { ...payment, receivedAt }, { now: '2035-01-01T00:00:00.000Z' });
    expect(decided).toMatchObject([
      { type: 'OrderPaid', data: { paidAt: receivedAt, refundableUntil, invoiceDueBy, calendar: { status } } },
    ]);
    const paid = fold(order, [...history, ...(isRejection(decided) ? [] : decided)]);
    const ask = (now: string) => order.decide.requestRefund(paid, { reason: 'r' }, { now, announced: [], account: { suspended: false } });
    expect(ask(new Date(Date.parse(refundableUntil) - 1).toISOString())).toMatchObject([{ type: 'RefundRequested' }]);
    expect(ask(refundableUntil)).toMatchObject({ code: 'refund-window-closed' });
  });
});

describe('money that arrives before the voucher is settled', () => {
  const discounted = { ...payment, amountMinor: 191_000 };
  const waits = PaymentAwaitsVoucher({ ...ids, ...discounted });
  const waiting = [...anOrderWithVoucher, waits];
  const back = (reason: 'order-cancelled' | 'already-paid', paymentId = payment.paymentId) =>
    PaymentNotWanted({ ...ids, paymentId, amountMinor: 191_000, currency: 'CNY', reason, refusedAt: paidAt });
  test('waits for it (2.2.2, 2.2.5)', () =>
    given(...anOrderWithVoucher)
      .when('markPaid', discounted, now)
      .then(waits));
  test('is told of twice and waits once', () =>
    given(...waiting)
      .when('markPaid', discounted, now)
      .thenNothing());
  test('pays when the voucher is confirmed', () =>
    given(...waiting)
      .when('confirmVoucher', {}, { now: payBy })
      .then(VoucherConfirmed({ ...ids, voucherCode: 'SPRING-50' }), OrderPaid({ ...paidData, paidMinor: 191_000 })));
  test('goes back when another order had the voucher (2.2.5)', () =>
    given(...waiting)
      .when('refuseVoucher', {}, now)
      .then({ ...OrderCancelled({ ...ids, reason: 'voucher-unusable', cancelledAt: paidAt }), clause: '2.2.5' }, back('order-cancelled')));
  test('goes back when the customer cancels', () =>
    given(...waiting)
      .when('cancel', {}, now)
      .then(OrderCancelled({ ...ids, reason: 'customer', cancelledAt: paidAt }), back('order-cancelled')));
  test('was in time, so the order does not expire', () =>
    given(...waiting)
      .when('expire', {}, { now: payBy })
      .thenNothing());
  test('of a second payment goes back (2.2.2)', () =>
    given(...waiting)
      .when('markPaid', { ...discounted, paymentId: 'second' }, now)
      .then(back('already-paid', 'second')));
});
