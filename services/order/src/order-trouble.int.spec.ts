import { randomUUID } from 'node:crypto';
import { billingFacts } from '@qiyue/contracts';
import { operator, products, startOrder, type OrderBench } from './testing';

let bench: OrderBench;
beforeAll(async () => {
  bench = await startOrder();
  await bench.publishAgreement('2026-01');
  await bench.qiyue.post('/order/price-lists', { version: '2026-spring', currency: 'CNY', products }, operator);
  await bench.qiyue.settle();
}, 60_000);
afterAll(() => bench?.qiyue.stop());

describe('what cannot be right is set aside for somebody to look at', () => {
  test('a refund that another payout claims to have settled; the order keeps the first (2.2.5)', async () => {
    const { qiyue, aPaidOrder, refund, invoiceTells, settled, orderOf, typesOf } = bench;
    const ids = await aPaidOrder();
    await refund(ids);
    await invoiceTells.cancelled(ids);
    await qiyue.settle();
    await settled(ids);
    await settled(ids, { payoutId: 'second' });
    const { parked } = await qiyue.settle({ allowParked: true });
    expect(parked.join()).toContain('refund-differs');
    expect((await orderOf(ids.orderId)).payoutId).toBe(`out.${ids.orderId}`);
    expect((await typesOf(`order-${ids.orderId}`)).filter((type) => type === 'RefundCompleted')).toHaveLength(1);
  });

  test('money for an order that nobody knows (2.2.2)', async () => {
    const { qiyue, tell } = bench;
    const [now, receivableId] = [qiyue.now(), randomUUID()];
    await tell(billingFacts.PaymentApplied, receivableId, {
      receivableId,
      accountId: 'a',
      kind: 'order',
      paymentId: 'p',
      amountMinor: 1,
      currency: 'CNY',
      method: 'alipay',
      receivedAt: now,
      appliedAt: now,
    });
    const { parked } = await qiyue.settle({ allowParked: true });
    expect(parked.join()).toContain('order-unknown');
  });
});
