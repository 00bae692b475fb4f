import { Personal, rejections, Type } from '@qiyue/decider';
import { factsOf } from './fact';
import { At, CurrencyCode, Id, Minor, OneOf } from './schema';

const receivable = { receivableId: '6a0cbb9c-7a52-5f1e-8f43-1b1a2f3c4d01', accountId: '0b7f6f0e-6f0c-5d0e-9a51-4f1f0c7a1a01' };
const at = '2026-03-03T02:00:00.000Z';

/** The means by which customers pay. */
export const PaymentMethod = OneOf('alipay', 'wechat-pay', 'bank-transfer');
/** What a receivable is for. Its id is the order's or the bill's. */
export const ReceivableKind = OneOf('order', 'bill');
/** Why money is held and not applied (2.2.2). */
export const HoldReason = OneOf(
  'payer-name-differs',
  'amount-differs',
  'currency-differs',
  'method-not-supported',
  'already-paid',
  'order-closed',
  'order-unknown',
);
/** Account under which money is kept that belongs to no known order. */
export const unattributed = 'unattributed';

/** What billing tells. Key of every fact: the receivable; of payout facts the payout. */
export const billingFacts = factsOf('billing', {
  ReceivableOpened: {
    clause: '2.2.2',
    meaning: 'The account owes this; it stays owed whatever becomes of the account.',
    schema: Type.Object({
      receivableId: Id,
      accountId: Id,
      kind: ReceivableKind,
      amountMinor: Minor,
      currency: CurrencyCode,
      dueBy: At,
      openedAt: At,
    }),
    example: { ...receivable, kind: 'order', amountMinor: 191_000, currency: 'CNY', dueBy: '2026-03-10T16:00:00.000Z', openedAt: at },
  },
  PaymentApplied: {
    clause: '2.2.2',
    meaning: 'Money has arrived in full, from the right payer, and pays the receivable. Told once per receivable.',
    schema: Type.Object({
      receivableId: Id,
      accountId: Id,
      kind: ReceivableKind,
      paymentId: Id,
      amountMinor: Minor,
      currency: CurrencyCode,
      method: PaymentMethod,
      receivedAt: At,
      appliedAt: At,
    }),
    example: {
      ...receivable,
      kind: 'order',
      paymentId: 'alipay.2026030300001',
      amountMinor: 191_000,
      currency: 'CNY',
      method: 'alipay',
      receivedAt: at,
      appliedAt: at,
    },
  },
  PaymentHeld: {
    clause: '2.2.2',
    meaning: 'Money has arrived that must not be applied; an officer releases it, or it goes back to the payer.',
    schema: Type.Object({
      receivableId: Id,
      accountId: Id,
      paymentId: Id,
      payerName: Personal(),
      amountMinor: Minor,
      currency: CurrencyCode,
      reason: HoldReason,
      heldAt: At,
    }),
    example: {
      ...receivable,
      paymentId: 'alipay.2026030300002',
      payerName: '某某',
      amountMinor: 191_000,
      currency: 'CNY',
      reason: 'payer-name-differs',
      heldAt: at,
    },
  },
  PaymentReleased: {
    clause: '2.2.2',
    meaning:
      'Held money counts after all: an officer let it, with reason and evidence, or what it was paid for has been opened since (`releasedBy` is then `billing`).',
    schema: Type.Object({ receivableId: Id, accountId: Id, paymentId: Id, releasedBy: Id, releasedAt: At }),
    example: { ...receivable, paymentId: 'alipay.2026030300002', releasedBy: 'officer-1', releasedAt: at },
  },
  PaymentReturned: {
    clause: '2.2.2',
    meaning: 'Held money is back with its payer.',
    schema: Type.Object({
      receivableId: Id,
      accountId: Id,
      paymentId: Id,
      payoutId: Id,
      amountMinor: Minor,
      currency: CurrencyCode,
      returnedAt: At,
    }),
    example: {
      ...receivable,
      paymentId: 'alipay.2026030300002',
      payoutId: 'e5e0a7de-93f4-5d7e-8a50-0b6a4e1a2b02',
      amountMinor: 191_000,
      currency: 'CNY',
      returnedAt: at,
    },
  },
  RefundSettled: {
    clause: '2.2.5',
    meaning: 'The gateway has sent the refund; exactly the money paid, once per order.',
    schema: Type.Object({ receivableId: Id, accountId: Id, payoutId: Id, amountMinor: Minor, currency: CurrencyCode, settledAt: At }),
    example: { ...receivable, payoutId: 'e5e0a7de-93f4-5d7e-8a50-0b6a4e1a2b01', amountMinor: 191_000, currency: 'CNY', settledAt: at },
  },
  ReceivableOverdue: {
    clause: '8.2.3',
    meaning: 'A bill was not paid by its due date and the grace period after it.',
    schema: Type.Object({ receivableId: Id, accountId: Id, amountMinor: Minor, currency: CurrencyCode, overdueAt: At }),
    example: { ...receivable, amountMinor: 12_300, currency: 'CNY', overdueAt: at },
  },
});

/** Why billing refuses, in order of precedence. */
export const billingRejections = rejections('billing', {
  'receivable-unknown': { status: 404, meaning: 'Nothing is owed under this id.' },
  'payment-unknown': { status: 404, meaning: 'There is no such payment.' },
  'callback-not-genuine': { status: 403, clause: '2.2.2', meaning: "The callback does not carry the gateway's signature." },
  'receivable-exists': { status: 409, meaning: 'Something is owed under this id already, and it says something else.' },
  'payment-differs': { status: 409, clause: '2.2.2', meaning: 'This payment was told before with other content.' },
  'payment-not-held': { status: 409, clause: '2.2.2', meaning: 'Only held money can be released or returned.' },
  'receivable-not-open': { status: 409, clause: '2.2.2', meaning: 'The receivable waits for no payment: it is paid or closed.' },
  'payment-not-releasable': {
    status: 409,
    clause: '2.2.2',
    meaning: "Only a payer's name can be overruled. Amount, currency and method are not what is owed, so this money can only go back.",
  },
  'account-not-verified': {
    status: 409,
    clause: '2.2.2',
    meaning: 'An account without a verified name cannot be billed: nobody could be the right payer.',
  },
  'no-agreement-in-force': { status: 409, clause: '1.1', meaning: 'No agreement is in force, so there are no terms to bill under.' },
  'due-date-in-past': { status: 422, clause: '8.2.3', meaning: 'A bill falls due after it is opened.' },
  'refund-exceeds-payment': { status: 409, clause: '2.2.5', meaning: 'No more can go back than was paid.' },
  'refund-below-payment': { status: 409, clause: '2.2.5', meaning: 'The money paid goes back in full.' },
  'payout-unknown': { status: 404, meaning: 'There is no such payout.' },
  'payout-not-refused': { status: 409, clause: '2.2.2', meaning: 'Only a payout that the gateway refused can be ordered again.' },
});
