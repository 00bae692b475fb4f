import { billingFacts, complianceFacts, identityFacts, orderFacts } from '@qiyue/contracts';
import { everythingStored, freshFold, tablesHolding } from '@qiyue/service-kit/testing';
import { randomUUID } from 'node:crypto';
import { templates } from './domain/templates';
import { notificationService } from './notification.module';
import { Mailer, type HandOver, type Mail } from './ports/mailer';
import { customer, startNotification, type NotificationBench } from './testing';

/** Takes e-mails like a mail server; on demand it breaks down in the middle, quoting what it was given as careless programs do. */
class ScriptedMailer extends Mailer {
  readonly mails: Mail[] = [];
  breaks = 0;

  override async handOver(mail: Mail): Promise<HandOver> {
    if (this.breaks > 0) {
      this.breaks -= 1;
      throw new Error(`no route to ${mail.to} for ${mail.text}`);
    }
    this.mails.push(mail);
    return 'handed-over';
  }
}

const mailer = new ScriptedMailer();
const log: string[] = [];
const addresses: string[] = [];
let bench: NotificationBench;
beforeAll(async () => {
  bench = await startNotification({
    env: { LOG_LEVEL: 'info' },
    logTo: { write: (line: string) => void log.push(line) },
    ports: [{ provide: Mailer, useValue: mailer }],
  });
}, 60_000);
afterAll(() => bench?.qiyue.stop());

const anAccount = async (locale: 'zh' | 'en' = 'zh') => {
  const account = await bench.anAccount(locale);
  addresses.push(account.email);
  await bench.qiyue.settle();
  return account;
};

describe('a notice', () => {
  test("stands in the inbox of its reader in the reader's language, delivered by being written, and goes out by e-mail as well (7.1)", async () => {
    const { qiyue, told, inbox, typesOf } = bench;
    const [zh, en] = [await anAccount('zh'), await anAccount('en')];
    for (const { accountId } of [zh, en]) await told(orderFacts.OrderCancelled, accountId, { orderId: 'o-1' });
    await qiyue.settle();
    const [[inChinese], [inEnglish]] = [await inbox(zh.accountId), await inbox(en.accountId)];
    expect(inChinese).toMatchObject({
      template: 'OrderCancelled',
      title: '订单已取消',
      body: '订单 o-1 已取消。',
      locale: 'zh',
      clause: '2.2.1',
      channels: ['in-site', 'e-mail'],
      bounced: [],
      deemedDeliveredAt: qiyue.now(),
    });
    expect(inEnglish).toMatchObject({ title: 'Order cancelled', body: 'Order o-1 is cancelled.', locale: 'en' });
    expect(await typesOf(String(inChinese?.['noticeId']))).toEqual(['NoticeComposed', 'NoticeSent', 'EmailHandedOver']);
    expect(mailer.mails.filter(({ to }) => to === en.email).map(({ subject }) => subject)).toEqual(['Order cancelled']);
  });

  test('is one however often its fact is told, over a restart too (7.1)', async () => {
    const { qiyue, tell, told, inbox } = bench;
    const { accountId, email } = await anAccount();
    const envelope = await told(orderFacts.OrderCancelled, accountId);
    await tell.again(envelope);
    await qiyue.settle();
    await qiyue.restart();
    await tell.again(envelope);
    await qiyue.settle();
    expect(await inbox(accountId)).toHaveLength(1);
    expect(mailer.mails.filter(({ to }) => to === email)).toHaveLength(1);
  });

  test('whose sending broke down in the middle is sent once, under the same message id (7.1)', async () => {
    const { qiyue, told, noticesOf } = bench;
    const { accountId, email } = await anAccount();
    mailer.breaks = 2;
    await told(orderFacts.OrderCancelled, accountId);
    await qiyue.settle();
    const [notice] = await noticesOf(accountId);
    expect(mailer.mails.filter(({ to }) => to === email).map(({ messageId }) => messageId)).toEqual([notice?.['noticeId']]);
    expect(notice?.['channels']).toEqual(['in-site', 'e-mail']);
  });

  test('to somebody nobody has told of yet is written all the same, in Chinese and in-site (7.1)', async () => {
    const { qiyue, told, inbox } = bench;
    const accountId = randomUUID();
    await told(billingFacts.PaymentReturned, accountId);
    await qiyue.settle();
    expect((await inbox(accountId))[0]).toMatchObject({ locale: 'zh', channels: ['in-site'] });
  });

  test("is nobody else's: another customer finds neither it nor its like", async () => {
    const { qiyue, told, inbox } = bench;
    const [{ accountId }, other] = [await anAccount(), await anAccount()];
    await told(orderFacts.OrderCancelled, accountId);
    await qiyue.settle();
    const id = (await inbox(accountId))[0]?.['noticeId'];
    expect((await qiyue.get(`/notification/notices/${id}`, customer(accountId))).status).toBe(200);
    expect((await qiyue.get(`/notification/notices/${id}`, customer(other.accountId))).status).toBe(404);
    expect((await qiyue.get(`/notification/notices?accountId=${accountId}`, customer(other.accountId))).body.items).toEqual([]);
  });

  test.each(templates.filter(({ to }) => to === 'account').map(({ fact }) => [fact.name, fact] as const))(
    'of %s reaches its account (7.1)',
    async (name, fact) => {
      const { qiyue, told, noticesOf } = bench;
      const { accountId } = await anAccount();
      const example = fact.example as Record<string, unknown>;
      const personal = Object.keys(fact.schema.properties).filter((field) => 'x-personal-of' in (fact.schema.properties[field] as object));
      const { vault } = qiyue.platform.state.process;
      const sealed = await Promise.all(
        personal.map(async (field) => [field, await vault.seal(accountId, randomUUID(), field, String(example[field]))] as const),
      );
      await told(fact, accountId, Object.fromEntries(sealed) as never);
      await qiyue.settle();
      expect((await noticesOf(accountId)).map(({ template }) => template)).toEqual([name]);
    },
  );
});

describe('a new version of the agreement', () => {
  test('is announced to everybody in both languages, once, and anybody may read it (1.2, 7.1)', async () => {
    const { qiyue, tell } = bench;
    const { example } = complianceFacts.AgreementVersionPublished;
    const told = await tell(complianceFacts.AgreementVersionPublished, 'user', {
      ...example,
      agreementVersion: '2026-07',
      effectiveAt: '2026-07-31T16:00:00.000Z',
    });
    await tell.again(told);
    await qiyue.settle();
    const read = async (query: string) => (await qiyue.get(`/notification/announcements${query}`)).body.items as Record<string, unknown>[];
    expect(await read('')).toHaveLength(2);
    expect(await read('?locale=zh')).toMatchObject([
      {
        title: '用户协议新版本',
        body: expect.stringContaining('自 2026-08-01 起适用'),
        channels: ['web-announcement'],
        deemedDeliveredAt: qiyue.now(),
        clause: '1.2',
      },
    ]);
    expect(await read('?locale=en')).toMatchObject([{ locale: 'en', body: expect.stringContaining('2026-07') }]);
    expect((await qiyue.get('/notification/announcements?locale=fr')).status).toBe(422);
  });
});

describe('personal data', () => {
  test('stands nowhere in clear: neither address nor code (5.1)', async () => {
    const { qiyue, anAccount: register, code, told } = bench;
    const { accountId, email } = await register('en', 'ouyang.shili@example.com');
    await code(accountId, email, '918273');
    await told(identityFacts.VerificationRejected, accountId);
    await qiyue.settle();
    expect(mailer.mails.at(-1)?.to).toBe(email);
    const stored = await everythingStored(qiyue);
    for (const place of ['esn_', 'bus.', 'notification.public.notices', 'vault.'])
      expect([...stored].filter(([name, text]) => name.includes(place) && text.includes(accountId))).not.toEqual([]);
    expect(await tablesHolding(qiyue, [...addresses, email, '918273'])).toEqual([]);
  });
  test('is in no dead letter when an e-mail cannot be sent for good, and in no line of the log (5.1)', async () => {
    const { qiyue, told, noticesOf } = bench;
    const { accountId, email } = await anAccount();
    mailer.breaks = 3;
    await told(orderFacts.OrderCancelled, accountId);
    const { parked } = await qiyue.settle({ allowParked: true });
    const id = String((await noticesOf(accountId))[0]?.['noticeId']);
    expect(parked.join()).toContain(`notice-${id}`);
    expect([...(await everythingStored(qiyue))].find(([name]) => name.endsWith('kit_parked_events'))?.[1]).toContain(id);
    expect(await tablesHolding(qiyue, [...addresses, email])).toEqual([]);
    expect(log.join('')).toContain('send-email-on-notice-composed');
    for (const secret of [...addresses, email, '918273']) expect(log.join('')).not.toContain(secret);
    const entry = { station: 'events', stream: `notice-${id}`, name: 'send-email-on-notice-composed' };
    expect((await qiyue.post('/notification/ops/parked/redrive', entry, { as: 'operator' })).body).toEqual({ handled: 1, left: 0 });
    await qiyue.settle();
    expect(mailer.mails.filter(({ to }) => to === email)).toHaveLength(1);
  });
});

test.each(notificationService.readModels.map((model) => [model.name, model] as const))(
  'the rows of %s are what a fresh fold of all events gives',
  async (_name, model) => {
    const diff = await freshFold(bench.qiyue, 'notification', model);
    expect(diff).toMatchObject({ equal: true, differences: [] });
    expect(diff.rows).toBeGreaterThan(0);
  },
);
