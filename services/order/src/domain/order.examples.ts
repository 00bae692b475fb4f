import { examplesOf } from '@qiyue/decider';
import { order, type SubmitCommand, type SubmitFacts } from './order';
import { orderEvents, type Payment } from './order-state';
import type { RenewedSubscription } from './policies/renewal';

export const orderId = '6a0cbb9c-7a52-5f1e-8f43-1b1a2f3c4d01';
export const accountId = '0b7f6f0e-6f0c-5d0e-9a51-4f1f0c7a1a01';
export const payoutId = 'e5e0a7de-93f4-5d7e-8a50-0b6a4e1a2b01';
const ids = { orderId, accountId };

/** Monday, 10:00 in Shanghai. */
export const submittedAt = '2026-03-02T02:00:00.000Z';
/** Tuesday, 10:00 in Shanghai; the refund window ends with Friday. */
export const paidAt = '2026-03-03T02:00:00.000Z';
export const refundableUntil = '2026-03-06T16:00:00.000Z';
export const payBy = '2026-03-09T16:00:00.000Z';
export const issuedAt = '2026-03-04T01:00:00.000Z';
export const askedAt = '2026-03-05T02:00:00.000Z';
export const reason = 'not what we need';

export const terms = { agreementVersion: '2026-01', refundWindowWorkingDays: 3, invoiceTermWorkingDays: 7 };
const name = '杭州示例科技有限公司';
export const company = { name, address: '杭州市滨江区示例路 1 号', contact: '0571-00000000' };
export const invoice = { title: name, taxId: '91330108MA2GXXXX0A', way: 'e-mail' as const, address: 'invoices@example.com' };
const wafStandard = { sku: 'waf-std', name: '云 WAF 标准版', unitPriceMinor: 98_000, thirdPartyContent: false, termMonths: 12 };
export const lines = [{ ...wafStandard, quantity: 2, amountMinor: 196_000 }];

export const wanted: SubmitCommand = { orderId, accountId, lines: [{ sku: 'waf-std', quantity: 2 }], company, invoice };
export const verified = { acceptedVersion: '2026-01', verifiedName: name, suspended: false };
export const orderable = {
  now: submittedAt,
  agreement: { version: '2026-01', paymentTermDays: 7, refundWindowWorkingDays: 3, invoiceTermWorkingDays: 7, announced: [] },
  account: verified,
  priceList: { version: '2026-spring', currency: 'CNY', products: [wafStandard] },
} satisfies SubmitFacts;
export const springVoucher = { accountId, amountMinor: 5_000, currency: 'CNY', validUntil: '2026-06-30T16:00:00.000Z', free: true };
export const refundable = { now: askedAt, account: verified, announced: [] };

export const submission = {
  ...ids,
  lines,
  listAmountMinor: 196_000,
  payableMinor: 196_000,
  currency: 'CNY',
  priceListVersion: '2026-spring',
  offer: 'list' as const,
  terms,
  company,
  invoice,
  payerName: name,
  payBy,
  submittedAt,
};
export const withVoucher = { ...submission, voucher: { code: 'SPRING-50', amountMinor: 5_000 }, payableMinor: 191_000 };

export const payment: Payment = { paymentId: 'alipay.2026030300001', amountMinor: 196_000, currency: 'CNY', receivedAt: paidAt };
export const paidData = {
  ...ids,
  paidMinor: 196_000,
  paymentId: payment.paymentId,
  currency: 'CNY',
  paidAt,
  refundableUntil,
  invoiceDueBy: '2026-03-12T16:00:00.000Z',
  calendar: { version: 'chinese-days@1.5.7', status: 'official' as const },
  terms,
  invoice,
  lines,
};
const money = { currency: 'CNY', refundMinor: 196_000 };

export const aSubmittedOrder = [orderEvents.OrderSubmitted(submission)];
export const anOrderWithVoucher = [orderEvents.OrderSubmitted(withVoucher)];
export const aCancelledOrder = [...aSubmittedOrder, orderEvents.OrderCancelled({ ...ids, reason: 'customer', cancelledAt: paidAt })];
export const anExpiredOrder = [...aSubmittedOrder, orderEvents.OrderExpired({ ...ids, expiredAt: payBy })];
export const aPaidOrder = [...aSubmittedOrder, orderEvents.OrderPaid(paidData)];
export const anInvoicedOrder = [...aPaidOrder, orderEvents.InvoiceNoted({ ...ids, invoiceNumber: '26330000000000000001', issuedAt })];
export const aRefundingOrder = [...aPaidOrder, orderEvents.RefundRequested({ ...ids, ...money, requestedAt: askedAt, reason })];
export const anOrderAwaitingItsInvoice = [...aRefundingOrder, orderEvents.RefundAwaitingInvoiceReturn({ ...ids, since: askedAt })];
export const aReleasedRefund = [...aRefundingOrder, orderEvents.RefundReleased({ ...ids, ...money, releasedAt: askedAt })];
export const settlement = { payoutId, amountMinor: 196_000, currency: 'CNY', settledAt: '2026-03-05T02:05:00.000Z' };
export const aRefundedOrder = [
  ...aReleasedRefund,
  orderEvents.RefundCompleted({ ...ids, refundedMinor: 196_000, currency: 'CNY', payoutId, completedAt: settlement.settledAt }),
];

const anEndedSubscription: RenewedSubscription = { accountId, firstActivatedAt: paidAt, items: [], refunded: false };

const now = { now: askedAt };
export const orderExamples = examplesOf(order, {
  histories: {
    none: [],
    submitted: aSubmittedOrder,
    cancelled: aCancelledOrder,
    expired: anExpiredOrder,
    paid: aPaidOrder,
    'refund-requested': aRefundingOrder,
    'refund-awaiting-invoice': anOrderAwaitingItsInvoice,
    'refund-released': aReleasedRefund,
    refunded: aRefundedOrder,
  },
  commands: {
    submit: [wanted, orderable],
    amend: [{}, {}],
    cancel: [{}, now],
    expire: [{}, { now: payBy }],
    confirmVoucher: [{}, now],
    refuseVoucher: [{}, now],
    markPaid: [payment, now],
    requestRefund: [{ reason }, refundable],
    noteInvoice: [{ invoiceNumber: '26330000000000000001', issuedAt }, now],
    awaitInvoiceReturn: [{}, now],
    releaseRefund: [{}, now],
    completeRefund: [settlement, now],
  },
  refusals: {
    submit: {
      on: 'none',
      faults: {
        'order-is-frozen': { history: 'submitted' },
        'subscription-unknown': { 'command.renews': 's-1' },
        'no-agreement-in-force': { 'facts.agreement': undefined },
        'account-not-accepted': { 'facts.account.acceptedVersion': undefined },
        'account-declined-agreement': { 'facts.account.declinedVersion': '2026-01' },
        'account-not-verified': { 'facts.account.verifiedName': undefined },
        'account-suspended': { 'facts.account.suspended': true },
        'dealer-not-authorised': { 'facts.dealer': [] },
        'no-price-list': { 'facts.priceList': undefined },
        'product-unknown': { 'command.lines': [{ sku: 'nothing', quantity: 1 }] },
        'subscription-not-renewable': { 'command.renews': 's-1', 'facts.renewed': anEndedSubscription },
        'amount-too-large': { 'facts.priceList.products': [{ ...wafStandard, unitPriceMinor: Number.MAX_SAFE_INTEGER }] },
        'voucher-unusable': { 'command.voucherCode': 'SPRING-50' },
      },
    },
    // Exists to refuse: with no fault at all the order is frozen.
    amend: { on: 'submitted', faults: { 'order-unknown': { history: 'none' }, 'order-is-frozen': {} } },
    cancel: {
      on: 'submitted',
      faults: { 'order-unknown': { history: 'none' }, 'order-paid': { history: 'paid' }, 'order-closed': { history: 'expired' } },
    },
    expire: { on: 'submitted', faults: { 'order-unknown': { history: 'none' } } },
    confirmVoucher: { on: 'submitted', faults: { 'order-unknown': { history: 'none' } } },
    refuseVoucher: { on: 'submitted', faults: { 'order-unknown': { history: 'none' } } },
    markPaid: { on: 'submitted', faults: { 'order-unknown': { history: 'none' } } },
    requestRefund: {
      on: 'paid',
      faults: {
        'order-unknown': { history: 'none' },
        'account-declined-agreement': { 'facts.account.declinedVersion': '2026-01' },
        'order-unpaid': { history: 'submitted' },
        'refund-window-closed': { 'facts.now': refundableUntil },
      },
    },
    noteInvoice: { on: 'paid', faults: { 'order-unknown': { history: 'none' }, 'order-unpaid': { history: 'submitted' } } },
    awaitInvoiceReturn: {
      on: 'refund-requested',
      faults: {
        'order-unknown': { history: 'none' },
        'order-unpaid': { history: 'submitted' },
        'refund-not-requested': { history: 'paid' },
      },
    },
    releaseRefund: {
      on: 'refund-requested',
      faults: {
        'order-unknown': { history: 'none' },
        'order-unpaid': { history: 'submitted' },
        'refund-not-requested': { history: 'paid' },
      },
    },
    completeRefund: {
      on: 'refund-released',
      faults: {
        'order-unknown': { history: 'none' },
        'order-unpaid': { history: 'submitted' },
        'refund-not-requested': { history: 'paid' },
        'refund-not-released': { history: 'refund-requested' },
        'refund-differs': { 'command.amountMinor': 1 },
      },
    },
  },
});
