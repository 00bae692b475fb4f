import { examplesOf } from '@qiyue/decider';
import { payout, payoutEvents as told, type PayoutEvent } from './payout';

const at = '2026-03-03T02:00:00.000Z';
const askAt = '2026-03-03T02:01:00.000Z';
export const payoutId = 'payout-1';
export const anOrder = {
  payoutId,
  purpose: 'refund' as const,
  receivableId: 'order-1',
  accountId: 'account-1',
  paymentId: 'p-1',
  amountMinor: 191_000,
  currency: 'CNY',
};
export const facts = { now: at };

export const aRequestedPayout: readonly PayoutEvent[] = [told.PayoutRequested({ ...anOrder, requestedAt: at })];
export const aSendingPayout: readonly PayoutEvent[] = [
  ...aRequestedPayout,
  told.PayoutStarted({ payoutId, attempt: 1, startedAt: at, askAt }),
];
export const anUnknownPayout: readonly PayoutEvent[] = [
  ...aSendingPayout,
  told.PayoutUnknown({ payoutId, asked: 1, unknownAt: at, askAt: '2026-03-03T02:02:00.000Z' }),
];
export const aRefusedPayout: readonly PayoutEvent[] = [
  ...aSendingPayout,
  told.PayoutRefused({ payoutId, reason: 'account-closed', refusedAt: at }),
];
export const aSettledPayout: readonly PayoutEvent[] = [...aSendingPayout, told.PayoutSettled({ ...anOrder, settledAt: at })];

export const payoutExamples = examplesOf(payout, {
  histories: {
    none: [],
    requested: aRequestedPayout,
    sending: aSendingPayout,
    unknown: anUnknownPayout,
    refused: aRefusedPayout,
    settled: aSettledPayout,
  },
  commands: {
    request: [anOrder, facts],
    start: [{ payoutId, attempt: 1 }, facts],
    markUnknown: [{ payoutId, question: 1 }, facts],
    refuse: [{ payoutId, attempt: 1, reason: 'account-closed' }, facts],
    settle: [{ payoutId, settledAt: at }, facts],
    retry: [
      { payoutId, reason: 'asked the bank' },
      { ...facts, by: 'finance-1' },
    ],
  },
  refusals: {
    start: { on: 'requested', faults: { 'payout-unknown': { history: 'none' } } },
    markUnknown: { on: 'sending', faults: { 'payout-unknown': { history: 'none' } } },
    refuse: { on: 'sending', faults: { 'payout-unknown': { history: 'none' } } },
    settle: { on: 'sending', faults: { 'payout-unknown': { history: 'none' } } },
    retry: { on: 'refused', faults: { 'payout-unknown': { history: 'none' }, 'payout-not-refused': { history: 'settled' } } },
  },
});
