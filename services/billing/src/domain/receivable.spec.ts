import { stateMatrix } from '@qiyue/decider';
import { checkStream, givenFor } from '@qiyue/decider/testing';
import { receivable } from './receivable';
import { receivableEvents as told } from './receivable-events';
import {
  aClosedReceivable,
  accountId,
  anOpenBill,
  anOpenReceivable,
  anOverdueBill,
  aPaidReceivable,
  appliedEvent,
  aReceivableWithHeldMoney,
  aRefundedReceivable,
  aRefundingReceivable,
  facts,
  heldEvent,
  name,
  officer,
  owed,
  receivableExamples,
  receivableId,
  receivedEvent,
  rightPayment,
  wrongName,
} from './receivable.examples';

const given = givenFor(receivable);
const at = facts.now;
const sum = { receivableId, accountId, amountMinor: 191_000, currency: 'CNY' };
const opening = { receivableId, ...owed };
const [opened] = anOpenReceivable;
const sentBack = (paymentId: string, cause: 'order-closed' | 'payment-not-wanted' | 'decided' = 'order-closed', orderedBy = 'billing') =>
  told.PaymentReturnOrdered({ ...sum, paymentId, cause, orderedBy, orderedAt: at });

test('a sound stream passes every check', () => checkStream(receivableExamples));
test('the state matrix has a row for every status', () => expect(stateMatrix(receivableExamples).split('\n')).toHaveLength(9));

describe('opening', () => {
  test('an account owes what it ordered (2.2.2)', () => given().when('open', opening, facts).then(opened!));
  test('what is owed already is not owed twice', () =>
    given(...aPaidReceivable)
      .when('open', opening, facts)
      .thenNothing());
  test.each([
    ['amount', { amountMinor: 1 }],
    ['currency', { currency: 'USD' }],
    ['account', { accountId: 'account-2' }],
    ['kind', { kind: 'bill' as const }],
  ])('the same id with another %s is refused', (_what, other) =>
    given(...anOpenReceivable)
      .when('open', { ...opening, ...other }, facts)
      .thenRejected('receivable-exists', { receivableId }),
  );
  test('an order that was called off before it was heard of stays called off', () =>
    given(told.ReceivableClosed({ receivableId, accountId, cause: 'order-cancelled', closedAt: at }))
      .when('open', opening, facts)
      .thenNothing());
  test('only a bill has an instant of default, its grace period after the due date (8.2.3)', () => {
    given()
      .when('open', { ...opening, kind: 'bill', graceDays: 7 }, facts)
      .then(told.ReceivableOpened({ receivableId, ...owed, kind: 'bill', overdueAt: '2026-03-17T16:00:00.000Z', openedAt: at }));
    given()
      .when('open', { ...opening, graceDays: 7 }, facts)
      .then(opened!);
  });
});

describe('a bill (8.2)', () => {
  const wanted = { receivableId, accountId, amountMinor: 191_000, currency: 'CNY', dueBy: owed.dueBy, description: '二月用量' };
  const known = { ...facts, payerName: name, agreement: { agreementVersion: '2026-01', graceDays: 7 } };
  const { payerName: _name, ...unverified } = known;
  const { agreement: _agreement, ...unregulated } = known;
  test('is owed under the agreement in force, with its grace period (8.2.3)', () =>
    given().when('bill', wanted, known).then(anOpenBill[0]!));
  test('is opened once', () => {
    given(...anOpenBill)
      .when('bill', wanted, known)
      .thenNothing();
    given(...anOpenBill)
      .when('bill', wanted, facts)
      .thenNothing();
    given(...anOpenReceivable)
      .when('bill', wanted, known)
      .thenRejected('receivable-exists', { receivableId });
  });
  test('needs a verified name before anything else (2.2.2)', () =>
    given()
      .when('bill', { ...wanted, dueBy: facts.now }, { ...facts })
      .thenRejected('account-not-verified'));
  test('needs a verified name that whoever pays must bear (2.2.2)', () =>
    given().when('bill', wanted, unverified).thenRejected('account-not-verified'));
  test('needs an agreement in force (1.1)', () => given().when('bill', wanted, unregulated).thenRejected('no-agreement-in-force'));
  test('falls due after it is opened, if only by a millisecond', () => {
    given()
      .when('bill', { ...wanted, dueBy: facts.now }, known)
      .thenRejected('due-date-in-past', { dueBy: facts.now });
    const soon = { dueBy: '2026-03-03T02:00:00.001Z', overdueAt: '2026-03-10T02:00:00.001Z' };
    given()
      .when('bill', { ...wanted, dueBy: soon.dueBy }, known)
      .then(told.ReceivableOpened({ receivableId, ...owed, kind: 'bill', ...soon, openedAt: at, description: '二月用量' }));
  });
});

describe('a payment (2.2.2)', () => {
  test('in full, from the right payer, pays', () =>
    given(...anOpenReceivable)
      .when('receivePayment', rightPayment, facts)
      .then(receivedEvent(rightPayment), appliedEvent));
  test.each(['杭州示例科技有限公司 ', '杭州 示例科技有限公司', '杭州示例科技有限公司'])('the payer "%s" is the right one', (payerName) =>
    given(...anOpenReceivable)
      .when('receivePayment', { ...rightPayment, payerName }, facts)
      .then(receivedEvent({ ...rightPayment, payerName }), appliedEvent),
  );
  test('full-width letters and brackets of the name do not matter', () => {
    const verified = told.ReceivableOpened({ receivableId, ...owed, payerName: 'Acme (Hangzhou) Ltd', openedAt: at });
    const payment = { ...rightPayment, payerName: 'ＡＣＭＥ（ＨＡＮＧＺＨＯＵ）ＬＴＤ' };
    given(verified).when('receivePayment', payment, facts).then(receivedEvent(payment), appliedEvent);
  });
  test.each([
    ['payer-name-differs', { payerName: '上海另外有限公司' }],
    ['payer-name-differs', { payerName: '' }],
    ['amount-differs', { amountMinor: 190_999 }],
    ['amount-differs', { amountMinor: 191_001 }],
    ['currency-differs', { currency: 'USD' }],
    ['method-not-supported', { method: 'cheque' }],
    ['currency-differs', { currency: 'USD', amountMinor: 1, method: 'cheque', payerName: 'x' }],
    ['amount-differs', { amountMinor: 1, method: 'cheque', payerName: 'x' }],
    ['method-not-supported', { method: 'cheque', payerName: 'x' }],
  ] as const)('is held for %s when it says %p', (reason, other) => {
    const payment = { ...rightPayment, ...other };
    given(...anOpenReceivable)
      .when('receivePayment', payment, facts)
      .then(receivedEvent(payment), heldEvent(payment, reason));
  });
  test('is held when the verified name has been forgotten, even if the payer writes it like that', () => {
    const payment = { ...rightPayment, payerName: '[forgotten]' };
    given(told.ReceivableOpened({ receivableId, ...owed, payerName: '[forgotten]', openedAt: at }))
      .when('receivePayment', payment, facts)
      .then(receivedEvent(payment), heldEvent(payment, 'payer-name-differs'));
  });
  test('told twice counts once', () =>
    given(...aPaidReceivable)
      .when('receivePayment', rightPayment, facts)
      .thenNothing());
  test('told again with another content is refused', () =>
    given(...aPaidReceivable)
      .when('receivePayment', { ...rightPayment, amountMinor: 5 }, facts)
      .thenRejected('payment-differs', { differing: 'amountMinor' }));
  test.each([
    ['paid', aPaidReceivable],
    ['refunding', aRefundingReceivable],
    ['refunded', aRefundedReceivable],
  ] as const)('for what is %s is held, never applied a second time', (_status, history) => {
    const second = { ...rightPayment, paymentId: 'p-3' };
    given(...history)
      .when('receivePayment', second, facts)
      .then(receivedEvent(second), heldEvent(second, 'already-paid'));
  });
  test('for a cancelled or expired order is held and goes back by itself', () =>
    given(...aClosedReceivable)
      .when('receivePayment', rightPayment, facts)
      .then(receivedEvent(rightPayment), heldEvent(rightPayment, 'order-closed'), sentBack('p-1')));
  test("for something unknown is held under nobody's account", () =>
    given()
      .when('receivePayment', rightPayment, facts)
      .then(receivedEvent(rightPayment, 'unattributed'), heldEvent(rightPayment, 'order-unknown', 'unattributed')));
  test('dated ahead counts as received now, so that it cannot move the refund window (2.2.5)', () => {
    const ahead = { ...rightPayment, paidAt: '2027-01-01T00:00:00.000Z' };
    given(...anOpenReceivable)
      .when('receivePayment', ahead, facts)
      .then(told.PaymentReceived({ ...ahead, accountId, receivedAt: at }), appliedEvent);
  });
  test('of an overdue bill still pays it (8.2.3)', () =>
    given(...anOverdueBill)
      .when('receivePayment', rightPayment, facts)
      .then(
        receivedEvent(rightPayment),
        told.PaymentApplied({ ...sum, kind: 'bill', paymentId: 'p-1', method: 'alipay', receivedAt: at, appliedAt: at }),
      ));
});

describe('money that came before its receivable (2.2.2)', () => {
  const early = [receivedEvent(rightPayment, 'unattributed'), heldEvent(rightPayment, 'order-unknown', 'unattributed')];
  const release = told.PaymentReleased({
    receivableId,
    accountId,
    paymentId: 'p-1',
    reason: 'opened after the money came',
    releasedBy: 'billing',
    releasedAt: at,
  });
  test('pays it when it is right', () =>
    given(...early)
      .when('open', opening, facts)
      .then(opened!, release, appliedEvent));
  test('stays held for its true reason when it is not', () => {
    const wrong = { ...wrongName, paymentId: 'p-0' };
    given(receivedEvent(wrong, 'unattributed'), heldEvent(wrong, 'order-unknown', 'unattributed'))
      .when('open', opening, facts)
      .then(opened!, heldEvent(wrong, 'payer-name-differs'));
  });
  test('pays it only once, however much came', () => {
    const second = { ...rightPayment, paymentId: 'p-3' };
    given(...early, receivedEvent(second, 'unattributed'), heldEvent(second, 'order-unknown', 'unattributed'))
      .when('open', opening, facts)
      .then(opened!, release, appliedEvent, heldEvent(second, 'already-paid'));
  });
  test('cannot be released while nobody owes it', () =>
    given(...early)
      .when('releasePayment', { receivableId, paymentId: 'p-1', reason: 'x' }, officer)
      .thenRejected('receivable-unknown', { receivableId }));
  test('can be sent back', () =>
    given(...early)
      .when('returnPayment', { receivableId, paymentId: 'p-1', reason: 'x' }, officer)
      .then(
        told.PaymentReturnOrdered({
          ...sum,
          accountId: 'unattributed',
          paymentId: 'p-1',
          cause: 'decided',
          reason: 'x',
          orderedBy: 'officer-1',
          orderedAt: at,
        }),
      ));
});

describe('held money (2.2.2)', () => {
  const release = { receivableId, paymentId: 'p-2', reason: 'parent company', evidence: 'letter' };
  const back = { receivableId, paymentId: 'p-2', reason: 'not ours' };
  test('is applied when an officer releases it, with reason and evidence', () =>
    given(...aReceivableWithHeldMoney)
      .when('releasePayment', release, officer)
      .then(
        told.PaymentReleased({
          receivableId,
          accountId,
          paymentId: 'p-2',
          reason: 'parent company',
          evidence: 'letter',
          releasedBy: 'officer-1',
          releasedAt: at,
        }),
        told.PaymentApplied({ ...sum, kind: 'order', paymentId: 'p-2', method: 'alipay', receivedAt: at, appliedAt: at }),
      ));
  test.each([
    ['amount-differs', { amountMinor: 5 }],
    ['currency-differs', { currency: 'USD' }],
    ['method-not-supported', { method: 'cheque' }],
  ] as const)('for %s cannot be released, only returned', (reason, other) => {
    const payment = { ...wrongName, ...other };
    given(...anOpenReceivable, receivedEvent(payment), heldEvent(payment, reason))
      .when('releasePayment', release, officer)
      .thenRejected('payment-not-releasable', { paymentId: 'p-2', heldFor: reason });
  });
  test('cannot be released once other money has paid', () =>
    given(...aPaidReceivable)
      .when('releasePayment', release, officer)
      .thenRejected('receivable-not-open', { receivableId }));
  test('that nobody knows cannot be released or returned', () => {
    given(...anOpenReceivable)
      .when('releasePayment', release, officer)
      .thenRejected('payment-unknown', { paymentId: 'p-2' });
    given(...anOpenReceivable)
      .when('returnPayment', back, officer)
      .thenRejected('payment-unknown', { paymentId: 'p-2' });
    given().when('returnPayment', back, officer).thenRejected('receivable-unknown', { receivableId });
  });
  test('goes back when a person says so, once', () => {
    given(...aReceivableWithHeldMoney)
      .when('returnPayment', back, officer)
      .then(
        told.PaymentReturnOrdered({
          ...sum,
          paymentId: 'p-2',
          cause: 'decided',
          reason: 'not ours',
          orderedBy: 'officer-1',
          orderedAt: at,
        }),
      );
    given(...aReceivableWithHeldMoney, sentBack('p-2', 'decided'))
      .when('returnPayment', back, officer)
      .thenNothing();
  });
  test('on its way back cannot be released', () =>
    given(...aReceivableWithHeldMoney, sentBack('p-2', 'decided'))
      .when('releasePayment', release, officer)
      .thenRejected('payment-not-held', { paymentId: 'p-2' }));
  test('that was applied cannot be returned', () =>
    given(...aPaidReceivable)
      .when('returnPayment', { ...back, paymentId: 'p-1' }, officer)
      .thenRejected('payment-not-held', { paymentId: 'p-1' }));
  test('is returned once the gateway has sent it', () => {
    const settled = { receivableId, paymentId: 'p-2', payoutId: 'payout-2', settledAt: at };
    const returned = told.PaymentReturned({ ...sum, paymentId: 'p-2', payoutId: 'payout-2', returnedAt: at });
    given(...aClosedReceivable)
      .when('settleReturn', settled, {})
      .then(returned);
    given(...aClosedReceivable, returned)
      .when('settleReturn', settled, {})
      .thenNothing();
    given(...aReceivableWithHeldMoney)
      .when('settleReturn', settled, {})
      .thenRejected('payout-unknown', { payoutId: 'payout-2' });
  });
});

describe('closing', () => {
  const closing = { receivableId, accountId, cause: 'order-cancelled' as const };
  const closed = told.ReceivableClosed({ ...closing, closedAt: at });
  test('a cancelled order sends back what was held for it', () =>
    given(...aReceivableWithHeldMoney)
      .when('close', closing, facts)
      .then(closed, sentBack('p-2')));
  test('a cancelled order is remembered even when it was never owed, so that late money goes back', () =>
    given().when('close', closing, facts).then(closed));
  test('money that was applied while the order was called off goes back', () =>
    given(...aPaidReceivable)
      .when('close', { ...closing, cause: 'payment-not-wanted' }, facts)
      .then(
        told.ReceivableClosed({ ...closing, cause: 'payment-not-wanted', closedAt: at }),
        sentBack('p-2', 'payment-not-wanted'),
        sentBack('p-1', 'payment-not-wanted'),
      ));
  test.each([
    ['closed', aClosedReceivable],
    ['refunding', aRefundingReceivable],
    ['refunded', aRefundedReceivable],
  ] as const)('what is %s is not closed again', (_status, history) =>
    given(...history)
      .when('close', closing, facts)
      .thenNothing(),
  );
});

describe('a refund (2.2.5)', () => {
  const asked = { receivableId, amountMinor: 191_000, currency: 'CNY' };
  test('gives back the money that was applied', () =>
    given(...aPaidReceivable)
      .when('refund', asked, facts)
      .then(told.RefundOrdered({ ...sum, paymentId: 'p-1', orderedAt: at })));
  test('is given once, whatever is asked again', () => {
    given(...aRefundingReceivable)
      .when('refund', asked, facts)
      .thenNothing();
    given(...aRefundedReceivable)
      .when('refund', { ...asked, amountMinor: 1 }, facts)
      .thenNothing();
  });
  test.each([
    [191_001, 'CNY', 'refund-exceeds-payment'],
    [191_000, 'USD', 'refund-exceeds-payment'],
    [190_999, 'CNY', 'refund-below-payment'],
  ] as const)('of %i %s is refused', (amountMinor, currency, code) =>
    given(...aPaidReceivable)
      .when('refund', { receivableId, amountMinor, currency }, facts)
      .thenRejected(code),
  );
  test('of what is not paid is refused', () => {
    given(...aReceivableWithHeldMoney)
      .when('refund', asked, facts)
      .thenRejected('refund-exceeds-payment');
    given(...aClosedReceivable)
      .when('refund', asked, facts)
      .thenRejected('refund-exceeds-payment');
    given().when('refund', asked, facts).thenRejected('receivable-unknown', { receivableId });
  });
  test('is settled once', () => {
    const settled = { receivableId, payoutId: 'payout-1', settledAt: at };
    given(...aRefundingReceivable)
      .when('settleRefund', settled, {})
      .then(told.RefundSettled({ ...sum, paymentId: 'p-1', payoutId: 'payout-1', settledAt: at }));
    given(...aRefundedReceivable)
      .when('settleRefund', settled, {})
      .thenNothing();
    given(...aPaidReceivable)
      .when('settleRefund', settled, {})
      .thenRejected('payout-unknown', { payoutId: 'payout-1' });
  });
});

describe('the grace period of a bill (8.2.3)', () => {
  const overdue = told.ReceivableOverdue({ ...sum, overdueAt: '2026-03-17T16:00:00.000Z' });
  test.each([
    ['a millisecond before its end', '2026-03-17T15:59:59.999Z', []],
    ['at its end', '2026-03-17T16:00:00.000Z', [overdue]],
    ['after its end', '2026-03-20T00:00:00.000Z', [overdue]],
  ] as const)('%s an unpaid bill is judged by it', (_when, now, expected) =>
    expected.length === 0
      ? given(...anOpenBill)
          .when('fallOverdue', { receivableId }, { now })
          .thenNothing()
      : given(...anOpenBill)
          .when('fallOverdue', { receivableId }, { now })
          .then(...expected),
  );
  test('a paid bill, a bill in default already and an order do not fall into default', () => {
    const facts = { now: '2026-03-20T00:00:00.000Z' };
    for (const history of [[...anOpenBill, receivedEvent(rightPayment), appliedEvent], anOverdueBill, anOpenReceivable])
      given(...history)
        .when('fallOverdue', { receivableId }, facts)
        .thenNothing();
  });
});

test('the verified name is the one the account had when it came to owe', () => expect(owed.payerName).toBe(name));
