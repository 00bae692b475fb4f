import { identityFacts } from '@qiyue/contracts';
import { everythingStored, freshFold, tablesHolding } from '@qiyue/service-kit/testing';
import { randomUUID } from 'node:crypto';
import { complianceService } from './compliance.module';
import { smallAgreement } from './domain/agreement.examples';
import { auditor, customer, officer, operator, startCompliance, type ComplianceBench } from './testing';

const log: string[] = [];
let bench: ComplianceBench;
beforeAll(async () => {
  bench = await startCompliance({ env: { LOG_LEVEL: 'info' }, logTo: { write: (line: string) => void log.push(line) } });
}, 60_000);
afterAll(() => bench?.qiyue.stop());

describe('an agreement', () => {
  test('is published once, read by anybody, and says which clauses changed and which numbers it sets (1.2)', async () => {
    const { qiyue, publish, typesOf } = bench;
    const [first, again] = [await publish('2026-01', {}, { key: 'p' }), await publish('2026-01', {}, { key: 'p' })];
    expect(first).toMatchObject({ status: 201, body: { events: [{ type: 'AgreementVersionPublished', clause: '1.2' }] } });
    expect(again.body).toEqual({ ...first.body, replayed: true });
    expect(await publish('2026-01')).toMatchObject({ status: 200, body: { events: [] } });
    expect(await publish('2026-02', { text: smallAgreement('5 个'), effectiveAt: '2026-04-01T00:00:00+08:00' })).toMatchObject({
      status: 200,
    });
    await qiyue.settle();
    const { items } = (await qiyue.get('/compliance/agreements')).body;
    expect(items).toMatchObject([
      {
        agreementVersion: '2026-02',
        effectiveAt: '2026-03-31T16:00:00.000Z',
        publishedAt: qiyue.now(),
        changes: [{ clause: '2.2.5', change: 'changed' }],
      },
      { agreementVersion: '2026-01', effectiveAt: qiyue.now(), parameters: { refundWindowWorkingDays: 3, invoiceTermWorkingDays: 7 } },
    ]);
    expect(items[0].parameters.refundWindowWorkingDays).toBe(5);
    expect(JSON.stringify((await qiyue.get('/compliance/agreements/2026-02')).body.sections)).toContain('5 个工作日');
    expect((await qiyue.get('/compliance/agreements/2027-01')).status).toBe(404);
    expect(await typesOf('agreement-user')).toEqual(['AgreementVersionPublished', 'AgreementVersionPublished']);
  });
  test.each([
    ['other words under the same name', { text: smallAgreement('9 个') }, 409, 'agreement-version-exists'],
    ['another instant under the same name', { effectiveAt: '2027-01-01T00:00:00Z' }, 409, 'agreement-version-exists'],
    ['an instant of the past', { agreementVersion: 'x', effectiveAt: '2026-03-02T01:59:59.999Z' }, 422, 'agreement-effective-in-past'],
    ['no numbered clause', { agreementVersion: 'x', text: 'hello' }, 422, 'agreement-unreadable'],
    ['a number nobody can read', { agreementVersion: 'x', text: smallAgreement('数个') }, 422, 'agreement-parameter-unread'],
    ['an instant without its zone', { effectiveAt: '2026-04-01T00:00:00' }, 422, 'invalid'],
    ['a number that is none', { parameters: { refundWindowWorkingDays: 'three' } }, 422, 'invalid'],
    ['a negative number', { parameters: { refundWindowWorkingDays: -1 } }, 422, 'invalid'],
    ['a number nobody knows', { parameters: { luckyNumber: 8 } }, 422, 'invalid'],
    ['a name with blanks', { agreementVersion: 'a b' }, 422, 'invalid'],
  ])('with %s is refused (1.2)', async (_what, more, status, code) => {
    expect(await bench.publish('2026-01', more)).toMatchObject({ status, body: { code } });
  });
  test('published by many at once under one name is published once (1.2)', async () => {
    const { publish, typesOf } = bench;
    const before = (await typesOf('agreement-user')).length;
    await Promise.all(Array.from({ length: 6 }, () => publish('2026-03')));
    expect(await typesOf('agreement-user')).toHaveLength(before + 1);
  });
});

describe('standing', () => {
  const suspend = (accountId: string, more: object = {}, sent: object = {}) =>
    bench.qiyue.post(
      `/compliance/accounts/${accountId}/suspension`,
      { cause: '8.2.2', reason: '扫描他人系统', evidence: '证据柜 12 号', ...more },
      { ...officer, ...sent },
    );
  const reinstate = (accountId: string) =>
    bench.qiyue.post(`/compliance/accounts/${accountId}/reinstatement`, { reason: '已整改' }, officer);

  test('is good until an officer suspends under one of the eight causes, and good again when one reinstates (8.2, 8.2.2)', async () => {
    const { qiyue, anAccount, standingOf, typesOf } = bench;
    const accountId = await anAccount();
    expect(await standingOf(accountId)).toEqual({ accountId, status: 'good', causes: [] });
    const [first, again] = [await suspend(accountId, {}, { key: 's' }), await suspend(accountId, {}, { key: 's' })];
    expect(first).toMatchObject({ body: { events: [{ type: 'AccountSuspended', clause: '8.2.2' }] } });
    expect(again.body).toEqual({ ...first.body, replayed: true });
    expect((await suspend(accountId, { cause: '8.2.8' })).body.events).toEqual([{ type: 'SuspensionCauseAdded', clause: '8.2.8' }]);
    await qiyue.settle();
    expect(await standingOf(accountId, customer(accountId))).toMatchObject({
      status: 'suspended',
      causes: ['8.2.2', '8.2.8'],
      reason: '扫描他人系统',
      since: qiyue.now(),
    });
    expect((await reinstate(accountId)).body.events).toEqual([{ type: 'AccountReinstated', clause: '8.2' }]);
    await qiyue.settle();
    expect(await standingOf(accountId)).toMatchObject({ status: 'good', causes: [], reason: '已整改' });
    expect(await reinstate(accountId)).toMatchObject({ status: 409, body: { code: 'account-not-suspended', clause: '8.2' } });
    expect(await typesOf(`standing-${accountId}`)).toEqual(['AccountSuspended', 'SuspensionCauseAdded', 'AccountReinstated']);
  });
  test('of an account nobody has told of cannot be decided (8.2)', async () => {
    for (const answer of [await suspend(randomUUID()), await reinstate(randomUUID())])
      expect(answer).toMatchObject({ status: 404, body: { code: 'account-unknown' } });
  });
  test.each([['8.2.9'], ['8.2'], ['2.2.2'], ['']])('is not decided for the cause %p (8.2)', async (cause) =>
    expect(await suspend(randomUUID(), { cause })).toMatchObject({ status: 422, body: { code: 'invalid' } }),
  );
  test("is nobody else's business: for another customer the account does not exist", async () => {
    const [accountId, other] = [await bench.anAccount(), await bench.anAccount()];
    expect((await bench.qiyue.get(`/compliance/accounts/${accountId}/standing`, customer(other))).status).toBe(404);
  });
});

describe('payment default (8.2.3)', () => {
  test('suspends by itself, told twice once, and payment in full reinstates by itself', async () => {
    const { qiyue, tell, anAccount, bill, standingOf, typesOf } = bench;
    const accountId = await anAccount();
    const owed = bill(accountId);
    const told = await owed.overdue();
    await tell.again(told);
    await qiyue.settle();
    expect(await standingOf(accountId)).toMatchObject({ status: 'suspended', causes: ['8.2.3'] });
    const paid = await owed.paid();
    await tell.again(told);
    await tell.again(paid);
    await qiyue.settle();
    expect(await standingOf(accountId)).toMatchObject({ status: 'good', causes: [] });
    expect(await typesOf(`standing-${accountId}`)).toEqual([
      'PaymentDefaultNoted',
      'AccountSuspended',
      'PaymentDefaultCured',
      'AccountReinstated',
    ]);
  });
  test('of two bills ends with the second payment, in whatever order they are paid, over a restart', async () => {
    const { qiyue, anAccount, bill, standingOf } = bench;
    const accountId = await anAccount();
    const [one, two] = [bill(accountId), bill(accountId)];
    await Promise.all([one.overdue(), two.overdue()]);
    await qiyue.settle();
    await two.paid();
    await qiyue.restart();
    await qiyue.settle();
    expect((await standingOf(accountId)).status).toBe('suspended');
    await one.paid();
    await qiyue.settle();
    expect((await standingOf(accountId)).status).toBe('good');
  });
  test('that is paid lifts no other cause', async () => {
    const { qiyue, anAccount, bill, standingOf } = bench;
    const accountId = await anAccount();
    const owed = bill(accountId);
    await owed.overdue();
    await qiyue.settle();
    await qiyue.post(`/compliance/accounts/${accountId}/suspension`, { cause: '8.2.4', reason: 'x' }, officer);
    await owed.paid();
    await qiyue.settle();
    expect(await standingOf(accountId)).toMatchObject({ status: 'suspended', causes: ['8.2.4'] });
  });
  test('is none where the money came before the term, or for something else', async () => {
    const { qiyue, anAccount, bill, typesOf } = bench;
    const accountId = await anAccount();
    await bill(accountId).paid();
    await qiyue.settle();
    expect(await typesOf(`standing-${accountId}`)).toEqual([]);
  });
});

describe('a case', () => {
  test('about held money opens once, and closes when the money is back; what is told again changes nothing (2.2.2)', async () => {
    const { qiyue, tell, anAccount, payment, caseOf, typesOf } = bench;
    const accountId = await anAccount();
    const money = payment(accountId);
    const held = await money.held();
    await tell.again(held);
    await qiyue.settle();
    expect(await caseOf(money.caseId)).toMatchObject({
      kind: 'payment-held',
      accountId,
      about: money.paymentId,
      clause: '2.2.2',
      status: 'open',
      outcome: null,
    });
    const returned = await money.returned();
    await tell.again(held);
    await tell.again(returned);
    await qiyue.restart();
    await tell.again(held);
    await qiyue.settle();
    expect(await caseOf(money.caseId)).toMatchObject({ status: 'closed', outcome: 'payment-returned' });
    expect(await typesOf(`case-${money.caseId}`)).toEqual(['CaseOpened', 'CaseClosed']);
  });
  test('about held money closes when an officer lets it count; a return told later leaves it so (2.2.2)', async () => {
    const { qiyue, anAccount, payment, caseOf } = bench;
    const money = payment(await anAccount());
    await money.held();
    await money.released();
    await qiyue.settle();
    await money.returned();
    await qiyue.settle();
    expect(await caseOf(money.caseId)).toMatchObject({ status: 'closed', outcome: 'payment-released' });
  });
  test('about money of nobody opens all the same (2.2.2)', async () => {
    const money = bench.payment('unattributed');
    await money.held();
    await bench.qiyue.settle();
    expect(await bench.caseOf(money.caseId)).toMatchObject({ accountId: 'unattributed', status: 'open' });
  });
  test('about a late invoice closes when it is issued, or will never be; an invoice in time has none (2.2.3)', async () => {
    const { qiyue, anAccount, lateInvoice, caseOf } = bench;
    const accountId = await anAccount();
    const [late, cancelled, inTime] = [lateInvoice(accountId), lateInvoice(accountId), lateInvoice(accountId)];
    await Promise.all([late.overdue(), cancelled.overdue(), inTime.issued()]);
    await qiyue.settle();
    expect(await caseOf(late.caseId)).toMatchObject({ kind: 'invoice-overdue', clause: '2.2.3', status: 'open' });
    await Promise.all([late.issued(), cancelled.cancelled()]);
    await qiyue.settle();
    expect(await caseOf(late.caseId)).toMatchObject({ status: 'closed', outcome: 'invoice-issued' });
    expect(await caseOf(cancelled.caseId)).toMatchObject({ status: 'closed', outcome: 'invoice-cancelled' });
    expect((await caseOf(inTime.caseId)).status).toBe(404);
  });
  test('is worked by officers: notes are kept, then it is closed and closed it stays', async () => {
    const { qiyue, anAccount, payment, caseOf } = bench;
    const money = payment(await anAccount());
    await money.held();
    await qiyue.settle();
    const path = `/compliance/cases/${money.caseId}`;
    const note = (text: string, key?: string) =>
      qiyue.post(`${path}/notes`, { text }, { as: { role: 'officer', sub: 'officer-7' }, ...(key === undefined ? {} : { key }) });
    await note('已致电欧阳示例', 'n');
    expect((await note('已致电欧阳示例', 'n')).body.replayed).toBe(true);
    await note('等待回函');
    await qiyue.settle();
    expect((await caseOf(money.caseId)).notes).toMatchObject([
      { note: '已致电欧阳示例', by: 'officer-7', notedAt: qiyue.now() },
      { note: '等待回函', by: 'officer-7' },
    ]);
    expect((await caseOf(money.caseId, auditor)).notes[0].note).toBe('[personal]');
    expect((await qiyue.post(`${path}/closing`, { outcome: 'explained' }, officer)).body.events).toEqual([
      { type: 'CaseClosed', clause: '2.2.2' },
    ]);
    expect(await note('zu spät')).toMatchObject({ status: 409, body: { code: 'case-closed' } });
    await money.returned();
    await qiyue.settle();
    expect(await caseOf(money.caseId)).toMatchObject({ status: 'closed', outcome: 'explained' });
  });
  test('about an anomaly opens with the words of its reporter, once; tokens issued before the report are refused here as well (2.1.2, 3.2)', async () => {
    const { qiyue, tell, anAccount, caseOf, typesOf } = bench;
    const accountId = await anAccount();
    const authorization = `Bearer ${await qiyue.as({ role: 'customer', sub: accountId })}`;
    const look = async () => (await qiyue.get(`/compliance/accounts/${accountId}/standing`, { headers: { authorization } })).status;
    expect(await look()).toBe(200);
    const reportId = randomUUID();
    const description = await qiyue.platform.state.process.vault.seal(accountId, reportId, 'description', '欧阳见到异地登录');
    const told = await tell(identityFacts.AnomalyReported, accountId, { accountId, reportId, description, reportedAt: qiyue.now() });
    await tell.again(told);
    await qiyue.settle();
    expect(await look()).toBe(401);
    expect(await caseOf(`anomaly.${reportId}`)).toMatchObject({
      kind: 'anomaly',
      accountId,
      clause: '2.1.2',
      status: 'open',
      notes: [{ note: '欧阳见到异地登录', by: accountId }],
    });
    expect(await typesOf(`case-anomaly.${reportId}`)).toEqual(['CaseOpened', 'CaseNoted']);
    await qiyue.advanceTo(new Date(Date.parse(qiyue.now()) + 1_000).toISOString());
    expect((await qiyue.get(`/compliance/accounts/${accountId}/standing`, customer(accountId))).status).toBe(200);
  });
  test('that is none is not found', async () => {
    const { qiyue } = bench;
    expect((await qiyue.post('/compliance/cases/none/notes', { text: 'x' }, officer)).body.code).toBe('case-unknown');
    expect((await qiyue.post('/compliance/cases/none/closing', { outcome: 'x' }, officer)).body.code).toBe('case-unknown');
    expect((await qiyue.get('/compliance/cases/none', officer)).status).toBe(404);
  });
  test('is listed by its status, newest first, page by page', async () => {
    const { qiyue } = bench;
    const all = async (status: string) => {
      const ids: string[] = [];
      let after = '';
      do {
        const { body } = await qiyue.get(`/compliance/cases?status=${status}&limit=2${after}`, { as: 'finance' });
        for (const row of body.items) expect(row.status).toBe(status);
        ids.push(...(body.items as { caseId: string }[]).map(({ caseId }) => caseId));
        after = body.next === undefined ? '' : `&after=${encodeURIComponent(body.next)}`;
      } while (after !== '');
      return ids;
    };
    const [open, closed] = [await all('open'), await all('closed')];
    expect(new Set([...open, ...closed]).size).toBe(open.length + closed.length);
    expect(closed.length).toBeGreaterThan(2);
    expect((await qiyue.get('/compliance/cases?status=lost', officer)).status).toBe(422);
  });
});

describe('personal data', () => {
  test("an officer's grounds and notes, the payer's name and the address stand nowhere in clear, nor in the log (5.1)", async () => {
    const { qiyue, anAccount, payment } = bench;
    const email = 'ouyang.shili@example.com';
    const accountId = await anAccount(email);
    const money = payment(accountId);
    await money.held('欧阳付款人');
    await qiyue.settle();
    await qiyue.post(`/compliance/cases/${money.caseId}/notes`, { text: '欧阳付款人已致电' }, { ...officer, key: 'note' });
    await qiyue.post(
      `/compliance/accounts/${accountId}/suspension`,
      { cause: '8.2.1', reason: '欧阳越权访问', evidence: '欧阳的录屏' },
      { ...officer, key: 'sus' },
    );
    await qiyue.settle();
    const stored = await everythingStored(qiyue);
    for (const place of [
      'esn_',
      'bus.',
      'compliance.public.standings',
      'compliance.public.cases',
      'compliance.public.known_accounts',
      'vault.',
    ])
      expect([...stored].filter(([name, text]) => name.includes(place) && text.includes(accountId))).not.toEqual([]);
    const secrets = [email, '欧阳', '扫描他人系统', '证据柜', '已整改'];
    expect(await tablesHolding(qiyue, secrets)).toEqual([]);
    for (const secret of secrets) expect(log.join('')).not.toContain(secret);
  });
  test('that an officer looks at leaves a record, and a look at nothing personal leaves none (5.2)', async () => {
    const { qiyue, anAccount, eventsOf, standingOf } = bench;
    const [accountId, blameless] = [await anAccount(), await anAccount()];
    await qiyue.post(`/compliance/accounts/${accountId}/suspension`, { cause: '8.2.4', reason: '可疑登录' }, officer);
    await qiyue.settle();
    expect((await standingOf(accountId)).reason).toBe('可疑登录');
    expect((await standingOf(accountId, auditor)).reason).toBe('[personal]');
    await standingOf(blameless);
    expect(await eventsOf(`compliance_access-${accountId}`)).toMatchObject([
      {
        type: 'PersonalDataRead',
        data: { accountId, role: 'officer', staffId: 'officer-1', route: 'GET /compliance/accounts/:accountId/standing' },
        metadata: { clause: '5.2' },
      },
    ]);
    expect(await eventsOf(`compliance_access-${blameless}`)).toEqual([]);
  });
});

test.each(complianceService.readModels.map((model) => [model.name, model] as const))(
  'the rows of %s are what a fresh fold of all events gives',
  async (_name, model) => {
    const diff = await freshFold(bench.qiyue, 'compliance', model);
    expect(diff).toMatchObject({ equal: true, differences: [] });
    expect(diff.rows).toBeGreaterThan(0);
  },
);

test('what operators publish is theirs alone to publish (1.2)', async () => {
  expect((await bench.publish('2026-09', {}, officer)).status).toBe(403);
  expect((await bench.publish('2026-09', {}, operator)).status).toBe(200);
});
