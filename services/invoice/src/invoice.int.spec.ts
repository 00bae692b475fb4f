import { orderFacts } from '@qiyue/contracts';
import {
  factTeller,
  startPlatform,
  type Answer,
  type FactTeller,
  type RequestOptions,
  type TestPlatform,
} from '@qiyue/service-kit/testing';
import { randomUUID } from 'node:crypto';
import { invoiceService } from './invoice.module';
import type { SandboxFault, SandboxLedger } from './ports/sandbox-authority';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let qiyue: TestPlatform;
let tell: FactTeller;
beforeAll(async () => {
  qiyue = await startPlatform([invoiceService]);
  tell = factTeller(qiyue);
});
afterAll(() => qiyue.stop());

type Ids = { readonly orderId: string; readonly accountId: string };
const later = (ms: number): string => new Date(Date.parse(qiyue.now()) + ms).toISOString();
const paid = async (more: Partial<(typeof orderFacts.OrderPaid)['example']> = {}): Promise<Ids> => {
  const ids = { orderId: randomUUID(), accountId: randomUUID() };
  await tell(orderFacts.OrderPaid, ids.orderId, {
    ...orderFacts.OrderPaid.example,
    ...ids,
    paidAt: qiyue.now(),
    invoiceDueBy: later(9 * DAY_MS),
    ...more,
  });
  await qiyue.settle();
  return ids;
};
const refund = async (ids: Ids): Promise<void> => {
  await tell(orderFacts.RefundRequested, ids.orderId, { ...ids, refundMinor: 191_000, currency: 'CNY', requestedAt: qiyue.now() });
  await qiyue.settle();
};
const owner = ({ accountId }: Ids): RequestOptions => ({ as: { role: 'customer', sub: accountId } });
const invoiceOf = async ({ orderId }: Ids) => (await qiyue.get(`/invoice/invoices/${orderId}`, { as: 'finance' })).body;
const ledgerOf = async ({ orderId }: Ids) => {
  const ledger: SandboxLedger = (await qiyue.get('/invoice/sandbox/ledger', { as: 'operator' })).body;
  return {
    invoices: ledger.invoices.filter((one) => one.orderId === orderId),
    dispatches: ledger.dispatches.filter((one) => one.orderId === orderId),
  };
};
const misbehave = async (...faults: SandboxFault[]): Promise<void> =>
  expect((await qiyue.post('/invoice/sandbox/faults', { faults }, { as: 'operator' })).status).toBe(200) as void;
const giveBack = (ids: Ids, as: RequestOptions = owner(ids)): Promise<Answer> =>
  qiyue.post(`/invoice/invoices/${ids.orderId}/return`, {}, as);
const codeOf = ({ status, body }: Answer): readonly unknown[] => [status, body.code];
/** 09:00 in Shanghai of the next working day has passed. */
const nextMorning = async (ids: Ids): Promise<void> => qiyue.advanceTo((await invoiceOf(ids)).issueAt as string);

describe('the invoice of a paid order (2.2.3)', () => {
  test('is issued on the next working morning, not a millisecond earlier, and dispatched the way the customer chose', async () => {
    const ids = await paid();
    const scheduled = await invoiceOf(ids);
    expect(scheduled).toMatchObject({
      status: 'scheduled',
      title: '杭州示例科技有限公司',
      address: 'invoices@example.com',
      overdue: false,
    });
    await qiyue.advanceTo(new Date(Date.parse(scheduled.issueAt as string) - 1).toISOString());
    expect((await ledgerOf(ids)).invoices).toEqual([]);
    await qiyue.advanceTo(scheduled.issueAt as string);
    expect(await invoiceOf(ids)).toMatchObject({
      status: 'dispatched',
      issuedAt: scheduled.issueAt,
      dispatchedAt: scheduled.issueAt,
      invoiceNumber: expect.stringMatching(/^\d{20}$/) as string,
    });
    expect(await ledgerOf(ids)).toMatchObject({ invoices: [{ asked: 1 }], dispatches: [{ way: 'e-mail', asked: 1 }] });
  });

  test('is made once although the fact is told twice', async () => {
    const ids = { orderId: randomUUID(), accountId: randomUUID() };
    const fact = await tell(orderFacts.OrderPaid, ids.orderId, {
      ...orderFacts.OrderPaid.example,
      ...ids,
      invoiceDueBy: later(9 * DAY_MS),
    });
    await tell.again(fact);
    await qiyue.settle();
    await nextMorning(ids);
    expect((await ledgerOf(ids)).invoices).toHaveLength(1);
  });

  test('is not made for an order that nothing was paid for', async () => {
    const ids = await paid({ paidMinor: 0 });
    expect(codeOf(await qiyue.get(`/invoice/invoices/${ids.orderId}`, owner(ids)))).toEqual([404, 'not-found']);
  });

  test.each([
    [['lose-answer']],
    [['lose-order']],
    [['lose-order', 'lose-order', 'lose-answer']],
    [['fail-dispatch', 'fail-dispatch', 'fail-dispatch']],
  ] as const)('is made and sent once in spite of %p', async (faults) => {
    const ids = await paid();
    await misbehave(...faults);
    await nextMorning(ids);
    await qiyue.advanceTo(later(HOUR_MS));
    expect((await invoiceOf(ids)).status).toBe('dispatched');
    const { invoices, dispatches } = await ledgerOf(ids);
    expect([invoices.length, invoices[0]?.withdrawn, dispatches.length]).toEqual([1, false, 1]);
  });

  test('that the authority refuses waits for finance, is overdue when its term ends, and can still be issued', async () => {
    const ids = await paid();
    await misbehave('refuse');
    await nextMorning(ids);
    const { dueBy } = await invoiceOf(ids);
    expect(await invoiceOf(ids)).toMatchObject({ status: 'refused', refusedBecause: 'sandbox-says-no' });
    await qiyue.advanceTo(new Date(Date.parse(dueBy as string) - 1).toISOString());
    expect((await invoiceOf(ids)).overdue).toBe(false);
    await qiyue.advanceTo(dueBy as string);
    expect((await invoiceOf(ids)).overdue).toBe(true);
    expect((await qiyue.get('/invoice/invoices?overdue=true', { as: 'finance' })).body.items.map((one: Ids) => one.orderId)).toEqual([
      ids.orderId,
    ]);
    expect((await qiyue.post(`/invoice/invoices/${ids.orderId}/issue`, {}, { as: 'finance' })).body.events).toEqual([
      { type: 'InvoiceIssueStarted', clause: '2.2.3' },
    ]);
    await qiyue.settle();
    expect((await invoiceOf(ids)).status).toBe('dispatched');
  });

  test("shows its personal data to its customer and finance, and nobody else's eyes", async () => {
    const ids = await paid();
    expect((await qiyue.get(`/invoice/invoices/${ids.orderId}`, owner(ids))).body.taxId).toBe('91330108MA2GXXXX0A');
    expect((await qiyue.get(`/invoice/invoices/${ids.orderId}`, { as: 'auditor' })).body).toMatchObject({
      taxId: '[personal]',
      title: '[personal]',
      address: '[personal]',
    });
    expect((await qiyue.get(`/invoice/invoices/${ids.orderId}`, owner({ ...ids, accountId: randomUUID() }))).status).toBe(404);
    expect((await qiyue.get('/invoice/invoices', owner(ids))).body.items).toHaveLength(1);
  });
});

describe('a refund (2.2.5)', () => {
  test('in time cancels an invoice that is not issued; it never is', async () => {
    const ids = await paid();
    await refund(ids);
    expect((await invoiceOf(ids)).status).toBe('cancelled');
    expect(codeOf(await qiyue.post(`/invoice/invoices/${ids.orderId}/issue`, {}, { as: 'finance' }))).toEqual([409, 'invoice-cancelled']);
    await qiyue.advanceTo(later(12 * DAY_MS));
    expect(await ledgerOf(ids)).toEqual({ invoices: [], dispatches: [] });
    expect(await invoiceOf(ids)).toMatchObject({ status: 'cancelled', overdue: false });
  });

  test('of an issued invoice needs it back first; the customer states it once, and a red-letter invoice cancels it', async () => {
    const ids = await paid();
    await nextMorning(ids);
    expect(codeOf(await giveBack(ids))).toEqual([409, 'return-not-required']);
    await refund(ids);
    expect((await invoiceOf(ids)).status).toBe('return-required');
    expect(codeOf(await giveBack(ids, owner({ ...ids, accountId: randomUUID() })))[0]).toBe(404);
    await misbehave('lose-answer');
    const answers = await Promise.all([giveBack(ids), giveBack(ids), giveBack(ids, { as: 'finance' })]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    await qiyue.settle();
    await qiyue.advanceTo(later(HOUR_MS));
    expect(await invoiceOf(ids)).toMatchObject({ status: 'returned', redLetterNumber: expect.stringMatching(/^\d{20}$/) as string });
    expect((await ledgerOf(ids)).invoices).toHaveLength(1);
  });

  test('that meets an unanswered request ends with no invoice, or with one that is asked back', async () => {
    const stuck = await paid();
    await misbehave('lose-order', 'lose-order');
    await nextMorning(stuck);
    expect((await invoiceOf(stuck)).status).toBe('issuing');
    await refund(stuck);
    expect((await invoiceOf(stuck)).status).toBe('cancelled');
    expect((await ledgerOf(stuck)).invoices).toMatchObject([{ withdrawn: true, invoiceNumber: null }]);
    const silent = await paid();
    await misbehave('lose-answer', 'lose-order');
    await nextMorning(silent);
    expect((await invoiceOf(silent)).status).toBe('issuing');
    await refund(silent);
    expect((await invoiceOf(silent)).status).toBe('return-required');
  });

  test('of an order without an invoice is given way at once', async () => {
    const ids = { orderId: randomUUID(), accountId: randomUUID() };
    await refund(ids);
    expect(codeOf(await giveBack(ids))).toEqual([409, 'invoice-cancelled']);
  });
});

describe('a restart', () => {
  test('in the middle of everything loses nothing', async () => {
    const ids = await paid();
    await misbehave('lose-order', 'lose-order');
    await nextMorning(ids);
    await qiyue.restart();
    await qiyue.settle();
    await qiyue.advanceTo(later(HOUR_MS));
    expect((await invoiceOf(ids)).status).toBe('dispatched');
  });
});
