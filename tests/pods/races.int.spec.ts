import type { Answer } from '../story/client';
import { startTwoPods, type TwoPods } from './two-pods';

const quietly = { write: () => undefined };
const fifty = Array.from({ length: 50 }, (_, at) => at);

describe('at the same instant, on two pods', () => {
  let pods: TwoPods;
  beforeAll(async () => {
    pods = await startTwoPods(4, { logTo: quietly });
  }, 120_000);
  afterAll(() => pods?.stop(), 60_000);

  const customer = (at = 0) => pods.crowd.customers[at]!;
  const ask = (method: string, path: string, body?: unknown, key?: string, who = customer()): Promise<Answer> =>
    pods.crowd.asCustomer(who, method, path, body, key);
  const settle = () => pods.crowd.quiet();
  const order = async (who = customer()): Promise<string> => pods.crowd.submit(who);
  const paid = async (): Promise<string> => {
    const orderId = await order();
    await settle();
    await ask('POST', '/billing/sandbox/payments', { receivableId: orderId });
    await settle();
    return orderId;
  };
  const statusOf = async (orderId: string): Promise<string> => (await ask('GET', `/order/orders/${orderId}`)).body.status as string;
  const eventsOf = async (stream: string): Promise<readonly string[]> => {
    const { body } = await pods.crowd.as(
      'auditor',
      'GET',
      `/${stream.startsWith('receivable') ? 'billing' : 'order'}/audit/streams/${stream}`,
    );
    return (body.events as { type: string }[]).map(({ type }) => type);
  };
  const times = (events: readonly string[], type: string): number => events.filter((one) => one === type).length;
  const noFaults = (answers: readonly Answer[]): void => expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
  const outOf = async (orderId: string): Promise<number> => {
    const { moneyIn, moneyOut } = (await pods.crowd.as('operator', 'GET', '/billing/sandbox/ledger')).body;
    const ours = moneyIn.filter((one: { receivableId: string }) => one.receivableId === orderId);
    return moneyOut.filter((one: { paymentId: string }) => ours.some(({ paymentId }: { paymentId: string }) => paymentId === one.paymentId))
      .length;
  };

  test('fifty identical refund requests with one key are one request: one outcome, one refund (2.2.5)', async () => {
    const orderId = await paid();
    const answers = await Promise.all(fifty.map(() => ask('POST', `/order/orders/${orderId}/refund`, { reason: 'x' }, `one-${orderId}`)));
    noFaults(answers);
    // Who came while the first was being worked on is told so, and gets the same answer afterwards.
    expect(
      new Set(answers.filter(({ status }) => status >= 300).map(({ status, body }) => `${status} ${body.code}`)).size,
    ).toBeLessThanOrEqual(1);
    const again = await Promise.all(fifty.map(() => ask('POST', `/order/orders/${orderId}/refund`, { reason: 'x' }, `one-${orderId}`)));
    const told = again.filter(({ status }) => status < 300).map(({ body }) => JSON.stringify([body.revision, body.events]));
    expect([new Set(told).size, again.filter(({ status, body }) => status >= 300 && body.code !== 'in-progress')]).toEqual([1, []]);
    await settle();
    expect(await statusOf(orderId)).toBe('refunded');
    expect(times(await eventsOf(`order-${orderId}`), 'RefundRequested')).toBe(1);
    expect(await outOf(orderId)).toBe(1);
  }, 120_000);

  test('fifty refund requests with keys of their own end in one refund as well (2.2.5)', async () => {
    const orderId = await paid();
    const answers = await Promise.all(
      fifty.map((at) => ask('POST', `/order/orders/${orderId}/refund`, { reason: 'x' }, `own-${orderId}-${at}`)),
    );
    noFaults(answers);
    expect(answers.some(({ status }) => status < 300)).toBe(true);
    await settle();
    expect(await statusOf(orderId)).toBe('refunded');
    const events = await eventsOf(`order-${orderId}`);
    expect([times(events, 'RefundRequested'), times(events, 'RefundCompleted')]).toEqual([1, 1]);
    expect(await outOf(orderId)).toBe(1);
  }, 120_000);

  test('a payment and a cancellation have one outcome: paid and kept, or called off and the money back (2.2.1, 2.2.2)', async () => {
    const orders = await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(() => order()));
    await settle();
    const answers = await Promise.all(
      orders.flatMap((orderId) => [
        ask('POST', '/billing/sandbox/payments', { receivableId: orderId, times: 2 }),
        ask('POST', `/order/orders/${orderId}/cancellation`),
      ]),
    );
    noFaults(answers);
    await settle();
    for (const orderId of orders) {
      const [status, out] = [await statusOf(orderId), await outOf(orderId)];
      const held = (await pods.crowd.as('officer', 'GET', `/billing/payments?receivableId=${orderId}`)).body.items as { place: string }[];
      expect(held).toHaveLength(1);
      if (status === 'paid') expect([out, held[0]?.place]).toEqual([0, 'applied']);
      else expect([status, out, held[0]?.place]).toEqual(['cancelled', 1, 'returned']);
    }
  }, 120_000);

  test('a suspension and orders have one outcome each, and none gets through once the suspension is known (8.2)', async () => {
    const who = customer(3);
    const [suspended, ...orders] = await Promise.all([
      pods.crowd.as('officer', 'POST', `/compliance/accounts/${who.id}/suspension`, { cause: '8.2.2', reason: 'scanned other customers' }),
      ...fifty.slice(0, 10).map((at) => ask('POST', '/order/orders', pods.crowd.orderOf(who), `suspended-${at}`, who)),
    ]);
    noFaults([suspended!, ...orders]);
    expect(suspended!.status).toBeLessThan(300);
    for (const { status, body } of orders) if (status !== 201) expect([status, body.code]).toEqual([409, 'account-suspended']);
    await settle();
    const late = await ask('POST', '/order/orders', pods.crowd.orderOf(who), 'suspended-late', who);
    expect([late.status, late.body.code, late.body.clause]).toEqual([409, 'account-suspended', '8.2']);
    // An order that was acknowledged stays, and is paid or expires like any other.
    for (const { status, body } of orders)
      if (status === 201) expect((await ask('GET', `/order/orders/${body.id}`, undefined, undefined, who)).body.status).toBe('submitted');
  }, 120_000);
});
