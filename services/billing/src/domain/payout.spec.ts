import { isBefore } from '@qiyue/calendar';
import { fold } from '@qiyue/decider';
import { checkStream, givenFor } from '@qiyue/decider/testing';
import { askAgainAt, nextStep, payout, payoutEvents as told } from './payout';
import {
  anOrder,
  anUnknownPayout,
  aRefusedPayout,
  aRequestedPayout,
  aSendingPayout,
  aSettledPayout,
  facts,
  payoutExamples,
  payoutId,
} from './payout.examples';

const given = givenFor(payout);
const at = facts.now;
const by = { ...facts, by: 'finance-1' };
const settled = told.PayoutSettled({ ...anOrder, settledAt: at });
const retried = told.PayoutRetryOrdered({
  payoutId,
  attempt: 2,
  reason: 'asked the bank',
  accountId: 'account-1',
  orderedBy: 'finance-1',
  orderedAt: at,
});

test('a sound stream passes every check', () => checkStream(payoutExamples));

describe('a payout', () => {
  test('is requested once, whatever is asked again', () => {
    given()
      .when('request', anOrder, facts)
      .then(told.PayoutRequested({ ...anOrder, requestedAt: at }));
    given(...aSettledPayout)
      .when('request', { ...anOrder, amountMinor: 1 }, facts)
      .thenNothing();
  });
  test('is written down as started before the gateway is called', () =>
    given(...aRequestedPayout)
      .when('start', { payoutId, attempt: 1 }, facts)
      .then(told.PayoutStarted({ payoutId, attempt: 1, startedAt: at, askAt: '2026-03-03T02:01:00.000Z' })));
  test('that nobody requested is unknown', () => {
    given().when('start', { payoutId, attempt: 1 }, facts).thenRejected('payout-unknown', { payoutId });
    given().when('settle', { payoutId, settledAt: at }, facts).thenRejected('payout-unknown', { payoutId });
    given().when('refuse', { payoutId, attempt: 1, reason: 'x' }, facts).thenRejected('payout-unknown', { payoutId });
    given().when('markUnknown', { payoutId, question: 1 }, facts).thenRejected('payout-unknown', { payoutId });
    given().when('retry', { payoutId, reason: 'x' }, by).thenRejected('payout-unknown', { payoutId });
  });
  test('is settled once the gateway says so, also after its answer was lost', () => {
    given(...aSendingPayout)
      .when('settle', { payoutId, settledAt: at }, facts)
      .then(settled);
    given(...anUnknownPayout)
      .when('settle', { payoutId, settledAt: at }, facts)
      .then(settled);
    given(...aSettledPayout)
      .when('settle', { payoutId, settledAt: at }, facts)
      .thenNothing();
  });
  test('that nobody has started is not settled, whatever is told', () =>
    given(...aRequestedPayout)
      .when('settle', { payoutId, settledAt: at }, facts)
      .thenNothing());
  test('that is settled stays settled, whatever is told late', () => {
    given(...aSettledPayout)
      .when('refuse', { payoutId, attempt: 1, reason: 'x' }, facts)
      .thenNothing();
    given(...aSettledPayout)
      .when('markUnknown', { payoutId, question: 1 }, facts)
      .thenNothing();
  });
  test('that was thought refused is settled when the money went out after all', () =>
    given(...aRefusedPayout)
      .when('settle', { payoutId, settledAt: at }, facts)
      .then(settled));
  test('is never settled later than now, whatever the gateway says', () =>
    given(...aSendingPayout)
      .when('settle', { payoutId, settledAt: '2027-01-01T00:00:00.000Z' }, facts)
      .then(settled));
  test('that the gateway refused waits for a person, who can order it again', () => {
    given(...aSendingPayout)
      .when('refuse', { payoutId, attempt: 1, reason: 'account-closed' }, facts)
      .then(told.PayoutRefused({ payoutId, reason: 'account-closed', refusedAt: at }));
    given(...aRefusedPayout)
      .when('retry', { payoutId, reason: 'asked the bank' }, by)
      .then(retried);
  });
  test('is not ordered again while its outcome is open or the money is out', () => {
    for (const history of [aRequestedPayout, aSendingPayout, anUnknownPayout, aSettledPayout])
      given(...history)
        .when('retry', { payoutId, reason: 'x' }, by)
        .thenRejected('payout-not-refused');
  });
  test('a late refusal of an earlier attempt does not stop the later one', () =>
    given(...aRefusedPayout, retried, told.PayoutStarted({ payoutId, attempt: 2, startedAt: at, askAt: at }))
      .when('refuse', { payoutId, attempt: 1, reason: 'x' }, facts)
      .thenNothing());
  test('of unknown outcome is noted once for each question', () => {
    given(...aSendingPayout)
      .when('markUnknown', { payoutId, question: 1 }, facts)
      .then(told.PayoutUnknown({ payoutId, asked: 1, unknownAt: at, askAt: '2026-03-03T02:02:00.000Z' }));
    given(...anUnknownPayout)
      .when('markUnknown', { payoutId, question: 1 }, facts)
      .thenNothing();
    given(...anUnknownPayout)
      .when('markUnknown', { payoutId, question: 2 }, facts)
      .then(told.PayoutUnknown({ payoutId, asked: 2, unknownAt: at, askAt: '2026-03-03T02:04:00.000Z' }));
  });
});

describe('the next step of a payout', () => {
  test.each([
    ['nothing when there is none', [], { do: 'nothing' }],
    ['sending when it was requested', aRequestedPayout, { do: 'send', attempt: 1 }],
    ['asking when it was started, because a crash may have come between the call and the note', aSendingPayout, { do: 'ask', question: 1 }],
    ['asking when its outcome is unknown, and never sending', anUnknownPayout, { do: 'ask', question: 2 }],
    ['waiting when it was refused', aRefusedPayout, { do: 'wait' }],
    ['sending again when a person ordered it again', [...aRefusedPayout, retried], { do: 'send', attempt: 2 }],
    ['nothing when it is settled', aSettledPayout, { do: 'nothing' }],
  ] as const)('is %s', (_rule, history, step) => expect(nextStep(fold(payout, history))).toEqual(step));
  test('questions get rarer, down to one an hour', () => {
    const instants = [0, 1, 2, 5, 6, 50, 5_000].map((asked) => askAgainAt(at, asked));
    expect(instants).toEqual([
      '2026-03-03T02:01:00.000Z',
      '2026-03-03T02:02:00.000Z',
      '2026-03-03T02:04:00.000Z',
      '2026-03-03T02:32:00.000Z',
      ...Array.from({ length: 3 }, () => '2026-03-03T03:00:00.000Z'),
    ]);
    expect(instants.every((instant) => isBefore(at, instant))).toBe(true);
  });
});
