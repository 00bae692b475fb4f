import { allFacts, type Fact } from '@qiyue/contracts';
import { checkStream, givenFor } from '@qiyue/decider/testing';
import { contact, contactEvents } from './contact';
import { everyone, notice, noticeEvents as e } from './notice';
import { accountId, anEmailOnlyNotice, aSentNotice, composition, contactExamples, noticeExamples, noticeId } from './notification.examples';
import { templates, wordsOf } from './templates';

const given = givenFor(notice);
const now = '2026-03-02T01:00:05.000Z';
const sent = (channel: 'in-site' | 'e-mail' | 'web-announcement', template = 'OrderPaid', reader = accountId) =>
  e.NoticeSent({
    noticeId,
    accountId: reader,
    template,
    about: 'order-1',
    aboutClause: '2.2.2',
    channels: [channel],
    sentAt: now,
    deemedDeliveredAt: now,
  });

test('every kit-level property holds', () => [noticeExamples, contactExamples].forEach((examples) => checkStream(examples as never)));

describe('a notice', () => {
  test('in-site is sent, and deemed delivered, by being written (7.1)', () =>
    given()
      .when('compose', { ...composition, inSite: true }, { now })
      .then(e.NoticeComposed({ ...composition, composedAt: now }), sent('in-site')));
  test('to everyone is a web announcement (7.1)', () => {
    const { email: _email, ...announcement } = { ...composition, accountId: everyone };
    given()
      .when('compose', { ...announcement, inSite: true }, { now })
      .then(e.NoticeComposed({ ...announcement, composedAt: now }), sent('web-announcement', 'OrderPaid', everyone));
  });
  test('by e-mail alone waits for the mail server (7.1)', () =>
    given()
      .when('compose', { ...composition, inSite: false }, { now })
      .then(e.NoticeComposed({ ...composition, composedAt: now })));
  test('by e-mail alone is deemed delivered once handed over (7.1)', () =>
    given(...anEmailOnlyNotice)
      .when('recordEmail', { result: 'handed-over' }, { now })
      .then(sent('e-mail', 'EmailCodeIssued')));
  test('of the same fact is one notice', () =>
    given(...aSentNotice)
      .when('compose', { ...composition, inSite: true }, { now })
      .thenNothing());
  test('sent in-site is not sent again by its e-mail; that is only recorded (7.1)', () =>
    given(...aSentNotice)
      .when('recordEmail', { result: 'handed-over' }, { now })
      .then(e.EmailHandedOver({ noticeId, accountId, handedOverAt: now })));
  test('that bounces counts as delivered all the same, and both are in the record (7.2)', () => {
    const bounced = e.NoticeBounced({ noticeId, accountId, channel: 'e-mail', bouncedAt: now });
    given(...anEmailOnlyNotice)
      .when('recordEmail', { result: 'bounced' }, { now })
      .then(sent('e-mail', 'EmailCodeIssued'), bounced);
    given(...aSentNotice)
      .when('recordEmail', { result: 'bounced' }, { now })
      .then(bounced);
    given(...aSentNotice, bounced)
      .when('recordEmail', { result: 'bounced' }, { now })
      .thenNothing();
  });
  test('that bounces after it was handed over is recorded once (7.2)', () =>
    given(...aSentNotice, e.EmailHandedOver({ noticeId, accountId, handedOverAt: now }))
      .when('recordEmail', { result: 'bounced' }, { now })
      .then(e.NoticeBounced({ noticeId, accountId, channel: 'e-mail', bouncedAt: now })));
  test('without an address has no e-mail to record (7.1)', () => {
    const { email: _email, ...inSite } = composition;
    given(e.NoticeComposed({ ...inSite, composedAt: now }))
      .when('recordEmail', { result: 'bounced' }, { now })
      .thenRejected('channel-not-used');
  });
  test('that is none has no e-mail to record', () =>
    given().when('recordEmail', { result: 'bounced' }, { now }).thenRejected('notice-unknown'));
});

describe('an e-mail that nobody takes just now', () => {
  const ids = { noticeId, accountId };
  const deferred = (failedTry: number, retryAt: string) => e.EmailDeferred({ ...ids, failedTry, retryAt });
  const due = (tried: number) => e.EmailRetryDue({ ...ids, try: tried, dueAt: now });
  const failedOften = (n: number) => Array.from({ length: n }, (_, i) => [deferred(i + 1, now), due(i + 2)]).flat();

  test('is tried again after a minute, and then ever more rarely (7.1)', () => {
    const wait = (n: number, retryAt: string) =>
      given(...anEmailOnlyNotice, ...failedOften(n))
        .when('recordEmail', { result: 'not-now', try: n + 1 }, { now })
        .then(deferred(n + 1, retryAt));
    wait(0, '2026-03-02T01:01:05.000Z');
    wait(1, '2026-03-02T01:05:05.000Z');
    wait(2, '2026-03-02T01:15:05.000Z');
    wait(5, '2026-03-02T19:00:05.000Z');
  });
  test('is given up after a day; the notice was not sent by it (7.1)', () =>
    given(...anEmailOnlyNotice, ...failedOften(6))
      .when('recordEmail', { result: 'not-now', try: 7 }, { now })
      .then(e.EmailGivenUp({ ...ids, givenUpAt: now })));
  test('asks for its next try once (7.1)', () => {
    given(...anEmailOnlyNotice, deferred(1, now))
      .when('retryEmail', {}, { now })
      .then(due(2));
    given(...anEmailOnlyNotice, deferred(1, now), due(2))
      .when('retryEmail', {}, { now })
      .thenNothing();
    given(...anEmailOnlyNotice)
      .when('retryEmail', {}, { now })
      .thenNothing();
  });
  test('and whose failure is told late, after another try, changes nothing (7.1)', () =>
    given(...anEmailOnlyNotice, ...failedOften(2))
      .when('recordEmail', { result: 'not-now', try: 1 }, { now })
      .thenNothing());
  test('goes out at a later try like at the first (7.1)', () =>
    given(...anEmailOnlyNotice, ...failedOften(2))
      .when('recordEmail', { result: 'handed-over', try: 3 }, { now })
      .then(sent('e-mail', 'EmailCodeIssued')));
  test('is not tried again once it went out or bounced (7.1, 7.2)', () => {
    for (const end of [e.EmailHandedOver({ ...ids, handedOverAt: now }), e.NoticeBounced({ ...ids, channel: 'e-mail', bouncedAt: now })]) {
      given(...aSentNotice, deferred(1, now), end)
        .when('retryEmail', {}, { now })
        .thenNothing();
      given(...aSentNotice, deferred(1, now), end)
        .when('recordEmail', { result: 'not-now', try: 2 }, { now })
        .thenNothing();
    }
  });
});

describe('a contact', () => {
  const given = givenFor(contact);
  const noted = contactEvents.ContactNoted({ accountId, email: 'li@example.com', locale: 'en', notedAt: now });
  test('is noted with the language it was given in (2.1.2)', () =>
    given().when('note', { accountId, email: 'li@example.com', locale: 'en' }, { now }).then(noted));
  test('keeps its language when only the address changes (2.1.2)', () =>
    given(noted)
      .when('note', { accountId, email: 'wang@example.com' }, { now })
      .then(contactEvents.ContactNoted({ accountId, email: 'wang@example.com', locale: 'en', notedAt: now })));
  test('told again is known already (2.1.2)', () =>
    given(noted).when('note', { accountId, email: 'li@example.com' }, { now }).thenNothing());
});

describe('templates', () => {
  const personal = (fact: Fact): readonly string[] =>
    Object.entries(fact.schema.properties)
      .filter(([, schema]) => 'x-personal-of' in schema)
      .map(([name]) => String((fact.example as Record<string, unknown>)[name]));
  test.each(templates.map((template) => [template.fact.name, template] as const))(
    '%s says something in both languages and nothing personal',
    (_name, template) => {
      for (const words of [wordsOf(template, 'zh', template.fact.example), wordsOf(template, 'en', template.fact.example)]) {
        expect(words.title).not.toBe('');
        expect(words.body).not.toMatch(/undefined|NaN|\[object/);
        for (const value of personal(template.fact)) expect(`${words.title}${words.body}`).not.toContain(value);
      }
    },
  );
  test('each fact has one notice at the most', () => expect(new Set(templates.map(({ fact }) => fact)).size).toBe(templates.length));
  test('nobody is told that a subscription expires: the agreement says without notice (8.3.4)', () =>
    expect(templates.map(({ fact }) => fact)).not.toContain(allFacts.order.SubscriptionEnded));
});
