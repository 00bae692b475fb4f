import { subscribe } from '@qiyue/event-store';
import { complianceFacts, identityFacts } from '@qiyue/contracts';
import { diffRebuild, replayOf } from '@qiyue/projections';
import { orderService } from '../order.module';
import { customer, name, operator, products, startOrder, type OrderBench } from '../testing';

let bench: OrderBench;
beforeAll(async () => {
  bench = await startOrder();
  const { qiyue, publishAgreement, aPaidOrder, anOrder, anAccount, applied, refund, invoiceTells, settled, issueVoucher, submit, tell } =
    bench;
  await publishAgreement('2026-01');
  await qiyue.post('/order/price-lists', { version: '2026-spring', currency: 'CNY', products }, operator);
  await qiyue.post(
    '/order/dealers/hangzhou-1/authorisations',
    { name: 'x', from: '2026-01-01T00:00:00Z', until: '2027-01-01T00:00:00Z' },
    operator,
  );
  await qiyue.post('/order/dealers/hangzhou-1/withdrawal', { reason: 'x' }, operator);
  await qiyue.settle();
  const cancelled = await anOrder();
  await qiyue.post(`/order/orders/${cancelled.orderId}/cancellation`, {}, customer(cancelled.accountId));
  await applied(cancelled);
  const refunded = await aPaidOrder();
  await invoiceTells.issued(refunded);
  await qiyue.settle();
  await refund(refunded);
  await invoiceTells.returned(refunded);
  await qiyue.settle();
  await settled(refunded);
  const accountId = await anAccount();
  const voucherCode = await issueVoucher(accountId);
  await Promise.all([submit(accountId, { voucherCode }), submit(accountId, { voucherCode })]);
  await tell(complianceFacts.AccountSuspended, accountId, { accountId, cause: '8.2.2', suspendedAt: qiyue.now() });
  await tell(identityFacts.AnomalyReported, accountId, { ...identityFacts.AnomalyReported.example, accountId });
  await anOrder();
  await qiyue.settle();
  await qiyue.advanceTo('2026-03-20T00:00:00.000Z');
}, 90_000);
afterAll(() => bench?.qiyue.stop());

const parts = () => {
  const { process, services } = bench.qiyue.platform.state;
  const { client, transport } = process;
  const pool = services.find(({ definition }) => definition.name === 'order')!.pool;
  return {
    pool,
    subscribe: (options: Omit<Parameters<typeof subscribe>[0], 'client'>) => subscribe({ client, ...options }),
    replay: replayOf(transport),
  };
};

test.each(orderService.readModels.map((model) => [model.name, model] as const))(
  'the rows of %s are what a fresh fold of all events gives',
  async (_name, model) => {
    const diff = await diffRebuild(parts(), model);
    expect(diff).toMatchObject({ equal: true, differences: [] });
    expect(diff.rows).toBeGreaterThan(0);
  },
);

test.each(orderService.readModels.map((model) => [model.name, model] as const))(
  '%s holds no personal data in clear (5.1)',
  async (_name, model) => {
    const { rows } = await parts().pool.query(`SELECT * FROM ${model.name}`);
    const text = JSON.stringify(rows);
    for (const secret of [name, '示例路', '0571-00000000', '91330108MA2GXXXX0A', 'invoices@example.com', '不再需要'])
      expect(text).not.toContain(secret);
  },
);

test('once the key of an account is destroyed, its rows and its stream tell nothing about it any more (8.4)', async () => {
  const { qiyue, aPaidOrder } = bench;
  const { accountId, orderId } = await aPaidOrder();
  const seen = async () => (await qiyue.get(`/order/orders/${orderId}`, { as: 'officer' })).body;
  expect((await seen()).payerName).toBe(name);
  await qiyue.platform.state.process.vault.destroy(accountId);
  expect(await seen()).toMatchObject({
    payerName: '[forgotten]',
    company: { name: '[forgotten]' },
    invoice: { taxId: '[forgotten]', way: 'e-mail' },
    paidMinor: 196_000,
    status: 'paid',
  });
  expect((await qiyue.get(`/order/audit/streams/order-${orderId}/verify`, { as: 'auditor' })).body.ok).toBe(true);
});
