import { fold, isRejection } from '@qiyue/decider';
import fc from 'fast-check';
import { receivable } from './receivable';
import { facts, name, officer, owed } from './receivable.examples';
import type { ReceivableEvent } from './receivable-events';
import type { Money, Receivable } from './receivable-state';

const receivableId = 'order-1';
const ids = ['p-1', 'p-2', 'p-3', '__proto__', 'constructor'];
const anId = fc.constantFrom(...ids);
const anAmount = fc.constantFrom(191_000, 191_000, 191_000, 1, 191_001);
const aPayment = fc.record({
  paymentId: anId,
  receivableId: fc.constant(receivableId),
  amountMinor: anAmount,
  currency: fc.constantFrom('CNY', 'CNY', 'USD'),
  method: fc.constantFrom('alipay', 'wechat-pay', 'cheque'),
  payerName: fc.constantFrom(name, name, '上海另外有限公司'),
  paidAt: fc.constant(facts.now),
});

/** Everything the world can do to a receivable, in any order and as often as it likes. */
const anAct = fc.oneof(
  { weight: 5, arbitrary: aPayment.map((payment) => ['receivePayment', payment, facts] as const) },
  fc.constant(['open', { receivableId, ...owed }, facts] as const),
  anId.map((paymentId) => ['releasePayment', { receivableId, paymentId, reason: 'x' }, officer] as const),
  anId.map((paymentId) => ['returnPayment', { receivableId, paymentId, reason: 'x' }, officer] as const),
  fc
    .constantFrom('order-cancelled', 'order-expired', 'payment-not-wanted')
    .map((cause) => ['close', { receivableId, accountId: owed.accountId, cause }, facts] as const),
  anAmount.map((amountMinor) => ['refund', { receivableId, amountMinor, currency: 'CNY' }, facts] as const),
  fc.constant(['settleRefund', { receivableId, payoutId: 'payout-1', settledAt: facts.now }, {}] as const),
  anId.map((paymentId) => ['settleReturn', { receivableId, paymentId, payoutId: 'payout-2', settledAt: facts.now }, {}] as const),
);
type Act = readonly [string, unknown, unknown];

const play = (acts: readonly Act[]) => {
  let state: Receivable = receivable.initialState;
  const history: ReceivableEvent[] = [];
  for (const [name, command, given] of acts) {
    const decided = (receivable.decide as Record<string, (...args: unknown[]) => unknown>)[name]!(state, command, given);
    if (isRejection(decided)) continue;
    history.push(...(decided as ReceivableEvent[]));
    state = fold(receivable, decided as ReceivableEvent[], state);
  }
  return { state, history };
};
const of = <T extends ReceivableEvent['type']>(history: readonly ReceivableEvent[], type: T) =>
  history.filter((event): event is Extract<ReceivableEvent, { type: T }> => event.type === type);
const sumOf = (list: readonly { readonly amountMinor: number }[]): number =>
  list.reduce((total, { amountMinor }) => total + amountMinor, 0);
const inPlace = (state: Receivable, ...places: Money['place'][]): number =>
  sumOf(state.money.filter(({ place }) => places.includes(place)));

describe('money is neither lost nor made, whatever the world does (2.2.2, 2.2.5)', () => {
  const always = (rule: (played: ReturnType<typeof play>) => void): void =>
    fc.assert(
      fc.property(fc.array(anAct, { maxLength: 25 }), (acts) => rule(play(acts as readonly Act[]))),
      { numRuns: 500 },
    );

  test('what was received is what is applied, held, on its way back or back', () =>
    always(({ state, history }) => {
      const received = sumOf(of(history, 'PaymentReceived').map(({ data }) => data));
      expect(received).toBe(inPlace(state, 'applied', 'held', 'in-return', 'returned', 'in-refund', 'refunded'));
      expect(inPlace(state, 'returned')).toBe(sumOf(of(history, 'PaymentReturned').map(({ data }) => data)));
      expect(inPlace(state, 'refunded')).toBe(sumOf(of(history, 'RefundSettled').map(({ data }) => data)));
    }));
  test('every payment is received once', () =>
    always(({ history }) => {
      const received = of(history, 'PaymentReceived').map(({ data }) => data.paymentId);
      expect(new Set(received).size).toBe(received.length);
    }));
  test('a receivable is paid once at the most, in full, and refunded once at the most', () =>
    always(({ history }) => {
      expect(of(history, 'PaymentApplied').length).toBeLessThanOrEqual(1);
      expect(
        of(history, 'PaymentApplied').every(({ data }) => data.amountMinor === owed.amountMinor && data.currency === owed.currency),
      ).toBe(true);
      expect(of(history, 'RefundOrdered').length).toBeLessThanOrEqual(1);
      expect(of(history, 'RefundSettled').length).toBeLessThanOrEqual(1);
    }));
  test('no payment is sent back twice, neither as a refund nor as a return', () =>
    always(({ history }) => {
      const ordered = [...of(history, 'PaymentReturnOrdered'), ...of(history, 'RefundOrdered')].map(({ data }) => data.paymentId);
      expect(new Set(ordered).size).toBe(ordered.length);
    }));
  test('money goes back only when it was ordered to', () =>
    always(({ history }) => {
      const ordered = new Set([...of(history, 'PaymentReturnOrdered'), ...of(history, 'RefundOrdered')].map(({ data }) => data.paymentId));
      expect(of(history, 'PaymentReturned').every(({ data }) => ordered.has(data.paymentId))).toBe(true);
    }));
  test("nothing but the right payer's money is applied without an officer", () =>
    always(({ history }) => {
      const applied = of(history, 'PaymentApplied').map(({ data }) => data.paymentId);
      const released = new Set(of(history, 'PaymentReleased').map(({ data }) => data.paymentId));
      const payer = new Map(of(history, 'PaymentReceived').map(({ data }) => [data.paymentId, data.payerName]));
      expect(applied.every((paymentId) => payer.get(paymentId) === name || released.has(paymentId))).toBe(true);
    }));
});
