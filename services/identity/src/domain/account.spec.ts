import { addMs } from '@qiyue/calendar';
import { faultsOf } from '@qiyue/decider';
import { checkStream, givenFor } from '@qiyue/decider/testing';
import { account } from './account';
import { accountEvents as e } from './account-events';
import {
  accountExamples,
  accountId,
  aProvedAccount,
  aRegisteredAccount,
  aReviewedAccount,
  aVerifiedAccount,
  aVerifyingAccount,
  code,
  enterprise,
  inForce,
} from './account.examples';
import { lockedUntil } from './policies/lock-out';
import { isStrongEnough } from './policies/password-strength';

const given = givenFor(account);
const now = '2026-03-02T01:05:00.000Z';
const later = { agreementVersion: '2026-02', documentHash: 'b'.repeat(64) };
const registration = { email: 'li@example.com', password: 'drei-Katzen-7', locale: 'zh' } as const;
const registering = { now, accountId, passwordHash: '$argon2id$x', code, inForce };

test('every kit-level property holds', () => checkStream(accountExamples));

describe('registering', () => {
  test('opens an account and sends a code that is good for fifteen minutes (2.1.1)', () =>
    given()
      .when('register', registration, registering)
      .then(
        e.AccountRegistered({ accountId, email: 'li@example.com', locale: 'zh', passwordHash: '$argon2id$x', registeredAt: now }),
        e.EmailCodeIssued({ accountId, email: 'li@example.com', code, expiresAt: '2026-03-02T01:20:00.000Z' }),
      ));
  test('needs an agreement that can be accepted (1.1)', () =>
    given()
      .when('register', registration, { ...registering, inForce: undefined })
      .thenRejected('no-agreement-in-force'));
  test('happens once for an address (2.1.1)', () =>
    given(...aRegisteredAccount)
      .when('register', registration, registering)
      .thenRejected('already-registered'));
  test('of two faults the first in the order of precedence is told', () =>
    given(...aRegisteredAccount)
      .when('register', { ...registration, password: 'short' }, registering)
      .thenRejected('already-registered'));
  test.each([['short1!'], ['aaaaaaaaaaaaaaa'], ['password123456'], ['Qwerty123456'], ['1234567890']])(
    'the password %p is refused (3.2)',
    (password) =>
      given()
        .when('register', { ...registration, password }, registering)
        .thenRejected('password-too-weak'),
  );
  test('a password that repeats the address is refused (3.2)', () =>
    expect(isStrongEnough('wangxiaoming-88', 'WangXiaoMing@example.com')).toBe(false));
});

describe('proving the address', () => {
  const facts = { now, attemptId: 'a-1', inForce };
  test('the right code proves it and accepts the version in force (1.1)', () =>
    given(...aRegisteredAccount)
      .when('proveEmail', { code }, facts)
      .then(
        e.EmailProved({ accountId, provedAt: now }),
        e.AgreementAccepted({ accountId, ...inForce, act: 'registration', acceptedAt: now }),
      ));
  test('a wrong code is counted (2.1.1)', () =>
    given(...aRegisteredAccount)
      .when('proveEmail', { code: '000000' }, facts)
      .then(e.EmailCodeRefused({ accountId, attemptId: 'a-1', refusedAt: now })));
  const refused = (n: number) =>
    Array.from({ length: n }, (_, i) => e.EmailCodeRefused({ accountId, attemptId: `x-${i}`, refusedAt: now }));
  test('the fifth try is still heard (2.1.1)', () =>
    given(...aRegisteredAccount, ...refused(4))
      .when('proveEmail', { code }, facts)
      .then(
        e.EmailProved({ accountId, provedAt: now }),
        e.AgreementAccepted({ accountId, ...inForce, act: 'registration', acceptedAt: now }),
      ));
  test('after five wrong codes even the right one is refused (2.1.1)', () =>
    given(...aRegisteredAccount, ...refused(5))
      .when('proveEmail', { code }, facts)
      .thenRejected('code-tries-used-up'));
  test('a new code brings new tries', () =>
    given(
      ...aRegisteredAccount,
      ...refused(5),
      e.EmailCodeIssued({ accountId, email: 'li@example.com', code: '222222', expiresAt: '2026-03-02T01:20:00.000Z' }),
    )
      .when('proveEmail', { code: '222222' }, facts)
      .then(
        e.EmailProved({ accountId, provedAt: now }),
        e.AgreementAccepted({ accountId, ...inForce, act: 'registration', acceptedAt: now }),
      ));
  test.each([
    ['a millisecond before it expires, a code is good (2.1.1)', -1, true],
    ['at the very instant it expires, a code is no longer good (2.1.1)', 0, false],
  ])('%s', (_name, ms, good) => {
    const at = addMs('2026-03-02T01:15:00.000Z', ms);
    const taken = given(...aRegisteredAccount).when('proveEmail', { code }, { ...facts, now: at });
    if (good)
      taken.then(
        e.EmailProved({ accountId, provedAt: at }),
        e.AgreementAccepted({ accountId, ...inForce, act: 'registration', acceptedAt: at }),
      );
    else taken.thenRejected('code-expired');
  });
  test('proved is proved', () =>
    given(...aProvedAccount)
      .when('proveEmail', { code: 'whatever' }, facts)
      .thenNothing());
  test('somebody who never registered is unknown', () => given().when('proveEmail', { code }, facts).thenRejected('account-unknown'));
  test('a new code can be asked for until the address is proved', () => {
    given(...aRegisteredAccount)
      .when('sendEmailCode', {}, { now, code: '999999' })
      .then(e.EmailCodeIssued({ accountId, email: 'li@example.com', code: '999999', expiresAt: '2026-03-02T01:20:00.000Z' }));
    given(...aProvedAccount)
      .when('sendEmailCode', {}, { now, code: '999999' })
      .thenNothing();
  });
});

describe('asking for codes', () => {
  const issued = (at: string) =>
    e.EmailCodeIssued({ accountId, email: 'li@example.com', code: '000001', expiresAt: addMs(at, 15 * 60_000) });
  const first = '2026-03-02T01:00:00.000Z';
  const minutes = (n: number) => addMs(first, n * 60_000);
  const five = [...aRegisteredAccount, ...[1, 2, 3, 4].map((n) => issued(minutes(n)))];
  test.each([
    ['a minute after the last code the next one is sent (2.1.1)', aRegisteredAccount, minutes(1), undefined],
    ['a millisecond earlier it is not (2.1.1)', aRegisteredAccount, addMs(minutes(1), -1), minutes(1)],
    ['the fifth code of a day is sent (2.1.1)', five.slice(0, -1), minutes(5), undefined],
    ['the sixth code of a day is not (2.1.1)', five, minutes(10), '2026-03-03T01:00:00.000Z'],
    ['a millisecond before the day is over it is not (2.1.1)', five, '2026-03-03T00:59:59.999Z', '2026-03-03T01:00:00.000Z'],
    ['once the day is over it is (2.1.1)', five, '2026-03-03T01:00:00.000Z', undefined],
  ])('%s', (_name, history, at, nextAt) => {
    const taken = given(...history).when('sendEmailCode', {}, { now: at, code: '000001' });
    if (nextAt === undefined) taken.then(issued(at));
    else taken.thenRejected('code-sent-recently', { nextAt });
  });
});

describe('logging in', () => {
  const facts = { now, passwordMatches: true, attemptId: 's-1', inForce };
  const failed = (at: string, n: number) =>
    Array.from({ length: n }, (_, i) => e.LogInFailed({ accountId, attemptId: `f-${at}-${i}`, failedAt: at }));
  test('opens a session', () =>
    given(...aProvedAccount)
      .when('logIn', {}, facts)
      .then(e.LoggedIn({ accountId, sessionId: 's-1', loggedInAt: now })));
  test('the first one under a newer version accepts it, once (1.2)', () => {
    const accepted = e.AgreementAccepted({ accountId, ...later, act: 'login', acceptedAt: now });
    given(...aProvedAccount)
      .when('logIn', {}, { ...facts, inForce: later })
      .then(e.LoggedIn({ accountId, sessionId: 's-1', loggedInAt: now }), accepted);
    given(...aProvedAccount, accepted)
      .when('logIn', {}, { ...facts, attemptId: 's-2', inForce: later })
      .then(e.LoggedIn({ accountId, sessionId: 's-2', loggedInAt: now }));
  });
  test('whoever declined a version does not accept it by logging in (1.3)', () =>
    given(...aProvedAccount, e.AgreementDeclined({ accountId, agreementVersion: '2026-02', declinedAt: now }))
      .when('logIn', {}, { ...facts, inForce: later })
      .then(e.LoggedIn({ accountId, sessionId: 's-1', loggedInAt: now })));
  test('an unproved address cannot log in (2.1.1)', () =>
    given(...aRegisteredAccount)
      .when('logIn', {}, facts)
      .thenRejected('email-not-proved'));
  test('an unknown address is refused like a wrong password (3.2)', () =>
    given()
      .when('logIn', {}, { ...facts, passwordMatches: false })
      .thenRejected('credentials-wrong'));
  test('a wrong password is counted, once an attempt (3.2)', () =>
    given(...aProvedAccount)
      .when('logIn', {}, { ...facts, passwordMatches: false })
      .then(e.LogInFailed({ accountId, attemptId: 's-1', failedAt: now })));
  test('four failures do not lock (3.2)', () =>
    given(...aProvedAccount, ...failed(now, 4))
      .when('logIn', {}, facts)
      .then(e.LoggedIn({ accountId, sessionId: 's-1', loggedInAt: now })));
  test('five failures lock for fifteen minutes, to the millisecond (3.2)', () => {
    const locked = [...aProvedAccount, ...failed(now, 5)];
    const open = '2026-03-02T01:20:00.000Z';
    given(...locked)
      .when('logIn', {}, facts)
      .thenRejected('locked-out', { lockedUntil: open });
    given(...locked)
      .when('logIn', {}, { ...facts, now: addMs(open, -1) })
      .thenRejected('locked-out');
    given(...locked)
      .when('logIn', {}, { ...facts, now: open })
      .then(e.LoggedIn({ accountId, sessionId: 's-1', loggedInAt: open }));
  });
  test('failures far apart do not lock (3.2)', () => {
    expect(
      lockedUntil(
        [0, 4, 8, 12, 15].map((minute) => ({ attemptId: `${minute}`, at: `2026-03-02T01:${String(minute).padStart(2, '0')}:00.000Z` })),
      ),
    ).toBeUndefined();
    expect(
      lockedUntil(
        [0, 4, 8, 12, 14].map((minute) => ({ attemptId: `${minute}`, at: `2026-03-02T01:${String(minute).padStart(2, '0')}:00.000Z` })),
      ),
    ).toBe('2026-03-02T01:29:00.000Z');
  });
});

describe('the agreement', () => {
  test('use under a newer version accepts it (1.2)', () =>
    given(...aVerifiedAccount)
      .when('acceptByUse', {}, { now, inForce: later })
      .then(e.AgreementAccepted({ accountId, ...later, act: 'use', acceptedAt: now })));
  test('use under the accepted version says nothing new (1.2)', () =>
    given(...aVerifiedAccount)
      .when('acceptByUse', {}, { now, inForce })
      .thenNothing());
  test('an order that is told after a later acceptance accepts nothing any more (1.2)', () => {
    const accepted = e.AgreementAccepted({ accountId, ...later, act: 'login', acceptedAt: now });
    const before = addMs(now, -1);
    given(...aVerifiedAccount, accepted)
      .when('acceptByUse', {}, { now: before, inForce })
      .thenNothing();
    given(...aVerifiedAccount, accepted)
      .when('acceptByUse', {}, { now: before, inForce: { ...inForce, agreementVersion: '2026-01b' } })
      .thenNothing();
  });
  test('a version that is accepted already is not accepted again after a newer one (1.2)', () =>
    given(...aVerifiedAccount, e.AgreementAccepted({ accountId, ...later, act: 'login', acceptedAt: now }))
      .when('logIn', {}, { now, passwordMatches: true, attemptId: 's-9', inForce })
      .then(e.LoggedIn({ accountId, sessionId: 's-9', loggedInAt: now })));
  test('a version can be declined, once (1.3)', () => {
    const declined = e.AgreementDeclined({ accountId, agreementVersion: '2026-02', declinedAt: now });
    given(...aProvedAccount)
      .when('declineAgreement', { agreementVersion: '2026-02' }, { now, isPublished: true })
      .then(declined);
    given(...aProvedAccount, declined)
      .when('declineAgreement', { agreementVersion: '2026-02' }, { now, isPublished: true })
      .thenNothing();
  });
  test('a version that nobody published cannot be declined (1.3)', () =>
    given(...aProvedAccount)
      .when('declineAgreement', { agreementVersion: '2026-99' }, { now, isPublished: false })
      .thenRejected('agreement-version-unknown', { agreementVersion: '2026-99' }));
});

describe('verification', () => {
  const facts = { now, requestId: 'r-1' };
  test('well-formed papers of an enterprise are taken (2.1.1)', () =>
    given(...aProvedAccount)
      .when('requestVerification', enterprise, facts)
      .then(e.VerificationRequested({ ...enterprise, accountId, requestId: 'r-1', requestedAt: now })));
  test('a wrong check digit of the credit code is refused (2.1.1)', () =>
    given(...aProvedAccount)
      .when('requestVerification', { ...enterprise, creditCode: `${enterprise.creditCode.slice(0, 17)}0` }, facts)
      .thenRejected('credit-code-invalid'));
  test('a wrong check digit of the identity card is refused (2.1.1)', () =>
    given(...aProvedAccount)
      .when('requestVerification', { subject: 'individual', name: '示例人', idNumber: '11010519491231002Y' }, facts)
      .thenRejected('id-card-invalid'));
  test('an individual with a right identity number is taken (2.1.1)', () => {
    const papers = { subject: 'individual', name: '示例人', idNumber: '11010519491231002X' } as const;
    given(...aProvedAccount)
      .when('requestVerification', papers, facts)
      .then(e.VerificationRequested({ ...papers, accountId, requestId: 'r-1', requestedAt: now }));
  });
  test('before the address is proved nothing is verified (2.1.1)', () =>
    given(...aRegisteredAccount)
      .when('requestVerification', enterprise, facts)
      .thenRejected('email-not-proved'));
  test('a verified account stays who it is (2.1.1)', () => {
    given(...aVerifiedAccount)
      .when('requestVerification', enterprise, facts)
      .thenNothing();
    given(...aVerifiedAccount)
      .when('requestVerification', { ...enterprise, name: '另一家公司' }, facts)
      .thenRejected('already-verified');
  });
  test('while papers are looked at, the same are taken already and others have to wait (2.1.1)', () => {
    for (const history of [aVerifyingAccount, aReviewedAccount]) {
      given(...history)
        .when('requestVerification', enterprise, facts)
        .thenNothing();
      given(...history)
        .when('requestVerification', { ...enterprise, name: '另一家公司' }, facts)
        .thenRejected('verification-pending');
    }
  });
  test('the finding decides: verified under the name that was asked for (2.1.1)', () =>
    given(...aVerifyingAccount)
      .when('recordVerification', { requestId: 'r-1', result: 'verified', reason: '' }, { now })
      .then(e.AccountVerified({ accountId, subject: 'enterprise', verifiedName: enterprise.name, verifiedAt: now })));
  test('the finding decides: rejected with its reason, and one may try again (2.1.1)', () => {
    const rejected = e.VerificationRejected({ accountId, subject: 'enterprise', reason: 'name-and-code-differ', rejectedAt: now });
    given(...aVerifyingAccount)
      .when('recordVerification', { requestId: 'r-1', result: 'rejected', reason: 'name-and-code-differ' }, { now })
      .then(rejected);
    given(...aVerifyingAccount, rejected)
      .when('requestVerification', enterprise, { now, requestId: 'r-2' })
      .then(e.VerificationRequested({ ...enterprise, accountId, requestId: 'r-2', requestedAt: now }));
  });
  test('a request told again after its rejection does not open a second one', () =>
    given(...aVerifyingAccount, e.VerificationRejected({ accountId, subject: 'enterprise', reason: 'x', rejectedAt: now }))
      .when('requestVerification', enterprise, facts)
      .thenNothing());
  test('a late finding about another request changes nothing', () =>
    given(...aVerifyingAccount)
      .when('recordVerification', { requestId: 'r-0', result: 'rejected', reason: '' }, { now })
      .thenNothing());
  test('a doubtful one waits for a person, who decides (2.1.1)', () => {
    given(...aVerifyingAccount)
      .when('recordVerification', { requestId: 'r-1', result: 'needs-review', reason: 'name-similar' }, { now })
      .then(e.VerificationReviewRequired({ accountId, requestId: 'r-1', reason: 'name-similar', since: now }));
    given(...aReviewedAccount)
      .when('reviewVerification', { approve: true, reason: 'papers seen' }, { now })
      .then(e.AccountVerified({ accountId, subject: 'enterprise', verifiedName: enterprise.name, verifiedAt: now }));
    given(...aReviewedAccount)
      .when('reviewVerification', { approve: false, reason: 'forged' }, { now })
      .then(e.VerificationRejected({ accountId, subject: 'enterprise', reason: 'forged', rejectedAt: now }));
  });
});

describe('an anomaly', () => {
  const reported = e.AnomalyReported({ accountId, reportId: 'a-1', description: '有人登录', reportedAt: now });
  test('that the holder reports is recorded, once a report (2.1.2)', () => {
    for (const history of [aProvedAccount, aReviewedAccount, aVerifiedAccount])
      given(...history)
        .when('reportAnomaly', { description: '有人登录' }, { now, reportId: 'a-1' })
        .then(reported);
    given(...aProvedAccount, reported)
      .when('reportAnomaly', { description: '有人登录' }, { now, reportId: 'a-1' })
      .thenNothing();
  });
  test('can be reported again when something new happens (2.1.2)', () =>
    given(...aProvedAccount, reported)
      .when('reportAnomaly', { description: '又有人登录' }, { now, reportId: 'a-2' })
      .then(e.AnomalyReported({ accountId, reportId: 'a-2', description: '又有人登录', reportedAt: now })));
  test('of an account that is none is not found', () =>
    given().when('reportAnomaly', { description: 'x' }, { now, reportId: 'a-1' }).thenRejected('account-unknown'));
});

test('a new contact address is kept beside the old ones (2.1.2)', () =>
  given(...aProvedAccount)
    .when('changeContact', { email: 'wang@example.com' }, { now })
    .then(e.ContactChanged({ accountId, email: 'wang@example.com', changedAt: now })));
test('what is stored of a person is marked as personal', () =>
  expect(
    faultsOf(e.AccountRegistered.schema, { accountId, email: 'sealed:1:x', locale: 'zh', passwordHash: 'sealed:1:y', registeredAt: now }),
  ).toEqual([]));
