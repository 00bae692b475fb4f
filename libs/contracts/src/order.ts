import { Personal, rejections, Type } from '@qiyue/decider';
import { factsOf } from './fact';
import { At, CalendarRef, CompanyData, CurrencyCode, Id, InvoiceData, Minor, OneOf, Terms } from './schema';

const order = { orderId: '6a0cbb9c-7a52-5f1e-8f43-1b1a2f3c4d01', accountId: '0b7f6f0e-6f0c-5d0e-9a51-4f1f0c7a1a01' };
const at = '2026-03-03T02:00:00.000Z';
const terms = { agreementVersion: '2026-01', refundWindowWorkingDays: 3, invoiceTermWorkingDays: 7 };
const invoice = { title: '杭州示例科技有限公司', taxId: '91330108MA2GXXXX0A', way: 'e-mail' as const, address: 'invoices@example.com' };

/** One line of an order, priced by the price list in force at submission. */
export const OrderLine = Type.Object({
  sku: Id,
  name: Type.String(),
  quantity: Type.Integer({ minimum: 1 }),
  unitPriceMinor: Minor,
  amountMinor: Minor,
  /** The item holds content of third parties (3.3); shown in catalogue, order and invoice. */
  thirdPartyContent: Type.Boolean(),
  /** Months of use that the line buys; a line that does not say buys a year. */
  termMonths: Type.Optional(Type.Integer({ minimum: 1 })),
});

/** A voucher as an order uses it. It is not money paid, so it is never given back (2.2.5). */
export const VoucherUse = Type.Object({ code: Id, amountMinor: Minor });

/** What order tells. Key of the order facts: the order; of the others their own stream. */
export const orderFacts = factsOf('order', {
  PriceListPublished: {
    clause: '2.2.4',
    meaning: 'New prices; they hold for orders submitted from now on and never change.',
    schema: Type.Object({ priceListVersion: Type.String(), currency: CurrencyCode, publishedAt: At }),
    example: { priceListVersion: '2026-spring', currency: 'CNY', publishedAt: at },
  },
  OrderSubmitted: {
    clause: '2.2.1',
    meaning: 'An order with everything it will ever say: lines, prices, terms, company and invoice data. Nothing of it changes later.',
    schema: Type.Object({
      orderId: Id,
      accountId: Id,
      lines: Type.Array(OrderLine, { minItems: 1 }),
      listAmountMinor: Minor,
      voucher: Type.Optional(VoucherUse),
      payableMinor: Minor,
      currency: CurrencyCode,
      priceListVersion: Type.String(),
      offer: OneOf('list', 'renewal', 'upgrade'),
      terms: Terms,
      company: CompanyData,
      invoice: InvoiceData,
      /** The account's verified name: whoever pays must bear it (2.2.2). */
      payerName: Personal(),
      payBy: At,
      submittedAt: At,
      /** The authorised dealer it was bought through; absent when bought directly (2.1.3). */
      dealerId: Type.Optional(Id),
      /** The subscription that it renews, with offer `renewal` (2.2.4). */
      renews: Type.Optional(Id),
    }),
    example: {
      ...order,
      lines: [
        { sku: 'waf-std', name: '云 WAF 标准版', quantity: 2, unitPriceMinor: 98_000, amountMinor: 196_000, thirdPartyContent: false },
      ],
      listAmountMinor: 196_000,
      voucher: { code: 'SPRING-50', amountMinor: 5_000 },
      payableMinor: 191_000,
      currency: 'CNY',
      priceListVersion: '2026-spring',
      offer: 'list',
      terms,
      company: { name: '杭州示例科技有限公司', address: '杭州市滨江区示例路 1 号', contact: '0571-00000000' },
      invoice,
      payerName: '杭州示例科技有限公司',
      payBy: '2026-03-10T16:00:00.000Z',
      submittedAt: at,
    },
  },
  OrderCancelled: {
    clause: '2.2.1',
    meaning: 'An unpaid order is called off; money that still comes for it goes back.',
    schema: Type.Object({ orderId: Id, accountId: Id, reason: OneOf('customer', 'voucher-unusable'), cancelledAt: At }),
    example: { ...order, reason: 'customer', cancelledAt: at },
  },
  OrderExpired: {
    clause: '2.2.1',
    meaning: 'An order was not paid in time; money that still comes for it goes back.',
    schema: Type.Object({ orderId: Id, accountId: Id, expiredAt: At }),
    example: { ...order, expiredAt: '2026-03-10T16:00:00.000Z' },
  },
  OrderPaid: {
    clause: '2.2.2',
    meaning: 'The order is paid in full. Carries the end of the refund window and the day the invoice is due, counted once and for all.',
    schema: Type.Object({
      orderId: Id,
      accountId: Id,
      paidMinor: Minor,
      currency: CurrencyCode,
      paidAt: At,
      /** Exclusive end of the refund window (2.2.5). */
      refundableUntil: At,
      /** The invoice is due before this instant (2.2.3). */
      invoiceDueBy: At,
      calendar: CalendarRef,
      terms: Terms,
      invoice: InvoiceData,
      lines: Type.Array(OrderLine),
      /** The payment that paid it; absent when there was nothing to pay. */
      paymentId: Type.Optional(Id),
    }),
    example: {
      ...order,
      paidMinor: 191_000,
      currency: 'CNY',
      paidAt: at,
      refundableUntil: '2026-03-06T16:00:00.000Z',
      invoiceDueBy: '2026-03-12T16:00:00.000Z',
      calendar: { version: 'chinese-days@1.5.7', status: 'official' },
      terms,
      invoice,
      lines: [
        { sku: 'waf-std', name: '云 WAF 标准版', quantity: 2, unitPriceMinor: 98_000, amountMinor: 196_000, thirdPartyContent: false },
      ],
    },
  },
  PaymentNotWanted: {
    clause: '2.2.2',
    meaning: 'Money was applied to an order that does not wait for it: billing sends it back to its payer.',
    schema: Type.Object({
      orderId: Id,
      accountId: Id,
      paymentId: Id,
      amountMinor: Minor,
      currency: CurrencyCode,
      reason: OneOf('order-cancelled', 'order-expired', 'already-paid', 'amount-differs'),
      refusedAt: At,
    }),
    example: {
      ...order,
      paymentId: 'alipay.2026030300001',
      amountMinor: 191_000,
      currency: 'CNY',
      reason: 'order-cancelled',
      refusedAt: at,
    },
  },
  RefundRequested: {
    clause: '2.2.5',
    meaning: 'A refund was asked for in time. The invoice service answers whether an invoice has to come back first.',
    schema: Type.Object({ orderId: Id, accountId: Id, refundMinor: Minor, currency: CurrencyCode, requestedAt: At }),
    example: { ...order, refundMinor: 191_000, currency: 'CNY', requestedAt: at },
  },
  RefundAwaitingInvoiceReturn: {
    clause: '2.2.5',
    meaning: 'The invoice has been issued, so the refund stays open until it comes back.',
    schema: Type.Object({ orderId: Id, accountId: Id, since: At }),
    example: { ...order, since: at },
  },
  RefundReleased: {
    clause: '2.2.5',
    meaning: 'Nothing stands in the way any more: billing sends the money back, once.',
    schema: Type.Object({ orderId: Id, accountId: Id, refundMinor: Minor, currency: CurrencyCode, releasedAt: At }),
    example: { ...order, refundMinor: 191_000, currency: 'CNY', releasedAt: at },
  },
  RefundCompleted: {
    clause: '2.2.5',
    meaning: 'The money is back with the payer; what the order activated has ended.',
    schema: Type.Object({ orderId: Id, accountId: Id, refundedMinor: Minor, currency: CurrencyCode, payoutId: Id, completedAt: At }),
    example: { ...order, refundedMinor: 191_000, currency: 'CNY', payoutId: 'e5e0a7de-93f4-5d7e-8a50-0b6a4e1a2b01', completedAt: at },
  },
  SubscriptionActivated: {
    clause: '2.2.4',
    meaning: 'What the order bought is in use, until its term ends.',
    schema: Type.Object({ subscriptionId: Id, orderId: Id, accountId: Id, activatedAt: At, expiresAt: At }),
    example: { ...order, subscriptionId: order.orderId, activatedAt: at, expiresAt: '2027-03-03T02:00:00.000Z' },
  },
  SubscriptionEnded: {
    meaning: 'What the order bought is no longer in use: its term ended (8.3.4) or the order was refunded (2.2.5).',
    schema: Type.Object({ subscriptionId: Id, orderId: Id, accountId: Id, cause: OneOf('expired', 'refunded'), endedAt: At }),
    example: { ...order, subscriptionId: order.orderId, cause: 'refunded', endedAt: at },
  },
});

/** Why order refuses, in order of precedence. */
export const orderRejections = rejections('order', {
  'order-unknown': { status: 404, meaning: 'There is no such order.' },
  'order-is-frozen': { status: 409, clause: '2.2.1', meaning: 'A submitted order cannot be changed by anyone.' },
  'subscription-unknown': { status: 404, meaning: 'There is no such subscription.' },
  'dealer-unknown': { status: 404, meaning: 'There is no such dealer.' },
  'currency-not-supported': { status: 422, clause: '2.2.2', meaning: 'Nothing is sold in this currency.' },
  'product-listed-twice': { status: 422, clause: '2.2.4', meaning: 'A price list names each product once.' },
  'authorisation-period-empty': { status: 422, clause: '2.1.3', meaning: 'An authorisation ends after it begins.' },
  'price-list-exists': { status: 409, clause: '2.2.4', meaning: 'A published price list is never changed; publish a new version.' },
  'voucher-exists': { status: 409, clause: '2.2.5', meaning: 'A voucher with this code exists already.' },
  'no-agreement-in-force': { status: 409, clause: '1.1', meaning: 'No agreement is in force, so there are no terms to order under.' },
  'account-not-accepted': { status: 409, clause: '1.1', meaning: 'The account has not accepted the agreement.' },
  'account-declined-agreement': {
    status: 409,
    clause: '1.3',
    meaning: 'The account declined the agreement: it can read, export and settle what it owes, nothing else.',
  },
  'account-not-verified': { status: 409, clause: '2.1.1', meaning: 'Only a verified account can order.' },
  'account-suspended': {
    status: 409,
    clause: '8.2',
    meaning: 'A suspended account cannot order; it can pay, export, receive invoices and be refunded.',
  },
  'dealer-not-authorised': { status: 409, clause: '2.1.3', meaning: 'The dealer is not authorised at this moment.' },
  'no-price-list': { status: 409, clause: '2.2.4', meaning: 'No price list has been published.' },
  'product-unknown': { status: 422, clause: '2.2.4', meaning: 'The price list in force has no such product.' },
  'subscription-not-renewable': { status: 409, clause: '2.2.4', meaning: 'Only what a running subscription holds can be renewed.' },
  'amount-too-large': { status: 422, clause: '2.2.1', meaning: 'The total is larger than an order can be.' },
  'voucher-unusable': { status: 409, clause: '2.2.5', meaning: "The voucher is unknown, used, expired or another account's." },
  'order-paid': { status: 409, clause: '2.2.5', meaning: 'The order is paid; ask for a refund instead.' },
  'order-unpaid': { status: 409, clause: '2.2.5', meaning: 'Nothing has been paid for this order, so nothing can be refunded.' },
  'order-closed': { status: 409, clause: '2.2.1', meaning: 'The order was cancelled or has expired.' },
  'refund-window-closed': { status: 409, clause: '2.2.5', meaning: 'The time in which a refund could be asked for has ended.' },
  'refund-not-requested': { status: 409, clause: '2.2.5', meaning: 'Nobody asked for a refund of this order.' },
  'refund-not-released': { status: 409, clause: '2.2.5', meaning: 'The refund is not released, so no money can have gone back.' },
  'refund-differs': {
    status: 409,
    clause: '2.2.5',
    meaning: 'One refund of exactly the money paid belongs to this order; this is another.',
  },
});
