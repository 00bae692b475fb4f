import { givenFor } from '@qiyue/decider/testing';
import { accountId, anOrderWithVoucher, orderId, paidAt, paidData, withVoucher } from './order.examples';
import { order } from './order';
import { orderEvents } from './order-state';

const given = givenFor(order);
const ids = { orderId, accountId };
const now = { now: paidAt };
const { OrderSubmitted, OrderCancelled, OrderPaid, VoucherConfirmed } = orderEvents;

describe('the voucher of an order', () => {
  const code = { voucherCode: 'SPRING-50' };
  const confirmed = VoucherConfirmed({ ...ids, ...code });
  test('is confirmed once (2.2.5)', () => {
    given(...anOrderWithVoucher)
      .when('confirmVoucher', {}, now)
      .then(confirmed);
    given(...anOrderWithVoucher, confirmed)
      .when('confirmVoucher', {}, now)
      .thenNothing();
  });
  test('that covers everything pays the order when it is confirmed, and not before', () => {
    const { paymentId: _, ...paidNothing } = paidData;
    const covered = OrderSubmitted({ ...withVoucher, voucher: { code: 'SPRING-50', amountMinor: 196_000 }, payableMinor: 0 });
    given(covered)
      .when('confirmVoucher', {}, now)
      .then(confirmed, OrderPaid({ ...paidNothing, paidMinor: 0 }));
  });
  test('that another order used first cancels this one (2.2.5)', () =>
    given(...anOrderWithVoucher)
      .when('refuseVoucher', {}, now)
      .then({ ...OrderCancelled({ ...ids, reason: 'voucher-unusable', cancelledAt: paidAt }), clause: '2.2.5' }));
  test('is no longer asked for when the order was cancelled meanwhile', () => {
    const cancelled = [...anOrderWithVoucher, OrderCancelled({ ...ids, reason: 'customer', cancelledAt: paidAt })];
    given(...cancelled)
      .when('confirmVoucher', {}, now)
      .thenNothing();
    given(...cancelled)
      .when('refuseVoucher', {}, now)
      .thenNothing();
  });
  test('once confirmed is not refused any more', () =>
    given(...anOrderWithVoucher, confirmed)
      .when('refuseVoucher', {}, now)
      .thenNothing());
  test("of no order is nobody's", () => {
    given().when('confirmVoucher', {}, now).thenRejected('order-unknown');
    given().when('refuseVoucher', {}, now).thenRejected('order-unknown');
  });
});
