import { identityFacts, orderFacts } from '@qiyue/contracts';
import { customer, freePort, startMailServer, startNotification, type NotificationBench } from './testing';

const refusal = (responseCode: number, message: string): Error => Object.assign(new Error(message), { responseCode });
const minutesLater = (now: string, minutes: number): string => new Date(Date.parse(now) + minutes * 60_000).toISOString();

let bench: NotificationBench;
let server: Awaited<ReturnType<typeof startMailServer>>;
let busyUntilTry = 0;
let tries = 0;
beforeAll(async () => {
  server = await startMailServer({
    onRcptTo: ({ address }, _session, done) => {
      if (address.startsWith('nobody')) return done(refusal(550, 'no such mailbox'));
      if (!address.startsWith('busy')) return done();
      tries += 1;
      return done(tries < busyUntilTry ? refusal(450, 'come back later') : undefined);
    },
  });
  bench = await startNotification({ env: { SMTP_URL: server.url, MAIL_FROM: 'no-reply@qiyue.example' } });
}, 60_000);
afterAll(async () => {
  await bench?.qiyue.stop();
  await server?.stop();
});

const mailsTo = (email: string) => server.received.filter(({ to }) => to.includes(email));

describe('an e-mail by a real mail server', () => {
  test("brings the one-time code in the reader's language, once, and shows it nowhere else (2.1.1, 7.1)", async () => {
    const { qiyue, tell, anAccount, code, inbox, noticesOf } = bench;
    const { accountId, email } = await anAccount('en');
    const told = await code(accountId, email, '012345');
    await tell.again(told);
    await qiyue.settle();
    const [mail, ...more] = mailsTo(email);
    const [notice] = await noticesOf(accountId);
    expect(more).toEqual([]);
    expect(mail).toMatchObject({ from: 'no-reply@qiyue.example', messageId: `<${notice?.['noticeId']}@qiyue.example>` });
    expect(mail?.text).toContain('012345');
    expect(mail?.text).toMatch(/code/i);
    expect(notice).toMatchObject({ template: 'EmailCodeIssued', channels: ['e-mail'], deemedDeliveredAt: qiyue.now(), locale: 'en' });
    expect(JSON.stringify(await inbox(accountId))).not.toContain('012345');
  });

  test('goes to the address the account gave last (2.1.2)', async () => {
    const { qiyue, tell, told, anAccount } = bench;
    const { accountId } = await anAccount();
    const moved = `moved-${accountId}@example.com`;
    await tell(identityFacts.ContactChanged, accountId, {
      accountId,
      email: await qiyue.platform.state.process.vault.seal(accountId, 'x', 'email', moved),
      changedAt: qiyue.now(),
    });
    await qiyue.settle();
    await told(orderFacts.OrderCancelled, accountId);
    await qiyue.settle();
    expect(mailsTo(moved)).toHaveLength(1);
  });

  test('to an address that is several sends to nobody but the one (2.1.2)', async () => {
    const { qiyue, anAccount, code } = bench;
    const odd = '"a,b"@example.com';
    const { accountId } = await anAccount('zh', odd);
    await code(accountId, odd, '111111');
    await qiyue.settle();
    expect(server.received.filter(({ text }) => text.includes('111111')).map(({ to }) => to)).toEqual([[odd]]);
  });

  test('that the server refuses for its recipient has bounced; the notice counts as delivered all the same (7.2)', async () => {
    const { qiyue, anAccount, told, noticesOf, typesOf } = bench;
    const { accountId } = await anAccount('zh', 'nobody@example.com');
    await qiyue.settle();
    await told(orderFacts.OrderCancelled, accountId);
    await qiyue.settle();
    const [notice] = await noticesOf(accountId);
    expect(notice).toMatchObject({ channels: ['in-site'], bounced: ['e-mail'], deemedDeliveredAt: qiyue.now(), emailRetryAt: null });
    expect(await typesOf(String(notice?.['noticeId']))).toEqual(['NoticeComposed', 'NoticeSent', 'NoticeBounced']);
    await qiyue.advanceTo(minutesLater(qiyue.now(), 60));
    expect(mailsTo('nobody@example.com')).toEqual([]);
  });

  test('that bounces hours later is recorded by the mail system, once (7.2)', async () => {
    const { qiyue, anAccount, told, noticesOf } = bench;
    const { accountId } = await anAccount();
    await qiyue.settle();
    await told(orderFacts.OrderCancelled, accountId);
    await qiyue.settle();
    const path = `/notification/notices/${(await noticesOf(accountId))[0]?.['noticeId']}/bounce`;
    const [first, again] = [
      await qiyue.post(path, {}, { as: 'service', key: 'b' }),
      await qiyue.post(path, {}, { as: 'service', key: 'b' }),
    ];
    expect(first).toMatchObject({ status: 200, body: { events: [{ type: 'NoticeBounced', clause: '7.2' }] } });
    expect(again.body).toEqual({ ...first.body, replayed: true });
    expect((await qiyue.post(path, {}, { as: 'operator' })).body.events).toEqual([]);
    await qiyue.settle();
    expect((await noticesOf(accountId))[0]).toMatchObject({ channels: ['in-site', 'e-mail'], bounced: ['e-mail'] });
    expect((await qiyue.post(path, {}, customer(accountId))).status).toBe(403);
  });

  test('that the server cannot take just now is tried again and then goes out once; nothing is parked (7.1)', async () => {
    const { qiyue, anAccount, code, noticesOf, typesOf } = bench;
    busyUntilTry = 3;
    const { accountId, email } = await anAccount('zh', `busy-${Date.parse(qiyue.now())}@example.com`);
    await code(accountId, email, '222222');
    await qiyue.settle();
    expect((await noticesOf(accountId))[0]).toMatchObject({
      channels: [],
      deemedDeliveredAt: null,
      emailRetryAt: minutesLater(qiyue.now(), 1),
    });
    await qiyue.restart();
    const retryAt = minutesLater(qiyue.now(), 1);
    await qiyue.advanceTo(new Date(Date.parse(retryAt) - 1).toISOString());
    expect(tries).toBe(1);
    await qiyue.advanceTo(retryAt);
    expect([tries, mailsTo(email).length]).toEqual([2, 0]);
    await qiyue.advanceTo(minutesLater(retryAt, 5));
    expect(mailsTo(email)).toHaveLength(1);
    const [notice] = await noticesOf(accountId);
    expect(notice).toMatchObject({ channels: ['e-mail'], deemedDeliveredAt: qiyue.now(), emailRetryAt: null });
    expect(await typesOf(String(notice?.['noticeId']))).toEqual([
      'NoticeComposed',
      'EmailDeferred',
      'EmailRetryDue',
      'EmailDeferred',
      'EmailRetryDue',
      'NoticeSent',
    ]);
  }, 60_000);

  test('is kept while there is no server, and sent once when there is one (7.1)', async () => {
    const port = await freePort();
    const without = await startNotification({ env: { SMTP_URL: `smtp://127.0.0.1:${port}` } });
    let late: Awaited<ReturnType<typeof startMailServer>> | undefined;
    try {
      const { accountId, email } = await without.anAccount();
      await without.code(accountId, email, '333333');
      await without.qiyue.settle();
      const [notice] = await without.noticesOf(accountId);
      expect(notice).toMatchObject({ channels: [], emailRetryAt: minutesLater(without.qiyue.now(), 1) });
      late = await startMailServer({}, port);
      await without.qiyue.advanceTo(minutesLater(without.qiyue.now(), 10));
      await without.qiyue.advanceTo(minutesLater(without.qiyue.now(), 2_000));
      expect(late.received.map(({ messageId }) => messageId)).toEqual([`<${notice?.['noticeId']}@qiyue.example>`]);
    } finally {
      await without.qiyue.stop();
      await late?.stop();
    }
  }, 60_000);

  test('that no server ever takes is given up after a day; what stands in-site was delivered long since (7.1)', async () => {
    const { qiyue, anAccount, told, noticesOf, typesOf } = bench;
    busyUntilTry = Infinity;
    const { accountId } = await anAccount('zh', `busy-for-ever-${Date.parse(qiyue.now())}@example.com`);
    await qiyue.settle();
    await told(orderFacts.OrderCancelled, accountId);
    await qiyue.advanceTo(minutesLater(qiyue.now(), 2 * 1_440));
    const [notice] = await noticesOf(accountId);
    expect(notice).toMatchObject({ channels: ['in-site'], bounced: [], emailRetryAt: null });
    expect((await typesOf(String(notice?.['noticeId']))).at(-1)).toBe('EmailGivenUp');
  });

  test('that the server refuses because of us is no bounce (7.2)', async () => {
    const strict = await startMailServer({ onMailFrom: (_address, _session, done) => done(refusal(553, 'who are you')) });
    const refused = await startNotification({ env: { SMTP_URL: strict.url } });
    try {
      const { accountId, email } = await refused.anAccount();
      await refused.code(accountId, email, '444444');
      await refused.qiyue.settle();
      expect((await refused.noticesOf(accountId))[0]).toMatchObject({ bounced: [], channels: [], emailRetryAt: expect.any(String) });
    } finally {
      await refused.qiyue.stop();
      await strict.stop();
    }
  }, 60_000);
});
