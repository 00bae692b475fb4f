import { complianceFacts, identityFacts, orderFacts } from '@qiyue/contracts';
import {
  factTeller,
  startPlatform,
  type Answer,
  type FactTeller,
  type RequestOptions,
  type TestPlatform,
} from '@qiyue/service-kit/testing';
import { randomUUID } from 'node:crypto';
import { billingService } from './billing.module';
import { sign, SIGNATURE_HEADER } from './ports/signature';
import type { SandboxFault, SandboxLedger } from './ports/sandbox-gateway';

const secret = 'a secret of at least thirty-two characters';
const name = '杭州示例科技有限公司';
const amountMinor = 191_000;

let qiyue: TestPlatform;
let tell: FactTeller;
beforeAll(async () => {
  qiyue = await startPlatform([billingService], { env: { BILLING_CALLBACK_SECRET: secret } });
  tell = factTeller(qiyue);
});
afterAll(() => qiyue.stop());

const later = (ms: number): string => new Date(Date.parse(qiyue.now()) + ms).toISOString();
const DAY_MS = 86_400_000;

/** An order somebody has to pay, as the order service tells of it. */
const order = async (
  more: Partial<(typeof orderFacts.OrderSubmitted)['example']> = {},
): Promise<{ orderId: string; accountId: string }> => {
  const { example } = orderFacts.OrderSubmitted;
  const ids = { orderId: randomUUID(), accountId: randomUUID() };
  await tell(orderFacts.OrderSubmitted, ids.orderId, {
    ...example,
    ...ids,
    payerName: name,
    payableMinor: amountMinor,
    payBy: later(7 * DAY_MS),
    submittedAt: qiyue.now(),
    ...more,
  });
  await qiyue.settle();
  return ids;
};
type Callback = Record<string, unknown> & { paymentId: string };
const callbackFor = (receivableId: string, more: Record<string, unknown> = {}): Callback => ({
  paymentId: `p.${randomUUID()}`,
  receivableId,
  amountMinor,
  currency: 'CNY',
  method: 'alipay',
  payerName: name,
  paidAt: qiyue.now(),
  ...more,
});
const signed = (path: string, said: Record<string, unknown>): Promise<Answer> => {
  const raw = JSON.stringify(said);
  return qiyue.post(path, undefined, { raw, headers: { [SIGNATURE_HEADER]: sign(secret, Buffer.from(raw)) } });
};
const callback = (said: Record<string, unknown>): Promise<Answer> => signed('/billing/payments/callbacks', said);
const typesOf = ({ body }: Answer): readonly string[] => (body.events as { type: string }[]).map(({ type }) => type);
const owner = (accountId: string): RequestOptions => ({ as: { role: 'customer', sub: accountId } });
const receivableOf = async (id: string) => (await qiyue.get(`/billing/receivables/${id}`, { as: 'finance' })).body;
const paymentOf = async (id: string) => (await qiyue.get(`/billing/payments/${id}`, { as: 'officer' })).body;
const ledger = async (): Promise<SandboxLedger> => (await qiyue.get('/billing/sandbox/ledger', { as: 'operator' })).body;
const moneyOut = async (paymentId: string) => (await ledger()).moneyOut.filter((out) => out.paymentId === paymentId);
const misbehave = async (...faults: SandboxFault[]): Promise<void> =>
  expect((await qiyue.post('/billing/sandbox/faults', { faults }, { as: 'operator' })).status).toBe(200) as void;
const released = (ids: { orderId: string; accountId: string }) => ({
  ...ids,
  refundMinor: amountMinor,
  currency: 'CNY',
  releasedAt: qiyue.now(),
});
/** A paid order: its ids and the payment that paid it. */
const paidOrder = async () => {
  const ids = await order();
  const said = callbackFor(ids.orderId);
  expect(typesOf(await callback(said))).toEqual(['PaymentReceived', 'PaymentApplied']);
  await qiyue.settle();
  return { ...ids, paymentId: said.paymentId };
};

describe('callbacks of the gateway (2.2.2)', () => {
  test('a signed callback pays what was ordered', async () => {
    const { orderId, paymentId } = await paidOrder();
    expect(await receivableOf(orderId)).toMatchObject({
      status: 'paid',
      paymentId,
      amountMinor,
      kind: 'order',
      agreementVersion: '2026-01',
    });
    expect(await paymentOf(paymentId)).toMatchObject({ place: 'applied', payerName: name });
  });

  test.each([
    ['no signature', {}],
    ['the signature of another body', { [SIGNATURE_HEADER]: sign(secret, Buffer.from('{}')) }],
    ['a signature by another secret', { [SIGNATURE_HEADER]: sign('x'.repeat(32), Buffer.from('{}')) }],
    ['half a signature', { [SIGNATURE_HEADER]: 'sha256=abc' }],
  ])('a callback with %s is refused before its content is looked at', async (_what, headers) => {
    const { orderId } = await order();
    const answer = await qiyue.post('/billing/payments/callbacks', undefined, {
      raw: JSON.stringify({ ...callbackFor(orderId), nonsense: 1 }),
      headers: headers as Record<string, string>,
    });
    expect([answer.status, answer.body.code, answer.body.clause]).toEqual([403, 'callback-not-genuine', '2.2.2']);
    expect((await receivableOf(orderId)).status).toBe('open');
  });

  test('the signature covers the bytes, not their meaning', async () => {
    const { orderId } = await order();
    const raw = JSON.stringify(callbackFor(orderId));
    const spaced = raw.replace('{', '{ ');
    expect(
      (
        await qiyue.post('/billing/payments/callbacks', undefined, {
          raw: spaced,
          headers: { [SIGNATURE_HEADER]: sign(secret, Buffer.from(raw)) },
        })
      ).status,
    ).toBe(403);
    expect(
      (
        await qiyue.post('/billing/payments/callbacks', undefined, {
          raw: spaced,
          headers: { [SIGNATURE_HEADER]: sign(secret, Buffer.from(spaced)) },
        })
      ).status,
    ).toBe(200);
  });

  test.each([
    ['a negative sum', { amountMinor: -1 }],
    ['a fraction', { amountMinor: 1.5 }],
    ['no sum', { amountMinor: 0 }],
    ['a sum that is text', { amountMinor: '191000' }],
    ['an unknown field', { nonsense: 1 }],
    ['a time without its zone', { paidAt: '2026-03-02T02:00:00' }],
    ['a strange payment id', { paymentId: '../etc' }],
    ['a currency in small letters', { currency: 'cny' }],
  ])('a genuine callback with %s is refused as invalid', async (_what, more) =>
    expect((await callback(callbackFor('order-x', more))).status).toBe(422),
  );

  test('told many times at once, a payment counts once', async () => {
    const { orderId } = await order();
    const said = callbackFor(orderId);
    const answers = await Promise.all(Array.from({ length: 8 }, () => callback(said)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    expect(answers.flatMap(typesOf)).toEqual(['PaymentReceived', 'PaymentApplied']);
    await qiyue.settle();
    expect(await receivableOf(orderId)).toMatchObject({ status: 'paid', paymentId: said.paymentId });
  });

  test('told again with another content it is refused, and nothing changes', async () => {
    const { orderId } = await order();
    const said = callbackFor(orderId);
    await callback(said);
    for (const lie of [{ amountMinor: 1 }, { payerName: 'x' }, { receivableId: (await order()).orderId }]) {
      const answer = await callback({ ...said, ...lie });
      expect([answer.status, answer.body.code, answer.body.clause]).toEqual([409, 'payment-differs', '2.2.2']);
    }
    await qiyue.settle();
    expect(await paymentOf(said.paymentId)).toMatchObject({ place: 'applied', receivableId: orderId, amountMinor });
  });

  test('one payment cannot pay two orders, even when both are told at once', async () => {
    const [first, second] = [await order(), await order()];
    const said = callbackFor(first.orderId);
    const answers = await Promise.all([callback(said), callback({ ...said, receivableId: second.orderId })]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    await qiyue.settle();
    expect([(await receivableOf(first.orderId)).status, (await receivableOf(second.orderId)).status].sort()).toEqual(['open', 'paid']);
  });

  test('the same instant written in another zone is the same payment', async () => {
    const { orderId } = await order();
    const said = callbackFor(orderId, { paidAt: '2026-03-02T10:00:00+08:00' });
    await callback(said);
    expect((await callback({ ...said, paidAt: '2026-03-02T02:00:00Z' })).status).toBe(200);
  });
});

describe('money that must not be applied (2.2.2)', () => {
  const held = async (more: Record<string, unknown>) => {
    const ids = await order();
    const said = callbackFor(ids.orderId, more);
    expect(typesOf(await callback(said))).toEqual(['PaymentReceived', 'PaymentHeld']);
    await qiyue.settle();
    return { ...ids, paymentId: said.paymentId, path: `/billing/receivables/${ids.orderId}/payments/${said.paymentId}` };
  };

  test('of another payer is held, seen by officers in clear and by auditors not, and released by an officer', async () => {
    const { orderId, paymentId, path } = await held({ payerName: '上海另外有限公司' });
    const waiting = (await qiyue.get('/billing/payments/held?limit=100', { as: 'officer' })).body.items as { paymentId: string }[];
    expect(waiting.find((one) => one.paymentId === paymentId)).toMatchObject({
      heldFor: 'payer-name-differs',
      payerName: '上海另外有限公司',
    });
    expect((await qiyue.get(`/billing/payments/${paymentId}`, { as: 'auditor' })).body.payerName).toBe('[personal]');
    expect((await receivableOf(orderId)).status).toBe('open');
    const answer = await qiyue.post(`${path}/release`, { reason: 'parent company', evidence: 'letter of 2 March' }, { as: 'officer' });
    expect([answer.status, typesOf(answer)]).toEqual([200, ['PaymentReleased', 'PaymentApplied']]);
    await qiyue.settle();
    expect(await receivableOf(orderId)).toMatchObject({ status: 'paid', paymentId });
    expect(await paymentOf(paymentId)).toMatchObject({ place: 'applied', releasedBy: 'officer-1' });
  });

  test('a release needs reason and evidence', async () => {
    const { path } = await held({ payerName: '上海另外有限公司' });
    expect((await qiyue.post(`${path}/release`, { reason: 'x' }, { as: 'officer' })).status).toBe(422);
  });

  test('of another sum is held, cannot be released, and goes back to its payer once', async () => {
    const { paymentId, path } = await held({ amountMinor: amountMinor + 1 });
    const refused = await qiyue.post(`${path}/release`, { reason: 'x', evidence: 'y' }, { as: 'officer' });
    expect([refused.status, refused.body.code, refused.body.agreementVersion]).toEqual([409, 'payment-not-releasable', '2026-01']);
    const answers = await Promise.all(
      ['one', 'two'].map((key) => qiyue.post(`${path}/return`, { reason: 'wrong sum' }, { as: 'finance', key })),
    );
    expect(answers.flatMap(typesOf)).toEqual(['PaymentReturnOrdered']);
    await qiyue.settle();
    expect(await moneyOut(paymentId)).toMatchObject([{ amountMinor: amountMinor + 1, ordered: 1 }]);
    expect(await paymentOf(paymentId)).toMatchObject({ place: 'returned', returnOrderedBy: 'finance-1' });
  });

  test('a second payment for the same order is held and never applied', async () => {
    const { orderId } = await paidOrder();
    const second = callbackFor(orderId);
    await callback(second);
    await qiyue.settle();
    expect(await paymentOf(second.paymentId)).toMatchObject({ place: 'held', heldFor: 'already-paid' });
  });

  test('that comes before its order is known pays it once it is', async () => {
    const ids = { orderId: randomUUID(), accountId: randomUUID() };
    const said = callbackFor(ids.orderId);
    await callback(said);
    await qiyue.settle();
    expect(await paymentOf(said.paymentId)).toMatchObject({ place: 'held', heldFor: 'order-unknown', accountId: 'unattributed' });
    await tell(orderFacts.OrderSubmitted, ids.orderId, {
      ...orderFacts.OrderSubmitted.example,
      ...ids,
      payerName: name,
      payableMinor: amountMinor,
    });
    await qiyue.settle();
    expect(await receivableOf(ids.orderId)).toMatchObject({ status: 'paid', paymentId: said.paymentId });
    expect(await paymentOf(said.paymentId)).toMatchObject({ place: 'applied', accountId: ids.accountId, releasedBy: 'billing' });
  });

  test('that comes for a cancelled order goes back by itself', async () => {
    const ids = await order();
    await tell(orderFacts.OrderCancelled, ids.orderId, { ...ids, reason: 'customer', cancelledAt: qiyue.now() });
    await qiyue.settle();
    const said = callbackFor(ids.orderId);
    expect(typesOf(await callback(said))).toEqual(['PaymentReceived', 'PaymentHeld', 'PaymentReturnOrdered']);
    await qiyue.settle();
    expect(await receivableOf(ids.orderId)).toMatchObject({ status: 'closed', closedBecause: 'order-cancelled' });
    expect(await moneyOut(said.paymentId)).toHaveLength(1);
    expect(await paymentOf(said.paymentId)).toMatchObject({ place: 'returned', heldFor: 'order-closed' });
  });

  test.each([
    ['told of the cancellation first', true],
    ['told that the money is not wanted first', false],
  ])('that was applied while the order was called off goes back once, %s', async (_which, cancelledFirst) => {
    const { paymentId, ...ids } = await paidOrder();
    const cancelled = () => tell(orderFacts.OrderCancelled, ids.orderId, { ...ids, reason: 'customer', cancelledAt: qiyue.now() });
    const notWanted = () =>
      tell(orderFacts.PaymentNotWanted, ids.orderId, {
        ...ids,
        paymentId,
        amountMinor,
        currency: 'CNY',
        reason: 'order-cancelled',
        refusedAt: qiyue.now(),
      });
    for (const one of cancelledFirst ? [cancelled, notWanted] : [notWanted, cancelled]) {
      await one();
      await qiyue.settle();
    }
    expect(await moneyOut(paymentId)).toMatchObject([{ amountMinor, ordered: 1 }]);
    expect(await paymentOf(paymentId)).toMatchObject({ place: 'returned' });
  });
});

describe('refunds and payouts (2.2.5)', () => {
  test('the money paid goes back once, however often the fact is told', async () => {
    const { paymentId, ...ids } = await paidOrder();
    const fact = await tell(orderFacts.RefundReleased, ids.orderId, released(ids));
    await tell.again(fact);
    await qiyue.settle();
    await tell(orderFacts.RefundReleased, ids.orderId, released(ids));
    await qiyue.settle();
    expect(await moneyOut(paymentId)).toMatchObject([{ amountMinor, ordered: 1 }]);
    expect(await receivableOf(ids.orderId)).toMatchObject({ status: 'refunded', refundedAt: qiyue.now() });
    expect(await paymentOf(paymentId)).toMatchObject({ place: 'refunded' });
  });

  test.each([
    ['the answer is lost', ['lose-answer'], 1],
    ['the order to the gateway is lost', ['lose-order'], 1],
    ['the order is lost and then the answer', ['lose-order', 'lose-answer'], 1],
  ] as const)('the money goes out once when %s', async (_what, faults, times) => {
    const { paymentId, ...ids } = await paidOrder();
    await misbehave(...faults);
    await tell(orderFacts.RefundReleased, ids.orderId, released(ids));
    await qiyue.settle();
    await qiyue.advanceTo(later(3_600_000));
    expect(await moneyOut(paymentId)).toHaveLength(times);
    expect((await receivableOf(ids.orderId)).status).toBe('refunded');
  });

  test('an outcome that stays unknown is a state, and is asked for again until the gateway knows', async () => {
    const { paymentId, ...ids } = await paidOrder();
    await misbehave('delay');
    await tell(orderFacts.RefundReleased, ids.orderId, released(ids));
    await qiyue.settle();
    const [waiting] = (await qiyue.get('/billing/payouts?status=unknown', { as: 'finance' })).body.items as {
      payoutId: string;
      paymentId: string;
      asked: number;
    }[];
    expect(waiting).toMatchObject({ paymentId, asked: 1 });
    expect((await receivableOf(ids.orderId)).status).toBe('refunding');
    const early = await qiyue.post(`/billing/payouts/${waiting?.payoutId ?? ''}/retry`, { reason: 'hurry' }, { as: 'finance' });
    expect([early.status, early.body.code]).toEqual([409, 'payout-not-refused']);
    await qiyue.advanceTo(later(3_600_000));
    expect((await receivableOf(ids.orderId)).status).toBe('refunded');
    expect(await moneyOut(paymentId)).toMatchObject([{ ordered: 1 }]);
  });

  test('a callback about a payout races with asking, and a restart with both; the money goes out once', async () => {
    const { paymentId, ...ids } = await paidOrder();
    await misbehave('delay');
    await tell(orderFacts.RefundReleased, ids.orderId, released(ids));
    await qiyue.settle();
    const [{ payoutId } = { payoutId: '' }] = (await qiyue.get('/billing/payouts?status=unknown', { as: 'finance' })).body.items as {
      payoutId: string;
    }[];
    await qiyue.restart();
    const settled = { payoutId, outcome: 'settled', settledAt: qiyue.now() };
    expect((await qiyue.post('/billing/payouts/callbacks', settled)).body.code).toBe('callback-not-genuine');
    expect((await signed('/billing/payouts/callbacks', { payoutId, outcome: 'settled' })).status).toBe(422);
    expect((await signed('/billing/payouts/callbacks', { ...settled, payoutId: 'payout-x' })).body.code).toBe('payout-unknown');
    const answers = await Promise.all([1, 2, 3].map(() => signed('/billing/payouts/callbacks', settled)));
    expect(answers.flatMap(typesOf)).toEqual(['PayoutSettled']);
    expect(typesOf(await signed('/billing/payouts/callbacks', { payoutId, outcome: 'refused', reason: 'late' }))).toEqual([]);
    await qiyue.settle();
    await qiyue.advanceTo(later(3_600_000));
    expect((await receivableOf(ids.orderId)).status).toBe('refunded');
    expect(await moneyOut(paymentId)).toMatchObject([{ ordered: 1 }]);
  });

  test('a refused payout waits for a person, who orders it again', async () => {
    const { paymentId, ...ids } = await paidOrder();
    await misbehave('refuse');
    await tell(orderFacts.RefundReleased, ids.orderId, released(ids));
    await qiyue.settle();
    const [refused] = (await qiyue.get('/billing/payouts?status=refused', { as: 'finance' })).body.items as { payoutId: string }[];
    expect(refused).toMatchObject({ paymentId, refusedBecause: 'sandbox-says-no' });
    expect(
      (await qiyue.post(`/billing/payouts/${refused?.payoutId ?? ''}/retry`, { reason: 'asked the bank' }, { as: 'finance' })).status,
    ).toBe(200);
    await qiyue.settle();
    expect(await moneyOut(paymentId)).toMatchObject([{ ordered: 1 }]);
    expect((await receivableOf(ids.orderId)).status).toBe('refunded');
  });
});

describe('bills (8.2.3)', () => {
  const accountId = randomUUID();
  const bill = (more: Record<string, unknown> = {}) => ({
    accountId,
    amountMinor: 12_300,
    currency: 'CNY',
    description: '二月用量',
    dueBy: later(DAY_MS),
    ...more,
  });
  const code = async (more: Record<string, unknown> = {}): Promise<unknown> =>
    (await qiyue.post('/billing/bills', bill(more), { as: 'finance' })).body.code;

  test('need a verified name and an agreement in force, in that order', async () => {
    expect(await code()).toBe('account-not-verified');
    await tell(identityFacts.AccountVerified, accountId, { accountId, subject: 'enterprise', verifiedName: name, verifiedAt: qiyue.now() });
    await qiyue.settle();
    expect(await code()).toBe('no-agreement-in-force');
    await tell(complianceFacts.AgreementVersionPublished, 'user', {
      ...complianceFacts.AgreementVersionPublished.example,
      parameters: { billGraceDays: 5 },
    });
    await qiyue.settle();
    expect(await code({ dueBy: qiyue.now() })).toBe('due-date-in-past');
    expect((await qiyue.post('/billing/bills', bill({ currency: 'XTS' }), { as: 'finance' })).status).toBe(422);
  });

  test('unpaid when the grace period ends are a default; paid then, they are paid', async () => {
    const dueBy = later(DAY_MS);
    const opened = await qiyue.post('/billing/bills', bill({ dueBy }), { as: 'finance', key: 'bill-1' });
    expect([opened.status, typesOf(opened)]).toEqual([201, ['ReceivableOpened']]);
    expect((await qiyue.post('/billing/bills', bill({ dueBy }), { as: 'finance', key: 'bill-1' })).body).toMatchObject({
      id: opened.body.id,
      replayed: true,
    });
    const id = opened.body.id as string;
    await qiyue.advanceTo(later(6 * DAY_MS - 1));
    expect(await receivableOf(id)).toMatchObject({ status: 'open', kind: 'bill', description: '二月用量' });
    await qiyue.advanceTo(later(1));
    expect(await receivableOf(id)).toMatchObject({ status: 'overdue', overdueAt: qiyue.now() });
    expect(typesOf(await callback(callbackFor(id, { amountMinor: 12_300 })))).toEqual(['PaymentReceived', 'PaymentApplied']);
    await qiyue.settle();
    expect((await receivableOf(id)).status).toBe('paid');
  });
});

describe('the sandbox gateway', () => {
  test('plays a payer: the customer pays what they owe, told three times, counted once', async () => {
    const { orderId, accountId } = await order();
    const paid = await qiyue.post('/billing/sandbox/payments', { receivableId: orderId, times: 3 }, owner(accountId));
    expect([paid.status, paid.body.answers.map(({ status }: { status: number }) => status)]).toEqual([201, [200, 200, 200]]);
    await qiyue.settle();
    expect((await receivableOf(orderId)).status).toBe('paid');
    expect((await ledger()).moneyIn.filter((one) => one.receivableId === orderId)).toMatchObject([
      { paymentId: paid.body.paymentId, amountMinor },
    ]);
  });
  test('lets nobody pay, or look into, what another account owes', async () => {
    const { orderId } = await order();
    const other = owner(randomUUID());
    expect((await qiyue.post('/billing/sandbox/payments', { receivableId: orderId }, other)).status).toBe(404);
    expect((await qiyue.get(`/billing/receivables/${orderId}`, other)).status).toBe(404);
    expect((await qiyue.get('/billing/receivables', other)).body.items).toEqual([]);
    expect((await qiyue.get('/billing/payments', other)).body.items).toEqual([]);
  });
  test('can pay in another name', async () => {
    const { orderId, accountId } = await order();
    await qiyue.post('/billing/sandbox/payments', { receivableId: orderId, payerName: '某某' }, owner(accountId));
    await qiyue.settle();
    expect((await qiyue.get('/billing/payments?place=held', owner(accountId))).body.items).toMatchObject([
      { heldFor: 'payer-name-differs', receivableId: orderId },
    ]);
  });
});

// Last, because what is parked stays so.
describe('when order and money disagree (2.2.5)', () => {
  test('a refund of another sum than was paid is not carried out but parked for a person', async () => {
    const { paymentId, ...ids } = await paidOrder();
    await tell(orderFacts.RefundReleased, ids.orderId, { ...released(ids), refundMinor: amountMinor + 1 });
    await qiyue.settle({ allowParked: true });
    expect(await moneyOut(paymentId)).toEqual([]);
    expect((await receivableOf(ids.orderId)).status).toBe('paid');
  });
});
