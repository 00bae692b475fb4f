import { under } from '@qiyue/decider';
import { checkStream, givenFor } from '@qiyue/decider/testing';
import { standing, standingEvents as e } from './standing';
import { accountId, aDefaultingAccount, aSuspendedAccount, standingExamples } from './standing.examples';

const given = givenFor(standing);
const now = '2026-03-03T01:00:00.000Z';
const facts = { now, accountId, known: true };

test('every kit-level property holds', () => checkStream(standingExamples));

describe('suspension', () => {
  test.each(['8.2.1', '8.2.2', '8.2.3', '8.2.4', '8.2.5', '8.2.6', '8.2.7', '8.2.8'] as const)(
    'for cause %s is decided under that very clause (8.2.1, 8.2.2, 8.2.3, 8.2.4, 8.2.5, 8.2.6, 8.2.7, 8.2.8)',
    (cause) =>
      given()
        .when('suspend', { cause, reason: 'r', evidence: 'case 12' }, facts)
        .then(under(cause, e.AccountSuspended({ accountId, cause, reason: 'r', evidence: 'case 12', suspendedAt: now }))),
  );
  test('of an account nobody has told of is refused (8.2)', () =>
    given()
      .when('suspend', { cause: '8.2.2', reason: 'r' }, { ...facts, known: false })
      .thenRejected('account-unknown'));
  test('for the same cause is one suspension (8.2.2)', () =>
    given(...aSuspendedAccount)
      .when('suspend', { cause: '8.2.2', reason: 'again' }, facts)
      .thenNothing());
  test('for a further cause is recorded beside the first (8.2.4)', () =>
    given(...aSuspendedAccount)
      .when('suspend', { cause: '8.2.4', reason: 'r' }, facts)
      .then(under('8.2.4', e.SuspensionCauseAdded({ accountId, cause: '8.2.4', reason: 'r', addedAt: now }))));
});

describe('reinstatement', () => {
  test('lifts every cause, with its reason (8.2)', () =>
    given(...aSuspendedAccount)
      .when('reinstate', { reason: 'settled' }, facts)
      .then(e.AccountReinstated({ accountId, reason: 'settled', reinstatedAt: now })));
  test('of an account that is not suspended is refused (8.2)', () =>
    given().when('reinstate', { reason: 'settled' }, facts).thenRejected('account-not-suspended'));
});

describe('payment default', () => {
  const noted = (receivableId: string) => e.PaymentDefaultNoted({ accountId, receivableId, notedAt: now });
  const cured = (receivableId: string) => e.PaymentDefaultCured({ accountId, receivableId, curedAt: now });
  test('suspends by itself (8.2.3)', () =>
    given()
      .when('notePaymentDefault', { receivableId: 'bill-1' }, facts)
      .then(
        noted('bill-1'),
        under('8.2.3', e.AccountSuspended({ accountId, cause: '8.2.3', reason: 'payment-default', suspendedAt: now })),
      ));
  test('told twice is one default (8.2.3)', () =>
    given(...aDefaultingAccount)
      .when('notePaymentDefault', { receivableId: 'bill-1' }, facts)
      .thenNothing());
  test('of a second bill is remembered but suspends nothing more (8.2.3)', () =>
    given(...aDefaultingAccount)
      .when('notePaymentDefault', { receivableId: 'bill-2' }, facts)
      .then(noted('bill-2')));
  test('payment in full reinstates (8.2.3)', () =>
    given(...aDefaultingAccount)
      .when('notePaymentInFull', { receivableId: 'bill-1' }, facts)
      .then(cured('bill-1'), under('8.2.3', e.AccountReinstated({ accountId, reason: 'paid-in-full', reinstatedAt: now }))));
  test('payment of one of two overdue bills does not reinstate (8.2.3)', () =>
    given(...aDefaultingAccount, noted('bill-2'))
      .when('notePaymentInFull', { receivableId: 'bill-1' }, facts)
      .then(cured('bill-1')));
  test('payment lifts no other cause (8.2.2, 8.2.3)', () =>
    given(...aDefaultingAccount, under('8.2.2', e.SuspensionCauseAdded({ accountId, cause: '8.2.2', reason: 'r', addedAt: now })))
      .when('notePaymentInFull', { receivableId: 'bill-1' }, facts)
      .then(
        cured('bill-1'),
        under('8.2.3', e.SuspensionCauseLifted({ accountId, cause: '8.2.3', reason: 'paid-in-full', liftedAt: now })),
      ));
  test('after an officer has reinstated, payment changes nothing but the record (8.2.3)', () =>
    given(...aDefaultingAccount, e.AccountReinstated({ accountId, reason: 'goodwill', reinstatedAt: now }))
      .when('notePaymentInFull', { receivableId: 'bill-1' }, facts)
      .then(cured('bill-1')));
  test('payment of a bill that was never overdue says nothing (8.2.3)', () =>
    given().when('notePaymentInFull', { receivableId: 'bill-9' }, facts).thenNothing());
});
