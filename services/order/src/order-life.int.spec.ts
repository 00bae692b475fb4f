import { randomUUID } from 'node:crypto';
import { customer, finance, operator, products, startOrder, type OrderBench } from './testing';

let bench: OrderBench;
beforeAll(async () => {
  bench = await startOrder();
  await bench.publishAgreement('2026-01');
  await bench.qiyue.post('/order/price-lists', { version: '2026-spring', currency: 'CNY', products }, operator);
  await bench.qiyue.settle();
}, 60_000);
afterAll(() => bench?.qiyue.stop());

const earlier = (instant: string): string => new Date(Date.parse(instant) - 1).toISOString();

describe('payment', () => {
  test('pays the order, activates what was bought and fixes both terms (2.2.2, 2.2.3, 2.2.4, 2.2.5)', async () => {
    const { qiyue, aPaidOrder, orderOf, typesOf } = bench;
    const { accountId, orderId } = await aPaidOrder();
    expect(await orderOf(orderId)).toMatchObject({
      status: 'paid',
      paidMinor: 196_000,
      paidAt: qiyue.now(),
      refundableUntil: '2026-03-05T16:00:00.000Z',
      invoiceDueBy: '2026-03-11T16:00:00.000Z',
      calendar: { status: 'official' },
      clauses: ['2.2.1', '2.2.2'],
    });
    expect(await typesOf(`subscription-${orderId}`)).toEqual(['SubscriptionActivated']);
    expect((await qiyue.get(`/order/subscriptions/${orderId}`, customer(accountId))).body).toMatchObject({
      status: 'active',
      expiresAt: '2027-03-02T02:00:00.000Z',
      items: [{ sku: 'waf-std', quantity: 2 }],
    });
    const { body } = await qiyue.get(`/order/orders/${orderId}/timeline`, customer(accountId));
    expect(body.items).toMatchObject([
      { type: 'OrderSubmitted', place: 0, clause: '2.2.1', by: 'customer', agreementVersion: '2026-01' },
      { type: 'OrderPaid', place: 1, clause: '2.2.2', by: 'service', agreementVersion: '2026-01' },
    ]);
  });

  test('told again by the relay, and told again as another event, pays once (2.2.2)', async () => {
    const { qiyue, tell, anOrder, applied, typesOf } = bench;
    const ids = await anOrder();
    const envelope = await applied(ids);
    await tell.again(envelope);
    await applied(ids);
    await qiyue.settle();
    await tell.again(envelope);
    await qiyue.settle();
    expect(await typesOf(`order-${ids.orderId}`)).toEqual(['OrderSubmitted', 'OrderPaid']);
  });

  test('of a bill is no business of orders', async () => {
    const { qiyue, anOrder, applied, typesOf } = bench;
    const ids = await anOrder();
    await applied(ids, { kind: 'bill' });
    await qiyue.settle();
    expect(await typesOf(`order-${ids.orderId}`)).toEqual(['OrderSubmitted']);
  });

  test('for an order that is cancelled, or a second one, is told back as not wanted (2.2.2)', async () => {
    const { qiyue, anOrder, aPaidOrder, applied, typesOf, eventsOf } = bench;
    const cancelled = await anOrder();
    expect(await qiyue.post(`/order/orders/${cancelled.orderId}/cancellation`, {}, customer(cancelled.accountId))).toMatchObject({
      status: 200,
      body: { events: [{ type: 'OrderCancelled', clause: '2.2.1' }] },
    });
    await applied(cancelled);
    const paid = await aPaidOrder();
    await applied(paid, { paymentId: 'second' });
    await qiyue.settle();
    expect(await typesOf(`order-${cancelled.orderId}`)).toEqual(['OrderSubmitted', 'OrderCancelled', 'PaymentNotWanted']);
    expect((await eventsOf(`order-${paid.orderId}`)).at(-1)).toMatchObject({
      type: 'PaymentNotWanted',
      data: { paymentId: 'second', reason: 'already-paid', amountMinor: 196_000 },
      metadata: { clause: '2.2.2' },
    });
    expect(await qiyue.post(`/order/orders/${paid.orderId}/cancellation`, {}, customer(paid.accountId))).toMatchObject({
      status: 409,
      body: { code: 'order-paid', clause: '2.2.5' },
    });
  });

  test('that does not come lets the order expire at the end of its term and not before; what comes then goes back (2.2.1)', async () => {
    const { qiyue, anOrder, applied, orderOf, typesOf } = bench;
    const ids = await anOrder();
    const { payBy } = await orderOf(ids.orderId);
    await qiyue.advanceTo(earlier(payBy));
    expect((await orderOf(ids.orderId)).status).toBe('submitted');
    await qiyue.advanceTo(payBy);
    expect(await orderOf(ids.orderId)).toMatchObject({ status: 'expired', closedAt: payBy });
    await applied(ids, { receivedAt: payBy });
    await qiyue.settle();
    expect(await typesOf(`order-${ids.orderId}`)).toEqual(['OrderSubmitted', 'OrderExpired', 'PaymentNotWanted']);
  });
});

describe('a voucher', () => {
  const wait = () => bench.qiyue.settle();
  test('can be used the moment it is issued, once, and lowers what is to be paid (2.2.5)', async () => {
    const { anAccount, issueVoucher, submit, orderOf, typesOf, qiyue } = bench;
    const accountId = await anAccount();
    const voucherCode = await issueVoucher(accountId);
    const { body } = await submit(accountId, { voucherCode });
    await wait();
    expect(await orderOf(body.id)).toMatchObject({
      status: 'submitted',
      payableMinor: 191_000,
      voucher: { code: voucherCode, amountMinor: 5_000 },
    });
    expect(await typesOf(`order-${body.id}`)).toEqual(['OrderSubmitted', 'VoucherConfirmed']);
    expect(await submit(accountId, { voucherCode })).toMatchObject({ status: 409, body: { code: 'voucher-unusable', clause: '2.2.5' } });
    expect((await qiyue.get('/order/vouchers', customer(accountId))).body.items).toMatchObject([
      { voucherCode, status: 'used', orderId: body.id },
    ]);
    expect((await qiyue.get(`/order/vouchers?accountId=${accountId}`, finance)).body.items).toHaveLength(1);
  });

  test('that many orders race for goes to one; the others are called off (2.2.5)', async () => {
    const { anAccount, issueVoucher, submit, orderOf, typesOf } = bench;
    const accountId = await anAccount();
    const voucherCode = await issueVoucher(accountId);
    const answers = await Promise.all(Array.from({ length: 6 }, () => submit(accountId, { voucherCode })));
    await wait();
    const taken = answers.filter(({ status }) => status === 201);
    const orders = await Promise.all(taken.map(({ body }) => orderOf(body.id)));
    expect(orders.filter(({ status }) => status === 'submitted')).toHaveLength(1);
    for (const order of orders.filter(({ status }) => status !== 'submitted'))
      expect(order).toMatchObject({ status: 'cancelled', cancelledBecause: 'voucher-unusable' });
    expect(await typesOf(`voucher-${voucherCode}`)).toEqual(['VoucherIssued', 'VoucherRedeemed']);
  });

  test('that covers everything pays the order by itself, and there is nothing to refund (2.2.5)', async () => {
    const { anAccount, issueVoucher, submit, orderOf, refund, typesOf } = bench;
    const accountId = await anAccount();
    const { body } = await submit(accountId, { voucherCode: await issueVoucher(accountId, { amountMinor: 1_000_000 }) });
    await wait();
    expect(await orderOf(body.id)).toMatchObject({ status: 'paid', payableMinor: 0, paidMinor: 0, voucher: { amountMinor: 196_000 } });
    expect(await typesOf(`subscription-${body.id}`)).toEqual(['SubscriptionActivated']);
    expect(await refund({ accountId, orderId: body.id })).toMatchObject({ status: 409, body: { code: 'order-unpaid', clause: '2.2.5' } });
  });

  test('of a cancelled order can be used again; of a refunded one it cannot (2.2.1, 2.2.5)', async () => {
    const { qiyue, anAccount, issueVoucher, submit, applied, refund, invoiceTells, settled, orderOf } = bench;
    const accountId = await anAccount();
    const voucherCode = await issueVoucher(accountId);
    const first = await submit(accountId, { voucherCode });
    // Cancelled at once, so that cancellation and redemption are reacted to side by side.
    await qiyue.post(`/order/orders/${first.body.id}/cancellation`, {}, customer(accountId));
    await wait();
    const second = await submit(accountId, { voucherCode });
    expect(second.status).toBe(201);
    await wait();
    const ids = { accountId, orderId: second.body.id as string };
    await applied(ids);
    await wait();
    await refund(ids);
    await invoiceTells.cancelled(ids);
    await wait();
    await settled(ids);
    await wait();
    expect(await orderOf(ids.orderId)).toMatchObject({ status: 'refunded', refundMinor: 191_000 });
    expect(await submit(accountId, { voucherCode })).toMatchObject({ status: 409, body: { code: 'voucher-unusable' } });
  });

  test('is changed by nobody once it is issued (2.2.5)', async () => {
    const { qiyue } = bench;
    const voucher = {
      code: `V-${randomUUID()}`,
      accountId: 'a',
      amountMinor: 5_000,
      currency: 'CNY',
      validUntil: '2026-12-31T00:00:00+08:00',
    };
    expect((await qiyue.post('/order/vouchers', voucher, finance)).status).toBe(201);
    expect((await qiyue.post('/order/vouchers', voucher, finance)).status).toBe(200);
    expect(await qiyue.post('/order/vouchers', { ...voucher, amountMinor: 6_000 }, finance)).toMatchObject({
      status: 409,
      body: { code: 'voucher-exists' },
    });
    expect(await qiyue.post('/order/vouchers', { ...voucher, code: 'V-usd', currency: 'USD' }, finance)).toMatchObject({
      status: 422,
      body: { code: 'currency-not-supported', clause: '2.2.2' },
    });
  });
});

describe('a subscription', () => {
  test('renewed before it ends goes on without a gap, at the price of its cohort; renewed by others it does not exist (2.2.4)', async () => {
    const { qiyue, aPaidOrder, anAccount, submit, applied, orderOf } = bench;
    const offered = products.map((product) => ({
      ...product,
      renewalOffers: [{ firstActivatedBefore: '2027-01-01T00:00:00+08:00', unitPriceMinor: 10_000 }],
    }));
    expect(
      (await qiyue.post('/order/price-lists', { version: '2026-renewals', currency: 'CNY', products: offered }, operator)).status,
    ).toBe(201);
    await qiyue.settle();
    const first = await aPaidOrder({ lines: [{ sku: 'intel-feed', quantity: 1 }] });
    const renewal = { lines: [{ sku: 'intel-feed', quantity: 1 }], renews: first.orderId };
    expect(await submit(await anAccount(), renewal)).toMatchObject({ status: 404, body: { code: 'subscription-unknown' } });
    expect(await submit(first.accountId, { ...renewal, lines: [{ sku: 'waf-std', quantity: 1 }] })).toMatchObject({
      status: 409,
      body: { code: 'subscription-not-renewable', clause: '2.2.4' },
    });
    const { body } = await submit(first.accountId, renewal);
    await qiyue.settle();
    const second = { accountId: first.accountId, orderId: body.id as string };
    expect(await orderOf(second.orderId)).toMatchObject({
      offer: 'renewal',
      payableMinor: 10_000,
      renews: first.orderId,
      priceListVersion: '2026-renewals',
    });
    await applied(second);
    await qiyue.settle();
    const [old, renewed] = await Promise.all(
      [first, second].map(async ({ orderId }) => (await qiyue.get(`/order/subscriptions/${orderId}`, customer(first.accountId))).body),
    );
    expect(renewed).toMatchObject({
      status: 'active',
      activatedAt: old.expiresAt,
      firstActivatedAt: old.activatedAt,
      renews: first.orderId,
    });
  });

  test('that is not renewed ends at its expiry instant (8.3.4)', async () => {
    const { qiyue, aPaidOrder, eventsOf } = bench;
    const { accountId, orderId } = await aPaidOrder({ lines: [{ sku: 'intel-feed', quantity: 1 }] });
    const { expiresAt } = (await qiyue.get(`/order/subscriptions/${orderId}`, customer(accountId))).body;
    await qiyue.advanceTo(earlier(expiresAt));
    expect((await qiyue.get(`/order/subscriptions/${orderId}`, customer(accountId))).body.status).toBe('active');
    await qiyue.advanceTo(expiresAt);
    expect((await qiyue.get(`/order/subscriptions/${orderId}`, customer(accountId))).body).toMatchObject({
      status: 'ended',
      endedBecause: 'expired',
      endedAt: expiresAt,
    });
    expect((await eventsOf(`subscription-${orderId}`)).at(-1)).toMatchObject({ metadata: { clause: '8.3.4' } });
  });
});
