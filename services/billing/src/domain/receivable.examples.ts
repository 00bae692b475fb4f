import { examplesOf } from '@qiyue/decider';
import { receivable } from './receivable';
import { receivableEvents as told, type ReceivableEvent } from './receivable-events';

export const receivableId = 'order-1';
export const accountId = 'account-1';
export const name = '杭州示例科技有限公司';
const at = '2026-03-03T02:00:00.000Z';
const sum = { receivableId, accountId, amountMinor: 191_000, currency: 'CNY' };

export const owed = {
  accountId,
  kind: 'order' as const,
  amountMinor: 191_000,
  currency: 'CNY',
  payerName: name,
  dueBy: '2026-03-10T16:00:00.000Z',
  agreementVersion: '2026-01',
};
export const facts = { now: at, methods: ['alipay', 'wechat-pay', 'bank-transfer'] as const };
export const officer = { ...facts, by: 'officer-1' };

/** The payment that pays the receivable of these examples. */
export const rightPayment = {
  paymentId: 'p-1',
  receivableId,
  amountMinor: 191_000,
  currency: 'CNY',
  method: 'alipay',
  payerName: name,
  paidAt: at,
};
/** Money of the same sum from somebody else. */
export const wrongName = { ...rightPayment, paymentId: 'p-2', payerName: '上海另外有限公司' };

/** Less than is owed, from the right payer. */
const tooLittle = { ...rightPayment, paymentId: 'p-2', amountMinor: 1 };

export const anOpenReceivable: readonly ReceivableEvent[] = [told.ReceivableOpened({ receivableId, ...owed, openedAt: at })];
export const anOpenBill: readonly ReceivableEvent[] = [
  told.ReceivableOpened({
    receivableId,
    ...owed,
    kind: 'bill',
    overdueAt: '2026-03-17T16:00:00.000Z',
    openedAt: at,
    description: '二月用量',
  }),
];
export const anOverdueBill: readonly ReceivableEvent[] = [
  ...anOpenBill,
  told.ReceivableOverdue({ ...sum, overdueAt: '2026-03-17T16:00:00.000Z' }),
];
export const receivedEvent = (payment: typeof rightPayment, account = accountId): ReceivableEvent =>
  told.PaymentReceived({ ...payment, accountId: account, receivedAt: payment.paidAt });
export const heldEvent = (
  payment: typeof rightPayment,
  reason: Parameters<typeof told.PaymentHeld>[0]['reason'],
  account = accountId,
): ReceivableEvent =>
  told.PaymentHeld({
    ...sum,
    accountId: account,
    paymentId: payment.paymentId,
    amountMinor: payment.amountMinor,
    currency: payment.currency,
    payerName: payment.payerName,
    reason,
    heldAt: at,
  });
export const appliedEvent: ReceivableEvent = told.PaymentApplied({
  ...sum,
  kind: 'order',
  paymentId: 'p-1',
  method: 'alipay',
  receivedAt: at,
  appliedAt: at,
});

export const aReceivableWithHeldMoney: readonly ReceivableEvent[] = [
  ...anOpenReceivable,
  receivedEvent(wrongName),
  heldEvent(wrongName, 'payer-name-differs'),
];
export const aPaidReceivable: readonly ReceivableEvent[] = [...aReceivableWithHeldMoney, receivedEvent(rightPayment), appliedEvent];
export const aRefundingReceivable: readonly ReceivableEvent[] = [
  ...aPaidReceivable,
  told.RefundOrdered({ ...sum, paymentId: 'p-1', orderedAt: at }),
];
export const aRefundedReceivable: readonly ReceivableEvent[] = [
  ...aRefundingReceivable,
  told.RefundSettled({ ...sum, paymentId: 'p-1', payoutId: 'payout-1', settledAt: at }),
];
export const aClosedReceivable: readonly ReceivableEvent[] = [
  ...aReceivableWithHeldMoney,
  told.ReceivableClosed({ receivableId, accountId, cause: 'order-cancelled', closedAt: at }),
  told.PaymentReturnOrdered({ ...sum, paymentId: 'p-2', cause: 'order-closed', orderedBy: 'billing', orderedAt: at }),
];

export const receivableExamples = examplesOf(receivable, {
  histories: {
    unopened: [],
    open: aReceivableWithHeldMoney,
    overdue: anOverdueBill,
    paid: aPaidReceivable,
    refunding: aRefundingReceivable,
    refunded: aRefundedReceivable,
    closed: aClosedReceivable,
  },
  commands: {
    open: [{ receivableId, ...owed }, facts],
    bill: [
      { receivableId, accountId, amountMinor: 12_300, currency: 'CNY', dueBy: '2026-03-10T16:00:00.000Z', description: '二月用量' },
      { ...facts, payerName: name, agreement: { agreementVersion: '2026-01', graceDays: 7 } },
    ],
    receivePayment: [{ ...rightPayment, paymentId: 'p-9' }, facts],
    releasePayment: [{ receivableId, paymentId: 'p-2', reason: 'parent company', evidence: 'letter' }, officer],
    returnPayment: [{ receivableId, paymentId: 'p-2', reason: 'not ours' }, officer],
    close: [{ receivableId, accountId, cause: 'order-cancelled' }, facts],
    fallOverdue: [{ receivableId }, { now: '2026-03-17T16:00:00.000Z' }],
    refund: [{ receivableId, amountMinor: 191_000, currency: 'CNY' }, facts],
    settleRefund: [{ receivableId, payoutId: 'payout-1', settledAt: at }, {}],
    settleReturn: [{ receivableId, paymentId: 'p-2', payoutId: 'payout-2', settledAt: at }, {}],
  },
  refusals: {
    open: { on: 'unopened', faults: { 'receivable-exists': { history: 'paid', 'command.amountMinor': 1 } } },
    bill: {
      on: 'unopened',
      faults: {
        'receivable-exists': { history: 'open' },
        'account-not-verified': { 'facts.payerName': undefined },
        'no-agreement-in-force': { 'facts.agreement': undefined },
        'due-date-in-past': { 'command.dueBy': at },
      },
    },
    receivePayment: { on: 'open', faults: { 'payment-differs': { 'command.paymentId': wrongName.paymentId } } },
    releasePayment: {
      on: 'open',
      faults: {
        'receivable-unknown': { history: 'unopened' },
        'payment-unknown': { 'command.paymentId': 'p-0' },
        'payment-not-held': { history: 'refunded', 'command.paymentId': 'p-1' },
        'receivable-not-open': { history: 'paid' },
        'payment-not-releasable': { history: [...anOpenReceivable, receivedEvent(tooLittle), heldEvent(tooLittle, 'amount-differs')] },
      },
    },
    returnPayment: {
      on: 'open',
      faults: {
        'receivable-unknown': { history: 'unopened' },
        'payment-unknown': { 'command.paymentId': 'p-0' },
        'payment-not-held': { history: 'paid', 'command.paymentId': 'p-1' },
      },
    },
    refund: {
      on: 'paid',
      faults: {
        'receivable-unknown': { history: 'unopened' },
        'refund-exceeds-payment': { 'command.amountMinor': 191_001 },
        'refund-below-payment': { 'command.amountMinor': 190_999 },
      },
    },
    settleRefund: { on: 'refunding', faults: { 'payout-unknown': { history: 'paid' } } },
    settleReturn: { on: 'closed', faults: { 'payout-unknown': { history: 'open' } } },
  },
});
