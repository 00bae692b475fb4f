import { allServices } from '@qiyue/all-in-one';
import { kitProblems } from '@qiyue/service-kit';
import { checkRefusals } from '@qiyue/decider/testing';
import type { RequestOptions, TestPlatform } from '@qiyue/service-kit/testing';
import { randomUUID } from 'node:crypto';
import { smallAgreement } from '../../services/compliance/src/domain/agreement.examples';
import { signed } from './faulty-requests';
import { isDocumented, operations, type Operation } from './operations';
import { asCustomer, codeSentTo, done, papersOf, password, register, startEverything, wantedBy, type Customer } from './world';

/** Documented for an operation, and still not to be met by asking: the decision that refuses so is shown by its examples. */
const notByAsking: Readonly<Record<string, string>> = {
  'billing no-agreement-in-force': 'an account is verified only under an agreement in force, and there is one ever after',
  'billing receivable-exists': 'the id of a bill is made of its request, and a request repeated is answered from the stream',
};

const returned = new Set<string>();
let qiyue: TestPlatform;
beforeAll(async () => {
  qiyue = await startEverything();
}, 120_000);
afterAll(() => qiyue?.stop());

const operationOf = (method: string, path: string): Operation => {
  const matches = ({ method: own, path: pattern }: Operation): boolean =>
    own === method && new RegExp(`^${pattern.replace(/\{\w+\}/g, '[^/]+')}$`).test(path.split('?')[0] ?? '');
  const found = operations.filter(matches).sort((a, b) => a.path.split('{').length - b.path.split('{').length)[0];
  if (found === undefined) throw new Error(`no operation ${method} ${path}`);
  return found;
};

/** Asks for something that must be refused with this code, and as the document says. */
const refused = async (code: string, route: string, body: unknown, options: RequestOptions = {}): Promise<void> => {
  const [method = '', path = ''] = route.split(' ');
  const send = {
    GET: () => qiyue.get(path, options),
    PATCH: () => qiyue.patch(path, body, options),
    POST: () => qiyue.post(path, body, options),
  };
  const answer = await (send[method as keyof typeof send] ?? send.POST)();
  expect([route, answer.status, answer.body.code]).toEqual([route, answer.status, code]);
  expect([route, code, isDocumented(operationOf(method, path), answer)]).toEqual([route, code, true]);
  returned.add(`${path.split('/')[1] ?? ''} ${code}`);
};

const [operator, officer, finance] = [{ as: 'operator' }, { as: 'officer' }, { as: 'finance' }] as const;
const later = (ms: number): Promise<void> => qiyue.advanceTo(new Date(Date.parse(qiyue.now()) + ms).toISOString());
const [MINUTE_MS, DAY_MS] = [60_000, 86_400_000];
const telling = (receivableId: string, more: object = {}) => ({
  paymentId: 'p-1',
  receivableId,
  amountMinor: 196_000,
  currency: 'CNY',
  method: 'alipay',
  payerName: '杭州云栖示例科技有限公司',
  paidAt: qiyue.now(),
  ...more,
});
const callback = (body: object): RequestOptions => ({ raw: JSON.stringify(body), headers: signed(JSON.stringify(body)) });

describe('every documented code is really returned', () => {
  let [customer, unverified]: Customer[] = [];
  const order = (more: object = {}): object => wantedBy(customer!, more);
  let mine: RequestOptions;
  const stranger: RequestOptions = { as: { role: 'customer', sub: randomUUID() } };

  test('before there is an agreement', async () => {
    await refused('no-agreement-in-force', 'POST /identity/accounts', { email: 'a@example.com', password });
    await refused('no-agreement-in-force', 'POST /order/orders', wantedBy({ id: '', email: 'a@example.com', name: 'a' }), stranger);
    const publish = (text: string, more: object = {}) => ({ agreementVersion: '2026-01', text, ...more });
    await refused('agreement-unreadable', 'POST /compliance/agreements', publish('no clauses'), operator);
    await refused('agreement-parameter-unread', 'POST /compliance/agreements', publish(smallAgreement('若干')), operator);
    await refused(
      'agreement-effective-in-past',
      'POST /compliance/agreements',
      publish(smallAgreement(), { effectiveAt: '2020-01-01T00:00:00Z' }),
      operator,
    );
    done(await qiyue.post('/compliance/agreements', publish(smallAgreement()), operator));
    await refused('agreement-version-exists', 'POST /compliance/agreements', publish(smallAgreement('5 个')), operator);
    await qiyue.settle();
  });

  test('who somebody is', async () => {
    const email = 'tries@example.com';
    const { id } = done(await qiyue.post('/identity/accounts', { email, password })).body as { id: string };
    await qiyue.settle();
    await refused('password-too-weak', 'POST /identity/accounts', { email: 'weak@example.com', password: 'password' });
    await refused('already-registered', 'POST /identity/accounts', { email, password: `${password}!` });
    await refused('email-not-proved', 'POST /identity/sessions', { email, password });
    await refused(
      'email-not-proved',
      `POST /identity/accounts/${id}/verification`,
      papersOf({ id, email, name: 'a' }, 0),
      asCustomer({ id }),
    );
    await refused('code-sent-recently', `POST /identity/accounts/${id}/email-code`, undefined);
    await refused('account-unknown', 'POST /identity/accounts/nobody/email-code', undefined);
    const wrong = String((Number(await codeSentTo(qiyue, email)) + 1) % 1_000_000).padStart(6, '0');
    for (let tried = 0; tried < 5; tried += 1) await refused('code-wrong', `POST /identity/accounts/${id}/email-proof`, { code: wrong });
    await refused('code-tries-used-up', `POST /identity/accounts/${id}/email-proof`, { code: wrong });
    await later(15 * MINUTE_MS);
    await refused('code-expired', `POST /identity/accounts/${id}/email-proof`, { code: wrong });
    await refused('credentials-wrong', 'POST /identity/sessions', { email: 'nobody@example.com', password });
    for (let tried = 0; tried < 5; tried += 1) await refused('credentials-wrong', 'POST /identity/sessions', { email, password: 'wrong' });
    await refused('locked-out', 'POST /identity/sessions', { email, password });
  });

  test('what papers say', async () => {
    customer = await register(qiyue, 0);
    unverified = await register(qiyue, 1);
    mine = asCustomer(customer);
    const verification = `POST /identity/accounts/${customer.id}/verification`;
    const papers = papersOf(customer, 0);
    await refused('credit-code-invalid', verification, { ...papers, creditCode: '91330106MA28XXXX70' }, mine);
    await refused('id-card-invalid', verification, { subject: 'individual', name: '示例', idNumber: '110105194912310020' }, mine);
    await refused(
      'agreement-version-unknown',
      `POST /identity/accounts/${customer.id}/agreement-refusal`,
      { agreementVersion: 'nothing' },
      mine,
    );
    done(await qiyue.post(verification.slice(5), { ...papers, name: '复核示例公司' }, mine));
    await qiyue.settle();
    await refused('verification-pending', verification, papers, mine);
    done(await qiyue.post(`/identity/accounts/${customer.id}/verification-review`, { approve: false, reason: 'not so' }, officer));
    done(await qiyue.post(verification.slice(5), papers, mine));
    await qiyue.settle();
    await refused('already-verified', verification, { ...papers, name: '另一家公司' }, mine);
  });

  test('who may order what', async () => {
    await refused('account-not-accepted', 'POST /order/orders', order(), stranger);
    await refused('account-not-verified', 'POST /order/orders', wantedBy(unverified!), asCustomer(unverified!));
    await refused('no-price-list', 'POST /order/orders', order(), mine);
    const product = { sku: 'waf-std', name: 'WAF', unitPriceMinor: 98_000, thirdPartyContent: false, termMonths: 12 };
    const dear = { ...product, sku: 'dear', unitPriceMinor: Number.MAX_SAFE_INTEGER };
    const prices = { version: '2026-spring', currency: 'CNY', products: [product, dear] };
    await refused('currency-not-supported', 'POST /order/price-lists', { ...prices, currency: 'USD' }, operator);
    await refused('product-listed-twice', 'POST /order/price-lists', { ...prices, products: [product, product] }, operator);
    done(await qiyue.post('/order/price-lists', prices, operator));
    await refused('price-list-exists', 'POST /order/price-lists', { ...prices, products: [product] }, operator);
    await qiyue.settle();
    await refused('product-unknown', 'POST /order/orders', order({ lines: [{ sku: 'nothing', quantity: 1 }] }), mine);
    await refused('amount-too-large', 'POST /order/orders', order({ lines: [{ sku: 'dear', quantity: 2 }] }), mine);
    await refused('subscription-unknown', 'POST /order/orders', order({ renews: 'nothing' }), mine);
    const voucher = { code: 'V-1', accountId: customer!.id, amountMinor: 5_000, currency: 'CNY', validUntil: '2027-01-01T00:00:00+08:00' };
    done(await qiyue.post('/order/vouchers', voucher, finance));
    await refused('voucher-exists', 'POST /order/vouchers', { ...voucher, amountMinor: 1 }, finance);
    await refused('voucher-unusable', 'POST /order/orders', order({ voucherCode: 'V-2' }), mine);
    const period = { name: '经销商', from: '2030-01-01T00:00:00+08:00', until: '2031-01-01T00:00:00+08:00' };
    await refused('authorisation-period-empty', 'POST /order/dealers/d-1/authorisations', { ...period, until: period.from }, operator);
    await refused('dealer-unknown', 'POST /order/dealers/d-1/withdrawal', { reason: 'unknown' }, operator);
    done(await qiyue.post('/order/dealers/d-1/authorisations', period, operator));
    await refused('dealer-not-authorised', 'POST /order/orders', order({ dealerId: 'd-1' }), mine);
  });

  test('orders, money and invoices', async () => {
    const submit = async (): Promise<string> => (done(await qiyue.post('/order/orders', order(), mine)).body as { id: string }).id;
    const [paid, unpaid, called] = [await submit(), await submit(), await submit()];
    await qiyue.settle();
    await refused('order-unknown', 'POST /order/orders/nothing/cancellation', undefined, mine);
    await refused('order-is-frozen', `PATCH /order/orders/${paid}`, { lines: [] }, mine);
    await refused('order-unpaid', `POST /order/orders/${paid}/refund`, { reason: 'none' }, mine);
    await refused('callback-not-genuine', 'POST /billing/payments/callbacks', telling(paid));
    for (const told of [
      telling(paid, { paymentId: 'p-0', payerName: '另一家公司' }),
      telling(paid, { paymentId: 'p-2', amountMinor: 1 }),
      telling(unpaid, { paymentId: 'p-3', amountMinor: 1 }),
      telling(paid),
      telling(called, { paymentId: 'p-4' }),
    ])
      done(await qiyue.post('/billing/payments/callbacks', undefined, callback(told)));
    await refused('payment-differs', 'POST /billing/payments/callbacks', undefined, callback(telling(paid, { amountMinor: 5 })));
    await qiyue.settle();
    const decision = { reason: 'a reason', evidence: 'a letter' };
    const release = (receivableId: string, paymentId: string): string =>
      `POST /billing/receivables/${receivableId}/payments/${paymentId}/release`;
    await refused('receivable-unknown', release('nothing', 'p-1'), decision, officer);
    await refused('payment-unknown', release(paid, 'p-9'), decision, officer);
    await refused('payment-not-held', release(paid, 'p-1'), decision, officer);
    await refused('receivable-not-open', release(paid, 'p-0'), decision, officer);
    await refused('payment-not-releasable', release(unpaid, 'p-3'), decision, officer);
    await refused('order-paid', `POST /order/orders/${paid}/cancellation`, undefined, mine);
    await refused('invoice-unknown', 'POST /invoice/invoices/nothing/issue', undefined, finance);
    await refused('invoice-not-issued', `POST /invoice/invoices/${paid}/return`, {}, mine);
    await refused('subscription-not-renewable', 'POST /order/orders', order({ renews: paid, lines: [{ sku: 'dear', quantity: 1 }] }), mine);
    done(await qiyue.post(`/order/orders/${called}/refund`, { reason: 'none' }, mine));
    await qiyue.settle();
    await refused('invoice-cancelled', `POST /invoice/invoices/${called}/issue`, undefined, finance);
    const [payout] = (await qiyue.get('/billing/payouts', finance)).body.items as readonly { payoutId: string }[];
    await refused('payout-unknown', 'POST /billing/payouts/nothing/retry', { reason: 'none' }, finance);
    await refused('payout-not-refused', `POST /billing/payouts/${payout?.payoutId}/retry`, { reason: 'none' }, finance);
    await later(5 * DAY_MS);
    await refused('return-not-required', `POST /invoice/invoices/${paid}/return`, {}, mine);
    await refused('refund-window-closed', `POST /order/orders/${paid}/refund`, { reason: 'none' }, mine);
    await later(20 * DAY_MS);
    await refused('order-closed', `POST /order/orders/${unpaid}/cancellation`, undefined, mine);
    const bill = { accountId: customer!.id, amountMinor: 1, currency: 'CNY', description: 'use', dueBy: '2020-01-01T00:00:00Z' };
    await refused('due-date-in-past', 'POST /billing/bills', bill, finance);
    await refused('account-not-verified', 'POST /billing/bills', { ...bill, accountId: unverified!.id }, finance);
  });

  test('notices, cases and standing', async () => {
    await refused('notice-unknown', 'POST /notification/notices/nothing/bounce', undefined, operator);
    const { items } = (await qiyue.get('/notification/announcements')).body as { items: readonly { noticeId: string }[] };
    await refused('channel-not-used', `POST /notification/notices/${items[0]?.noticeId}/bounce`, undefined, operator);
    await refused('account-unknown', 'POST /compliance/accounts/nobody/suspension', { cause: '8.2.2', reason: 'none' }, officer);
    await refused('account-not-suspended', `POST /compliance/accounts/${customer!.id}/reinstatement`, { reason: 'none' }, officer);
    await refused('case-unknown', 'POST /compliance/cases/nothing/notes', { text: 'none' }, officer);
    const { items: cases } = (await qiyue.get('/compliance/cases', officer)).body as { items: readonly { caseId: string }[] };
    done(await qiyue.post(`/compliance/cases/${cases[0]?.caseId}/closing`, { outcome: 'done' }, officer));
    await refused('case-closed', `POST /compliance/cases/${cases[0]?.caseId}/notes`, { text: 'none' }, officer);
    done(await qiyue.post(`/compliance/accounts/${customer!.id}/suspension`, { cause: '8.2.2', reason: 'none' }, officer));
    await qiyue.settle();
    await refused('account-suspended', 'POST /order/orders', order(), mine);
    done(await qiyue.post(`/identity/accounts/${customer!.id}/agreement-refusal`, { agreementVersion: '2026-01' }, mine));
    await qiyue.settle();
    await refused('account-declined-agreement', 'POST /order/orders', order(), mine);
  });

  test('by asking, wherever an operation documents it', () => {
    const documented = operations.flatMap(({ path, codes }) =>
      Object.values(codes)
        .flat()
        .map((code) => `${path.split('/')[1] ?? ''} ${code}`),
    );
    const missing = [...new Set(documented)].filter(
      (one) => !(one.split(' ')[1]! in kitProblems) && !returned.has(one) && !(one in notByAsking),
    );
    expect(missing).toEqual([]);
  });

  test('or else by the decision that refuses so, when only reactions ask for it', () => {
    const decided = allServices.flatMap(({ name, examples, rejections: { table } }) =>
      examples.flatMap((one) => checkRefusals(one, Object.keys(table)).map((code) => `${name} ${code}`)),
    );
    const shown = new Set([...returned, ...decided]);
    const tables = allServices.flatMap(({ name, rejections: { table } }) => Object.keys(table).map((code) => `${name} ${code}`));
    expect(tables.filter((one) => !shown.has(one))).toEqual([]);
    expect(Object.keys(notByAsking).filter((one) => returned.has(one))).toEqual([]);
  });
});
