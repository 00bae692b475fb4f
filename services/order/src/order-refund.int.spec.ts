import { customer, operator, products, startOrder, type OrderBench } from './testing';

let bench: OrderBench;
beforeAll(async () => {
  bench = await startOrder();
  await bench.publishAgreement('2026-01');
  await bench.qiyue.post('/order/price-lists', { version: '2026-spring', currency: 'CNY', products }, operator);
  await bench.qiyue.settle();
}, 60_000);
afterAll(() => bench?.qiyue.stop());

const earlier = (instant: string): string => new Date(Date.parse(instant) - 1).toISOString();
const settle = () => bench.qiyue.settle();
const refundTypes = async (orderId: string) => (await bench.typesOf(`order-${orderId}`)).slice(2);

describe('a refund (2.2.5)', () => {
  test('of an order whose invoice was never issued goes out, and ends what the order activated', async () => {
    const { aPaidOrder, refund, invoiceTells, settled, orderOf, typesOf } = bench;
    const ids = await aPaidOrder();
    expect(await refund(ids)).toMatchObject({ status: 200, body: { events: [{ type: 'RefundRequested', clause: '2.2.5' }] } });
    await invoiceTells.cancelled(ids);
    await settle();
    expect((await orderOf(ids.orderId)).status).toBe('refund-released');
    await settled(ids);
    await settle();
    expect(await orderOf(ids.orderId)).toMatchObject({ status: 'refunded', refundMinor: 196_000, payoutId: `out.${ids.orderId}` });
    expect(await typesOf(`subscription-${ids.orderId}`)).toEqual(['SubscriptionActivated', 'SubscriptionEnded']);
  });

  test('of an order with an issued invoice waits until that is back', async () => {
    const { aPaidOrder, refund, invoiceTells, settled, orderOf } = bench;
    const ids = await aPaidOrder();
    await invoiceTells.issued(ids);
    await settle();
    expect(await refund(ids)).toMatchObject({ body: { events: [{ type: 'RefundRequested' }, { type: 'RefundAwaitingInvoiceReturn' }] } });
    await invoiceTells.returnRequired(ids);
    await settle();
    expect(await orderOf(ids.orderId)).toMatchObject({ status: 'refund-awaiting-invoice', invoiceNumber: '26330000000000000001' });
    await invoiceTells.returned(ids);
    await settle();
    await settled(ids);
    await settle();
    expect(await refundTypes(ids.orderId)).toEqual([
      'InvoiceNoted',
      'RefundRequested',
      'RefundAwaitingInvoiceReturn',
      'RefundReleased',
      'RefundCompleted',
    ]);
  });

  test('happens once, whatever is told twice, late or in another order', async () => {
    const { tell, aPaidOrder, refund, invoiceTells, settled } = bench;
    const ids = await aPaidOrder();
    await Promise.all([
      refund(ids),
      refund(ids),
      refund(ids, { key: `refund-${ids.orderId}` }),
      refund(ids, { key: `refund-${ids.orderId}` }),
    ]);
    // The return is told before the issue it belongs to.
    const returned = await invoiceTells.returned(ids);
    await settle();
    await invoiceTells.issued(ids);
    await invoiceTells.returnRequired(ids);
    await tell.again(returned);
    await invoiceTells.cancelled(ids);
    await settle();
    const first = await settled(ids);
    await settled(ids);
    await tell.again(first);
    await settle();
    await invoiceTells.returned(ids);
    await settle();
    expect([...(await refundTypes(ids.orderId))].sort()).toEqual(['InvoiceNoted', 'RefundCompleted', 'RefundReleased', 'RefundRequested']);
    expect(await refund(ids)).toMatchObject({ status: 200, body: { events: [] } });
  });

  test('survives a restart at every step', async () => {
    const { qiyue, aPaidOrder, refund, invoiceTells, settled } = bench;
    const ids = await aPaidOrder();
    const answer = await refund(ids, { key: `r-${ids.orderId}` });
    await qiyue.restart();
    expect((await refund(ids, { key: `r-${ids.orderId}` })).body).toEqual({ ...answer.body, replayed: true });
    await invoiceTells.cancelled(ids);
    await qiyue.restart();
    await settle();
    await settled(ids);
    await qiyue.restart();
    await settle();
    expect(await refundTypes(ids.orderId)).toEqual(['RefundRequested', 'RefundReleased', 'RefundCompleted']);
  }, 60_000);

  test('shows its reason to customer and officer only (5.2)', async () => {
    const { qiyue, aPaidOrder, refund, eventsOf } = bench;
    const ids = await aPaidOrder();
    await refund(ids);
    await settle();
    const reasonFor = async (as: Parameters<typeof qiyue.get>[1]) =>
      (await qiyue.get(`/order/orders/${ids.orderId}`, as)).body.refundReason;
    expect(await Promise.all([reasonFor(customer(ids.accountId)), reasonFor({ as: 'officer' }), reasonFor({ as: 'auditor' })])).toEqual([
      '不再需要',
      '不再需要',
      '[personal]',
    ]);
    expect(JSON.stringify(await eventsOf(`order-${ids.orderId}`))).not.toContain('不再需要');
  });
});

describe('the refund window (2.2.5)', () => {
  const ordered = async (at: string) => {
    await bench.qiyue.advanceTo(at);
    return { inTime: await bench.aPaidOrder(), late: await bench.aPaidOrder() };
  };
  test.each([
    ['an ordinary Tuesday', '2026-03-03T02:00:00.000Z', '2026-03-06T16:00:00.000Z'],
    ['the eve of the Labour Day holiday with its make-up Saturday', '2026-04-30T02:00:00.000Z', '2026-05-08T16:00:00.000Z'],
    ['a Friday night', '2026-06-05T15:59:59.999Z', '2026-06-10T16:00:00.000Z'],
  ])('opened on %s takes a request in its last moment and refuses one in the next', async (_name, at, until) => {
    const { qiyue, orderOf, refund } = bench;
    const { inTime, late } = await ordered(at);
    expect((await orderOf(inTime.orderId)).refundableUntil).toBe(until);
    await qiyue.advanceTo(earlier(until));
    expect(await refund(inTime)).toMatchObject({ status: 200, body: { events: [{ type: 'RefundRequested', clause: '2.2.5' }] } });
    await qiyue.advanceTo(until);
    expect(await refund(late)).toMatchObject({
      status: 409,
      body: { code: 'refund-window-closed', clause: '2.2.5', agreementVersion: '2026-01', refundableUntil: until, askedAt: until },
    });
    expect(await refund(inTime)).toMatchObject({ status: 200, body: { events: [] } });
  });
});
