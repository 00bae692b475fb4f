import { complianceFacts, identityFacts } from '@qiyue/contracts';
import { company, customer, finance, invoice, name, operator, products, startOrder, wanted, type OrderBench } from './testing';

let bench: OrderBench;
beforeAll(async () => {
  bench = await startOrder();
}, 60_000);
afterAll(() => bench?.qiyue.stop());

const springList = () => ({ version: '2026-spring', currency: 'CNY', products });

describe('before anything is published', () => {
  test('an order finds no agreement to be taken under, whatever else is missing (1.1)', async () => {
    const { status, body } = await bench.submit('nobody-known');
    expect([status, body.code, body.clause]).toEqual([409, 'no-agreement-in-force', '1.1']);
  });
  test('under an agreement, an account nobody told of has not accepted (1.1)', async () => {
    await bench.publishAgreement('2026-01');
    await bench.qiyue.settle();
    expect(await bench.submit('nobody-known')).toMatchObject({ status: 409, body: { code: 'account-not-accepted', clause: '1.1' } });
  });
  test('an account that is not verified cannot order (2.1.1)', async () => {
    await bench.accept('unverified');
    await bench.qiyue.settle();
    expect(await bench.submit('unverified')).toMatchObject({ status: 409, body: { code: 'account-not-verified', clause: '2.1.1' } });
  });
  test('a verified one finds no prices (2.2.4)', async () => {
    expect(await bench.submit(await bench.anAccount())).toMatchObject({ status: 409, body: { code: 'no-price-list', clause: '2.2.4' } });
  });
  test('prices are published once, by an operator, and are public (2.2.4)', async () => {
    const { qiyue } = bench;
    expect(await qiyue.post('/order/price-lists', springList(), operator)).toMatchObject({
      status: 201,
      body: { id: '2026-spring', events: [{ type: 'PriceListPublished', clause: '2.2.4' }] },
    });
    expect(await qiyue.post('/order/price-lists', springList(), operator)).toMatchObject({ status: 200, body: { events: [] } });
    expect(await qiyue.post('/order/price-lists', { ...springList(), products: products.slice(1) }, operator)).toMatchObject({
      status: 409,
      body: { code: 'price-list-exists', clause: '2.2.4' },
    });
    await qiyue.settle();
    expect((await qiyue.get('/order/price-lists/in-force')).body).toEqual({
      priceListVersion: '2026-spring',
      currency: 'CNY',
      products,
      publishedAt: qiyue.now(),
    });
    expect((await qiyue.get('/order/price-lists')).body.items).toHaveLength(1);
    expect((await qiyue.get('/order/price-lists/other')).status).toBe(404);
  });
});

describe('an order', () => {
  test('is taken with its prices, terms and data, and shown to its customer (2.2.1)', async () => {
    const { qiyue, anAccount, submit } = bench;
    const accountId = await anAccount();
    const submitted = await submit(accountId, {
      lines: [
        { sku: 'waf-std', quantity: 2 },
        { sku: 'intel-feed', quantity: 1 },
      ],
    });
    expect(submitted).toMatchObject({ status: 201, body: { revision: '0', events: [{ type: 'OrderSubmitted', clause: '2.2.1' }] } });
    await qiyue.settle();
    const { body } = await qiyue.get(`/order/orders/${submitted.body.id}`, customer(accountId));
    expect(body).toMatchObject({
      status: 'submitted',
      listAmountMinor: 216_050,
      payableMinor: 216_050,
      currency: 'CNY',
      priceListVersion: '2026-spring',
      offer: 'list',
      payerName: name,
      company,
      invoice,
      terms: { agreementVersion: '2026-01', refundWindowWorkingDays: 3, invoiceTermWorkingDays: 7 },
      payBy: '2026-03-09T16:00:00.000Z',
      clauses: ['2.2.1'],
      voucher: null,
      refundableUntil: null,
      lines: [
        { ...products[0], quantity: 2, amountMinor: 196_000 },
        { ...products[1], quantity: 1, amountMinor: 20_050 },
      ],
    });
    expect((await qiyue.get('/order/orders', customer(accountId))).body.items.map(({ orderId }: { orderId: string }) => orderId)).toEqual([
      submitted.body.id,
    ]);
  });

  test('keeps personal data sealed in the stream and masked from those who may not see it (5.1, 5.2)', async () => {
    const { qiyue, anOrder, eventsOf } = bench;
    const { orderId } = await anOrder();
    const stored = JSON.stringify(await eventsOf(`order-${orderId}`));
    for (const secret of [name, company.address, company.contact, invoice.taxId, invoice.address]) expect(stored).not.toContain(secret);
    const seen = async (role: 'auditor' | 'operator' | 'officer' | 'finance') =>
      (await qiyue.get(`/order/orders/${orderId}`, { as: role })).body;
    for (const role of ['auditor', 'operator'] as const)
      expect(await seen(role)).toMatchObject({
        payerName: '[personal]',
        company: { contact: '[personal]' },
        invoice: { title: '[personal]', way: 'e-mail' },
      });
    for (const role of ['officer', 'finance'] as const) expect(await seen(role)).toMatchObject({ payerName: name, company, invoice });
  });

  test("is another customer's business in no way: it does not exist for them", async () => {
    const { qiyue, aPaidOrder, anAccount } = bench;
    const { orderId } = await aPaidOrder();
    const other = customer(await anAccount());
    for (const path of ['', '/timeline']) expect((await qiyue.get(`/order/orders/${orderId}${path}`, other)).status).toBe(404);
    expect((await qiyue.get(`/order/subscriptions/${orderId}`, other)).status).toBe(404);
    expect((await qiyue.post(`/order/orders/${orderId}/cancellation`, {}, other)).status).toBe(404);
    expect((await qiyue.post(`/order/orders/${orderId}/refund`, { reason: 'x' }, other)).status).toBe(404);
    expect((await qiyue.patch(`/order/orders/${orderId}`, {}, other)).status).toBe(404);
    expect((await qiyue.get('/order/orders', other)).body.items).toEqual([]);
    expect((await qiyue.get(`/order/orders?accountId=${orderId}`, other)).body.items).toEqual([]);
  });

  test('submitted twice under one key is one order; under the key of another order it is refused', async () => {
    const { qiyue, anAccount, submit } = bench;
    const accountId = await anAccount();
    const [first, second] = [await submit(accountId, {}, { key: 'my-order' }), await submit(accountId, {}, { key: 'my-order' })];
    expect([second.status, second.body.id, second.body.replayed]).toEqual([201, first.body.id, true]);
    expect(await submit(accountId, { lines: [{ sku: 'waf-std', quantity: 3 }] }, { key: 'my-order' })).toMatchObject({
      status: 422,
      body: { code: 'idempotency-key-reused' },
    });
    await qiyue.settle();
    expect((await qiyue.get('/order/orders', customer(accountId))).body.items).toHaveLength(1);
  });

  test.each(['customer', 'operator', 'officer', 'finance', 'auditor', 'service', 'dealer'] as const)(
    'is frozen for a %s, whatever is sent by whatever method (2.2.1)',
    async (role) => {
      const { qiyue, anOrder } = bench;
      const { accountId, orderId } = await anOrder();
      const as = role === 'customer' ? customer(accountId) : { as: role };
      const before = await qiyue.get(`/order/orders/${orderId}`, finance);
      for (const answer of [
        await qiyue.patch(`/order/orders/${orderId}`, { lines: [] }, as),
        await qiyue.patch(`/order/orders/${orderId}`, { status: 'paid', nonsense: { deep: [1] } }, as),
        await qiyue.put(`/order/orders/${orderId}`, { ...wanted, invoice: { title: 'x' } }, as),
        await qiyue.delete(`/order/orders/${orderId}`, undefined, as),
      ])
        expect(answer).toMatchObject({ status: 409, body: { code: 'order-is-frozen', clause: '2.2.1', agreementVersion: '2026-01' } });
      await qiyue.settle();
      expect((await qiyue.get(`/order/orders/${orderId}`, finance)).body).toEqual(before.body);
    },
  );

  test.each([
    ['no lines', { lines: [] }],
    ['a line of nothing', { lines: [{ sku: 'waf-std', quantity: 0 }] }],
    ['half a line', { lines: [{ sku: 'waf-std', quantity: 0.5 }] }],
    ["a price of one's own", { lines: [{ sku: 'waf-std', quantity: 1, unitPriceMinor: 1 }] }],
    ['an account of somebody else', { accountId: 'other' }],
    ['a sum', { payableMinor: 1 }],
    ['no company', { company: null }],
    ['an invoice by pigeon', { invoice: { ...invoice, way: 'pigeon' } }],
    ['an invoice to no e-mail address', { invoice: { ...invoice, address: 'nowhere' } }],
    ['a voucher code that is none', { voucherCode: '../x' }],
    ['too many lines', { lines: Array.from({ length: 101 }, () => ({ sku: 'waf-std', quantity: 1 })) }],
  ])('with %s is refused at the edge', async (_what, more) =>
    expect(await bench.submit('anybody', more)).toMatchObject({ status: 422, body: { code: 'invalid' } }),
  );

  test('too large to be counted exactly is refused (2.2.1)', async () => {
    const { qiyue, anAccount, submit } = bench;
    const accountId = await anAccount();
    await qiyue.post(
      '/order/price-lists',
      { ...springList(), version: 'huge', products: [{ ...products[0], unitPriceMinor: Number.MAX_SAFE_INTEGER }, products[1]] },
      operator,
    );
    await qiyue.settle();
    expect(
      await submit(accountId, {
        lines: [
          { sku: 'waf-std', quantity: 1 },
          { sku: 'intel-feed', quantity: 1 },
        ],
      }),
    ).toMatchObject({ status: 422, body: { code: 'amount-too-large', clause: '2.2.1' } });
    // Published last, at the same instant: the order of publication decides.
    await qiyue.post('/order/price-lists', { ...springList(), version: '2026-autumn' }, operator);
    await qiyue.settle();
    expect(await submit(accountId)).toMatchObject({ status: 201 });
  });

  test('keeps its prices and terms when others are published (1.2, 2.2.4)', async () => {
    const { qiyue, anOrder, applied, orderOf, publishAgreement } = bench;
    const ids = await anOrder();
    await publishAgreement('2026-02', { refundWindowWorkingDays: 10, invoiceTermWorkingDays: 1 });
    await qiyue.settle();
    await applied(ids);
    await qiyue.settle();
    expect(await orderOf(ids.orderId)).toMatchObject({
      status: 'paid',
      terms: { agreementVersion: '2026-01', refundWindowWorkingDays: 3 },
      refundableUntil: '2026-03-05T16:00:00.000Z',
    });
    const later = await anOrder();
    expect((await orderOf(later.orderId)).terms).toEqual({
      agreementVersion: '2026-02',
      refundWindowWorkingDays: 10,
      invoiceTermWorkingDays: 1,
    });
    // Back to the numbers the other tests count with.
    await qiyue.advanceTo(new Date(Date.parse(qiyue.now()) + 1).toISOString());
    await publishAgreement('2026-03');
    await qiyue.settle();
  });
});

describe('who may order', () => {
  test('a suspended account may not, a reinstated one may (8.2)', async () => {
    const { qiyue, anAccount, submit, tell } = bench;
    const accountId = await anAccount();
    await tell(complianceFacts.AccountSuspended, accountId, { accountId, cause: '8.2.2', suspendedAt: qiyue.now() });
    await qiyue.settle();
    expect(await submit(accountId)).toMatchObject({ status: 409, body: { code: 'account-suspended', clause: '8.2' } });
    await tell(complianceFacts.AccountReinstated, accountId, { accountId, reinstatedAt: qiyue.now() });
    await qiyue.settle();
    expect((await submit(accountId)).status).toBe(201);
  });

  test('one that declined the version in force may not, until it accepts one (1.3)', async () => {
    const { qiyue, anAccount, submit, tell, accept } = bench;
    const accountId = await anAccount();
    await tell(identityFacts.AgreementDeclined, accountId, { accountId, agreementVersion: '2026-03', declinedAt: qiyue.now() });
    await qiyue.settle();
    expect(await submit(accountId)).toMatchObject({ status: 409, body: { code: 'account-declined-agreement', clause: '1.3' } });
    await accept(accountId, '2026-03');
    await qiyue.settle();
    expect((await submit(accountId)).status).toBe(201);
  });

  test('an order through a dealer needs his authorisation at that moment (2.1.3)', async () => {
    const { qiyue, anAccount, submit, orderOf } = bench;
    const accountId = await anAccount();
    const refused = { status: 409, body: { code: 'dealer-not-authorised', clause: '2.1.3' } };
    expect(await submit(accountId, { dealerId: 'hangzhou-1' })).toMatchObject(refused);
    const period = { name: '杭州示例经销有限公司', from: qiyue.now(), until: '2027-01-01T00:00:00+08:00' };
    expect((await qiyue.post('/order/dealers/hangzhou-1/authorisations', period, operator)).status).toBe(201);
    const { body } = await submit(accountId, { dealerId: 'hangzhou-1' });
    await qiyue.settle();
    expect((await orderOf(body.id)).dealerId).toBe('hangzhou-1');
    expect((await qiyue.post('/order/dealers/hangzhou-1/withdrawal', { reason: 'contract ended' }, operator)).status).toBe(200);
    expect(await submit(accountId, { dealerId: 'hangzhou-1' })).toMatchObject(refused);
    await qiyue.settle();
    expect((await qiyue.get('/order/dealers', customer(accountId))).body.items).toMatchObject([
      { dealerId: 'hangzhou-1', status: 'withdrawn' },
    ]);
  });
});
