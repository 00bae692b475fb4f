import { isBefore, type Instant } from '@qiyue/calendar';
import { billingRejections, unattributed, type PaymentMethod } from '@qiyue/contracts';
import { stream, type Static } from '@qiyue/decider';
import { differingFields, type PaymentTelling } from './payment';
import { isOverdue, overdueFrom } from './policies/overdue-grace';
import { faultOfPayment } from './policies/payment-terms';
import { refundAmount } from './policies/refund-amount';
import { receivableEvents as told, type ReceivableEvent } from './receivable-events';
import { evolve, moneyOf, unopened, type Money, type Owed, type Receivable } from './receivable-state';

const { reject } = billingRejections;

interface Now {
  readonly now: Instant;
}
interface Means {
  /** Methods of payment that the vendor takes. */
  readonly methods: readonly Static<typeof PaymentMethod>[];
}

/** Who a decision about held money was taken by, recorded with it. */
interface Decided {
  readonly by: string;
}

/** What a service or a person wants owed. Bills fall into default `graceDays` after their due date; orders expire instead. */
export interface Opening extends Omit<Owed, 'overdueAt'> {
  readonly receivableId: string;
  readonly graceDays?: number;
  readonly description?: string;
}

/** The account that money for this receivable is attributed to. */
export const accountOf = (receivable: Receivable): string => {
  switch (receivable.status) {
    case 'unopened':
      return unattributed;
    case 'closed':
      return receivable.accountId;
    default:
      return receivable.owed.accountId;
  }
};

const faultOf = (receivable: Receivable, money: Pick<Money, 'amountMinor' | 'currency' | 'method' | 'payerName'>, { methods }: Means) => {
  switch (receivable.status) {
    case 'unopened':
      return 'order-unknown';
    case 'closed':
      return 'order-closed';
    case 'paid':
    case 'refunding':
    case 'refunded':
      return 'already-paid';
    case 'open':
    case 'overdue':
      return faultOfPayment(receivable.owed, money, methods);
  }
};

/** The pieces of an event that say which money it is about. */
const about = (receivableId: string, accountId: string, { paymentId, amountMinor, currency }: Money) => ({
  receivableId,
  accountId,
  paymentId,
  amountMinor,
  currency,
});

const apply = (receivableId: string, { owed }: { readonly owed: Owed }, money: Money, now: Instant) =>
  told.PaymentApplied({
    ...about(receivableId, owed.accountId, money),
    kind: owed.kind,
    // Only supported methods are applied, and all supported ones are the catalogue's.
    method: money.method as Static<typeof PaymentMethod>,
    receivedAt: money.receivedAt,
    appliedAt: now,
  });

type ReturnCause = 'decided' | 'order-closed' | 'payment-not-wanted';
const sendBack = (
  receivableId: string,
  accountId: string,
  money: Money,
  cause: ReturnCause,
  orderedBy: string,
  now: Instant,
  reason?: string,
) =>
  told.PaymentReturnOrdered({
    ...about(receivableId, accountId, money),
    cause,
    orderedBy,
    orderedAt: now,
    ...(reason === undefined ? {} : { reason }),
  });

/** What becomes of money that has just been received, or that waited for the receivable to be opened. */
const place = (receivableId: string, receivable: Receivable, money: Money, facts: Now & Means): readonly ReceivableEvent[] => {
  const accountId = accountOf(receivable);
  const reason = faultOf(receivable, money, facts);
  if (reason === undefined && 'owed' in receivable && receivable.owed !== undefined)
    return [apply(receivableId, { owed: receivable.owed }, money, facts.now)];
  const held = told.PaymentHeld({
    ...about(receivableId, accountId, money),
    payerName: money.payerName,
    reason: reason ?? 'order-unknown',
    heldAt: facts.now,
  });
  return reason === 'order-closed' ? [held, sendBack(receivableId, accountId, money, 'order-closed', 'billing', facts.now)] : [held];
};

/** Money that waited because nobody owed it yet counts now, if it is right; the rest stays held, each for its true reason. */
const placeWaiting = (
  receivableId: string,
  opened: ReceivableEvent,
  before: Receivable,
  facts: Now & Means,
): readonly ReceivableEvent[] => {
  const decided: ReceivableEvent[] = [opened];
  let receivable = evolve(before, opened);
  for (const money of before.money.filter((one) => one.place === 'held')) {
    const next = place(receivableId, receivable, money, facts);
    const applied = next.some(({ type }) => type === 'PaymentApplied');
    const release = told.PaymentReleased({
      receivableId,
      accountId: accountOf(receivable),
      paymentId: money.paymentId,
      reason: 'opened after the money came',
      releasedBy: 'billing',
      releasedAt: facts.now,
    });
    decided.push(...(applied ? [release] : []), ...next);
    receivable = next.reduce(evolve, receivable);
  }
  return decided;
};

const open = (receivable: Receivable, { receivableId, graceDays, description, ...owed }: Opening, facts: Now & Means) => {
  switch (receivable.status) {
    case 'unopened': {
      const overdue = owed.kind === 'bill' && graceDays !== undefined ? { overdueAt: overdueFrom(owed.dueBy, graceDays) } : {};
      const opened = told.ReceivableOpened({
        receivableId,
        ...owed,
        ...overdue,
        openedAt: facts.now,
        ...(description === undefined ? {} : { description }),
      });
      return placeWaiting(receivableId, opened, receivable, facts);
    }
    // The order was called off before it was heard of here: it stays so.
    case 'closed':
      return [];
    default: {
      const { owed: known } = receivable;
      const same =
        known.accountId === owed.accountId &&
        known.kind === owed.kind &&
        known.amountMinor === owed.amountMinor &&
        known.currency === owed.currency;
      return same ? [] : reject('receivable-exists', { receivableId });
    }
  }
};

/** What finance wants billed. */
interface Bill extends Pick<Owed, 'accountId' | 'amountMinor' | 'currency' | 'dueBy'> {
  readonly receivableId: string;
  readonly description: string;
}
interface BillFacts extends Now, Means {
  /** The account's verified name, if it has one. */
  readonly payerName?: string;
  /** The agreement in force, with the grace period it gives (8.2.3). */
  readonly agreement?: { readonly agreementVersion: string; readonly graceDays: number };
}

const bill = (receivable: Receivable, wanted: Bill, { payerName, agreement, ...facts }: BillFacts) => {
  if (receivable.status === 'unopened') {
    if (payerName === undefined) return reject('account-not-verified');
    if (agreement === undefined) return reject('no-agreement-in-force');
    if (!isBefore(facts.now, wanted.dueBy)) return reject('due-date-in-past', { dueBy: wanted.dueBy });
  }
  const { agreementVersion, graceDays } = agreement ?? { agreementVersion: '', graceDays: 0 };
  return open(receivable, { ...wanted, kind: 'bill', payerName: payerName ?? '', agreementVersion, graceDays }, facts);
};

const receivePayment = (receivable: Receivable, payment: Omit<PaymentTelling, 'accountId'>, facts: Now & Means) => {
  const known = moneyOf(receivable, payment.paymentId);
  if (known !== undefined) {
    const differing = differingFields({ ...known, receivableId: payment.receivableId }, payment);
    return differing.length === 0 ? [] : reject('payment-differs', { differing: differing.join(' ') });
  }
  const accountId = accountOf(receivable);
  // A gateway that dates a payment ahead must not move the refund window (2.2.5) with it.
  const receivedAt = isBefore(facts.now, payment.paidAt) ? facts.now : payment.paidAt;
  const money: Money = { ...payment, receivedAt, place: 'held' };
  return [told.PaymentReceived({ ...payment, accountId, receivedAt }), ...place(payment.receivableId, receivable, money, facts)];
};

const releasePayment = (
  receivable: Receivable,
  { receivableId, paymentId, reason, evidence }: { receivableId: string; paymentId: string; reason: string; evidence?: string },
  facts: Now & Means & Decided,
) => {
  const money = moneyOf(receivable, paymentId);
  if (receivable.status === 'unopened') return reject('receivable-unknown', { receivableId });
  if (money === undefined) return reject('payment-unknown', { paymentId });
  if (money.place !== 'held') return reject('payment-not-held', { paymentId });
  if (receivable.status !== 'open' && receivable.status !== 'overdue') return reject('receivable-not-open', { receivableId });
  const fault = faultOfPayment(receivable.owed, money, facts.methods);
  if (fault !== undefined && fault !== 'payer-name-differs') return reject('payment-not-releasable', { paymentId, heldFor: fault });
  const { accountId } = receivable.owed;
  return [
    told.PaymentReleased({
      receivableId,
      accountId,
      paymentId,
      reason,
      releasedBy: facts.by,
      releasedAt: facts.now,
      ...(evidence === undefined ? {} : { evidence }),
    }),
    apply(receivableId, receivable, money, facts.now),
  ];
};

const returnPayment = (
  receivable: Receivable,
  { receivableId, paymentId, reason }: { receivableId: string; paymentId: string; reason: string },
  { now, by }: Now & Decided,
) => {
  const money = moneyOf(receivable, paymentId);
  if (money === undefined)
    return receivable.status === 'unopened' && receivable.money.length === 0
      ? reject('receivable-unknown', { receivableId })
      : reject('payment-unknown', { paymentId });
  switch (money.place) {
    case 'held':
      return [sendBack(receivableId, accountOf(receivable), money, 'decided', by, now, reason)];
    case 'in-return':
    case 'returned':
      return [];
    case 'applied':
    case 'in-refund':
    case 'refunded':
      return reject('payment-not-held', { paymentId });
  }
};

type ClosingCause = 'order-cancelled' | 'order-expired' | 'payment-not-wanted';
/** Nobody owes this any more: whatever money is here and not under way goes back, applied money included. */
const close = (
  receivable: Receivable,
  { receivableId, accountId, cause }: { receivableId: string; accountId: string; cause: ClosingCause },
  { now }: Now,
) => {
  switch (receivable.status) {
    case 'closed':
    case 'refunding':
    case 'refunded':
      return [];
    default: {
      const returnCause = cause === 'payment-not-wanted' ? cause : 'order-closed';
      const goingBack = receivable.money.filter((one) => one.place === 'held' || one.place === 'applied');
      return [
        told.ReceivableClosed({ receivableId, accountId, cause, closedAt: now }),
        ...goingBack.map((one) => sendBack(receivableId, accountId, one, returnCause, 'billing', now)),
      ];
    }
  }
};

const fallOverdue = (receivable: Receivable, { receivableId }: { receivableId: string }, { now }: Now) => {
  if (receivable.status !== 'open') return [];
  const { accountId, amountMinor, currency, overdueAt } = receivable.owed;
  if (overdueAt === undefined || !isOverdue(overdueAt, now)) return [];
  return [told.ReceivableOverdue({ receivableId, accountId, amountMinor, currency, overdueAt })];
};

const refund = (
  receivable: Receivable,
  { receivableId, amountMinor, currency }: { receivableId: string; amountMinor: number; currency: string },
  { now }: Now,
) => {
  switch (receivable.status) {
    case 'unopened':
      return reject('receivable-unknown', { receivableId });
    // One refund per receivable, whatever is retried (2.2.5).
    case 'refunding':
    case 'refunded':
      return [];
    case 'open':
    case 'overdue':
    case 'closed':
      return reject('refund-exceeds-payment', { paidMinor: 0, askedMinor: amountMinor });
    case 'paid': {
      const paid = receivable.money.find((one) => one.place === 'applied');
      if (paid === undefined) return reject('refund-exceeds-payment', { paidMinor: 0, askedMinor: amountMinor });
      return (
        refundAmount(paid, { amountMinor, currency }) ?? [
          told.RefundOrdered({ ...about(receivableId, receivable.owed.accountId, paid), orderedAt: now }),
        ]
      );
    }
  }
};

interface Settled {
  readonly receivableId: string;
  readonly payoutId: string;
  readonly settledAt: Instant;
}

const settleRefund = (receivable: Receivable, { receivableId, payoutId, settledAt }: Settled, _facts: object) => {
  const money = receivable.money.find((one) => one.place === 'in-refund');
  if (money !== undefined) return [told.RefundSettled({ ...about(receivableId, accountOf(receivable), money), payoutId, settledAt })];
  return receivable.status === 'refunded' ? [] : reject('payout-unknown', { payoutId });
};

const settleReturn = (
  receivable: Receivable,
  { receivableId, paymentId, payoutId, settledAt }: Settled & { readonly paymentId: string },
  _facts: object,
) => {
  const money = moneyOf(receivable, paymentId);
  if (money?.place === 'in-return')
    return [told.PaymentReturned({ ...about(receivableId, accountOf(receivable), money), payoutId, returnedAt: settledAt })];
  return money?.place === 'returned' ? [] : reject('payout-unknown', { payoutId });
};

/** What an account owes for one order or bill, and every piece of money that ever came for it. Its id is the order's or the bill's. */
export const receivable = stream({
  category: 'receivable',
  events: told,
  initialState: unopened,
  evolve,
  decide: { open, bill, receivePayment, releasePayment, returnPayment, close, fallOverdue, refund, settleRefund, settleReturn },
  owner: (state) => (state.status === 'unopened' ? undefined : accountOf(state)),
  agreementVersion: (state) => ('owed' in state ? state.owed?.agreementVersion : undefined),
});
