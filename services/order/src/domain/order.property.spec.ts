import fc from 'fast-check';
import { isBefore } from '@qiyue/calendar';
import { fold, isRejection, type Rejection } from '@qiyue/decider';
import { order } from './order';
import type { Order, OrderEvent } from './order-state';
import { invoice, orderable, springVoucher, verified, wanted } from './order.examples';

const startMs = Date.parse('2026-02-09T02:00:00.000Z');
const after = (minutes: number): string => new Date(startMs + minutes * 60_000).toISOString();
const payments = fc.record({
  paymentId: fc.constantFrom('p1', 'p2', 'p3'),
  amountMinor: fc.constantFrom(191_000, 196_000, 1),
  currency: fc.constantFrom('CNY', 'CNY', 'USD'),
  late: fc.nat(2_000),
});
const settlements = fc.record({
  payoutId: fc.constantFrom('o1', 'o2'),
  amountMinor: fc.constantFrom(191_000, 196_000, 1),
  currency: fc.constant('CNY'),
});

type Decided = readonly OrderEvent[] | Rejection;
type Step = (state: Order, now: string, minute: number) => Decided;
const { decide } = order;
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.boolean().map(
    (discounted): Step =>
      (state, now) =>
        decide.submit(state, discounted ? { ...wanted, voucherCode: 'SPRING-50' } : wanted, {
          ...orderable,
          now,
          ...(discounted ? { voucher: springVoucher } : {}),
        }),
  ),
  payments.map(
    ({ late, ...payment }): Step =>
      (state, now, minute) =>
        decide.markPaid(state, { ...payment, receivedAt: after(minute - late + 500) }, { now }),
  ),
  settlements.map(
    (settlement): Step =>
      (state, now) =>
        decide.completeRefund(state, { ...settlement, settledAt: now }, { now }),
  ),
  fc.constant<Step>((state, now) => decide.requestRefund(state, { reason: 'r' }, { now, account: verified, announced: [] })),
  fc.constantFrom<Step>(
    (state) => decide.amend(state, {}, {}),
    (state, now) => decide.cancel(state, {}, { now }),
    (state, now) => decide.expire(state, {}, { now }),
    (state, now) => decide.confirmVoucher(state, {}, { now }),
    (state, now) => decide.refuseVoucher(state, {}, { now }),
    (state, now) => decide.noteInvoice(state, { invoiceNumber: 'i1', issuedAt: now }, { now }),
    (state, now) => decide.awaitInvoiceReturn(state, {}, { now }),
    (state, now) => decide.releaseRefund(state, {}, { now }),
  ),
);

interface Told {
  readonly now: string;
  readonly event: OrderEvent;
}

const openings: readonly Step[] = [
  (state, now) => decide.submit(state, wanted, { ...orderable, now }),
  // With the voucher pending, money and voucher race.
  (state, now) => decide.submit(state, { ...wanted, voucherCode: 'SPRING-50' }, { ...orderable, now, voucher: springVoucher }),
];

/** What most orders live through; a life follows it for a while, so that runs are not all spent on unpaid orders. */
const usual: readonly Step[] = [
  (state, now) => decide.confirmVoucher(state, {}, { now }),
  (state, now) => decide.markPaid(state, { paymentId: 'p1', amountMinor: payableOf(state), currency: 'CNY', receivedAt: now }, { now }),
  (state, now) => decide.requestRefund(state, { reason: 'r' }, { now, account: verified, announced: [] }),
  (state, now) => decide.releaseRefund(state, {}, { now }),
  (state, now) => decide.completeRefund(state, { payoutId: 'o1', amountMinor: payableOf(state), currency: 'CNY', settledAt: now }, { now }),
];
const payableOf = (state: Order): number => (state.status === 'none' ? 0 : state.frozen.payableMinor);

/** An order that lives through commands in any order, at growing times, each given once or twice. */
const lives = fc
  .tuple(
    fc.constantFrom(...openings),
    fc.nat(usual.length),
    fc.integer({ min: 1, max: 2 }),
    fc.array(fc.tuple(step, fc.nat(1_500)), { minLength: 1, maxLength: 60 }),
  )
  .map(([open, followed, times, steps]): readonly Told[] => {
    const told: Told[] = [];
    let minute = 0;
    for (const [take, wait] of [...[open, ...usual.slice(0, followed)].map((take) => [take, 0] as const), ...steps]) {
      minute += wait;
      for (let time = 0; time < times; time += 1) {
        const decided = take(
          fold(
            order,
            told.map(({ event }) => event),
          ),
          after(minute),
          minute,
        );
        if (!isRejection(decided)) told.push(...decided.map((event) => ({ now: after(minute), event })));
      }
    }
    return told;
  });

const of = <Name extends OrderEvent['type']>(life: readonly Told[], name: Name) =>
  life.filter(({ event }) => event.type === name) as unknown as readonly { now: string; event: Extract<OrderEvent, { type: Name }> }[];
const always = (property: (life: readonly Told[]) => void) => fc.assert(fc.property(lives, property), { numRuns: 400 });

describe('whatever happens to an order, in whatever order and however often', () => {
  test('it is submitted, paid, refunded and closed once at most, and never both paid and called off (2.2.2, 2.2.5)', () =>
    always((life) => {
      for (const name of [
        'OrderSubmitted',
        'OrderPaid',
        'RefundRequested',
        'RefundReleased',
        'RefundCompleted',
        'InvoiceNoted',
        'VoucherConfirmed',
      ] as const)
        expect(of(life, name).length).toBeLessThanOrEqual(1);
      expect(of(life, 'OrderPaid').length + of(life, 'OrderCancelled').length + of(life, 'OrderExpired').length).toBeLessThanOrEqual(1);
    }));

  test('what goes back is what was paid, never more, and only after it was paid (2.2.5)', () =>
    always((life) => {
      const [paid] = of(life, 'OrderPaid');
      const refunds = [...of(life, 'RefundRequested'), ...of(life, 'RefundReleased')].map(({ event }) => event.data.refundMinor);
      const completed = of(life, 'RefundCompleted').map(({ event }) => event.data.refundedMinor);
      for (const amount of [...refunds, ...completed]) expect(amount).toBe(paid?.event.data.paidMinor);
    }));

  test('what is paid is what the order says, to the fen (2.2.1, 2.2.2)', () =>
    always((life) => {
      const [submitted] = of(life, 'OrderSubmitted');
      const { listAmountMinor, payableMinor, voucher } = submitted!.event.data;
      expect(payableMinor).toBe(listAmountMinor - (voucher?.amountMinor ?? 0));
      for (const { event } of of(life, 'OrderPaid')) expect(event.data.paidMinor).toBe(payableMinor);
    }));

  test('no refund is asked for once the window has ended (2.2.5)', () =>
    always((life) => {
      const [paid] = of(life, 'OrderPaid');
      for (const { now } of of(life, 'RefundRequested')) expect(isBefore(now, paid!.event.data.refundableUntil)).toBe(true);
    }));

  test('every payment counts or goes back, never both and never twice (2.2.2)', () =>
    always((life) => {
      const counted = of(life, 'OrderPaid').flatMap(({ event }) => event.data.paymentId ?? []);
      const back = of(life, 'PaymentNotWanted').map(({ event }) => event.data.paymentId);
      const all = [...counted, ...back];
      expect(new Set(all).size).toBe(all.length);
      // Money that waits for the voucher does not wait once that is settled.
      if (of(life, 'VoucherConfirmed').length + of(life, 'OrderCancelled').length > 0) {
        for (const { event } of of(life, 'PaymentAwaitsVoucher')) expect(all).toContain(event.data.paymentId);
      }
    }));

  test('what it says is never said differently (2.2.1)', () =>
    always((life) => {
      const [submitted] = of(life, 'OrderSubmitted');
      const { terms, lines, accountId } = submitted!.event.data;
      for (const { event } of of(life, 'OrderPaid')) expect(event.data).toMatchObject({ terms, lines, invoice, accountId });
      for (const { event } of life) expect(event.data.accountId).toBe(accountId);
    }));

  test('a refund is released before it is completed, and asked for before it is released (2.2.5)', () =>
    always((life) => {
      const at = (name: OrderEvent['type']) => life.findIndex(({ event }) => event.type === name);
      if (at('RefundReleased') >= 0) expect(at('RefundRequested')).toBeGreaterThan(at('OrderPaid'));
      if (at('RefundReleased') >= 0) expect(at('RefundReleased')).toBeGreaterThan(at('RefundRequested'));
      if (at('RefundCompleted') >= 0) expect(at('RefundCompleted')).toBeGreaterThan(at('RefundReleased'));
    }));
});
