import { isBefore } from '@qiyue/calendar';
import { orderRejections, type CompanyData, type FactData, type InvoiceData, type orderFacts } from '@qiyue/contracts';
import { isRejection, stream, under, type Static } from '@qiyue/decider';
import { awaitInvoiceReturn, completeRefund, noteInvoice, releaseRefund, requestRefund } from './order-refund';
import { evolve, orderEvents, type Frozen, type Order, type Payment, type Submission, type Waiting } from './order-state';
import { orderIsFrozen } from './policies/order-is-frozen';
import { orderingGate, type GateFacts } from './policies/ordering-gate';
import { completedAt, termsFromPayment } from './policies/payment-completion';
import { paidInTime, payByOf } from './policies/payment-term';
import { priceOffer, type PriceListInForce, type WantedLine } from './policies/price-offer';
import { subscriptionUnknown, type RenewedSubscription } from './policies/renewal';
import { voucherAmount, voucherRefused, voucherUsable, type OfferedVoucher } from './policies/voucher-use';

const { reject } = orderRejections;

interface Now {
  readonly now: string;
}

// The events that more than one decision leads to

const paid = ({ orderId, accountId, currency, submittedAt, terms, invoice, lines }: Frozen, payment: Payment | undefined, now: string) => {
  const paidAt = payment === undefined ? now : completedAt({ submittedAt }, payment.receivedAt, now);
  const money = payment === undefined ? { paidMinor: 0 } : { paidMinor: payment.amountMinor, paymentId: payment.paymentId };
  return orderEvents.OrderPaid({
    orderId,
    accountId,
    currency,
    paidAt,
    ...termsFromPayment(paidAt, terms),
    terms,
    invoice,
    lines,
    ...money,
  });
};

const awaitsVoucher = ({ orderId, accountId }: Frozen, { paymentId, amountMinor, currency }: Payment, receivedAt: string) =>
  orderEvents.PaymentAwaitsVoucher({ orderId, accountId, paymentId, amountMinor, currency, receivedAt });

const notWanted = (
  { orderId, accountId }: Frozen,
  { paymentId, amountMinor, currency }: Payment,
  reason: FactData<typeof orderFacts.PaymentNotWanted>['reason'],
  now: string,
) => orderEvents.PaymentNotWanted({ orderId, accountId, paymentId, amountMinor, currency, reason, refusedAt: now });

const cancelled = ({ frozen, arrived }: Waiting, reason: 'customer' | 'voucher-unusable', now: string) => {
  const { orderId, accountId } = frozen;
  const event = orderEvents.OrderCancelled({ orderId, accountId, reason, cancelledAt: now });
  return [
    reason === 'customer' ? event : under('2.2.5', event),
    ...(arrived === undefined ? [] : [notWanted(frozen, arrived, 'order-cancelled', now)]),
  ];
};

const expired = ({ frozen: { orderId, accountId, payBy } }: Waiting) => orderEvents.OrderExpired({ orderId, accountId, expiredAt: payBy });

// Decisions: submission

/** What a customer orders. */
export interface SubmitCommand {
  readonly orderId: string;
  readonly accountId: string;
  readonly lines: readonly WantedLine[];
  readonly company: Static<typeof CompanyData>;
  readonly invoice: Static<typeof InvoiceData>;
  readonly voucherCode?: string;
  readonly dealerId?: string;
  /** The subscription that is renewed (2.2.4). */
  readonly renews?: string;
}
export interface SubmitFacts extends GateFacts {
  readonly priceList?: PriceListInForce;
  /** The voucher that the order names; absent when there is none of that code. */
  readonly voucher?: OfferedVoucher;
  /** The subscription that the order names to renew; absent when there is none of that id. */
  readonly renewed?: RenewedSubscription;
}

/** Takes the order under the agreement and the prices in force, and fixes everything it says (2.2.1). */
const submit = (
  order: Order,
  { orderId, accountId, lines: wanted, company, invoice, voucherCode, dealerId, renews }: SubmitCommand,
  facts: SubmitFacts,
) => {
  if (order.status !== 'none') return orderIsFrozen(order.frozen);
  const { now, voucher } = facts;
  const renewed = renews === undefined ? undefined : facts.renewed;
  const unknown = renews === undefined ? undefined : subscriptionUnknown(renewed, accountId);
  if (unknown !== undefined) return unknown;
  const gate = orderingGate(facts);
  if (isRejection(gate)) return gate;
  const priced = priceOffer(facts.priceList, { wanted, renewed, now });
  if (isRejection(priced)) return priced;
  const {
    lines,
    listAmountMinor,
    offer,
    priceList: { currency, version: priceListVersion },
  } = priced;
  const hasVoucher = voucherCode !== undefined;
  if (hasVoucher && (voucher === undefined || !voucherUsable(voucher, { accountId, currency, at: now })))
    return voucherRefused(voucherCode);
  const takenOffMinor = hasVoucher && voucher !== undefined ? voucherAmount(voucher, listAmountMinor) : 0;
  const { version: agreementVersion, refundWindowWorkingDays, invoiceTermWorkingDays, paymentTermDays } = gate.agreement;
  const submission: Submission = {
    orderId,
    accountId,
    lines,
    listAmountMinor,
    payableMinor: listAmountMinor - takenOffMinor,
    currency,
    priceListVersion,
    offer,
    ...(hasVoucher ? { voucher: { code: voucherCode, amountMinor: takenOffMinor } } : {}),
    terms: { agreementVersion, refundWindowWorkingDays, invoiceTermWorkingDays },
    company,
    invoice,
    payerName: gate.payerName,
    payBy: payByOf(now, paymentTermDays),
    submittedAt: now,
    ...(dealerId === undefined ? {} : { dealerId }),
    ...(renews === undefined ? {} : { renews }),
  };
  const nothingToPay = listAmountMinor === 0 && !hasVoucher;
  return [orderEvents.OrderSubmitted(submission), ...(nothingToPay ? [paid(submission, undefined, now)] : [])];
};

/** Exists to refuse: no order is changed after its submission (2.2.1). */
const amend = (order: Order, _command: object, _facts: object) =>
  order.status === 'none' ? reject('order-unknown') : orderIsFrozen(order.frozen);

/** Calls an unpaid order off; money that had arrived for it is not wanted any more. */
const cancel = (order: Order, _command: object, { now }: Now) => {
  switch (order.status) {
    case 'none':
      return reject('order-unknown');
    case 'submitted':
      return cancelled(order, 'customer', now);
    case 'cancelled':
      return [];
    case 'expired':
      return reject('order-closed');
    default:
      return reject('order-paid');
  }
};

/** Lets an order end that was not paid in time. Money that has arrived and waits for the voucher was in time. */
const expire = (order: Order, _command: object, { now }: Now) => {
  if (order.status === 'none') return reject('order-unknown');
  if (order.status !== 'submitted' || order.arrived !== undefined || isBefore(now, order.frozen.payBy)) return [];
  return [expired(order)];
};

/** The voucher is this order's own; what waited for that goes on. */
const confirmVoucher = (order: Order, _command: object, { now }: Now) => {
  if (order.status === 'none') return reject('order-unknown');
  if (order.status !== 'submitted' || order.voucher !== 'pending' || order.frozen.voucher === undefined) return [];
  const { frozen, arrived } = order;
  const confirmed = orderEvents.VoucherConfirmed({
    orderId: frozen.orderId,
    accountId: frozen.accountId,
    voucherCode: order.frozen.voucher.code,
  });
  const isPaid = arrived !== undefined || frozen.payableMinor === 0;
  return [confirmed, ...(isPaid ? [paid(frozen, arrived, now)] : [])];
};

/** Another order had the voucher first, so this one does not stand at its price (2.2.5). */
const refuseVoucher = (order: Order, _command: object, { now }: Now) => {
  if (order.status === 'none') return reject('order-unknown');
  return order.status === 'submitted' && order.voucher === 'pending' ? cancelled(order, 'voucher-unusable', now) : [];
};

// Decisions: payment

/** Money was applied to this order. What it does not wait for is told to billing, which sends it back: none is kept, none counts twice (2.2.2). */
const markPaid = (order: Order, payment: Payment, { now }: Now) => {
  if (order.status === 'none') return reject('order-unknown');
  const { frozen, refused } = order;
  if (refused.includes(payment.paymentId)) return [];
  if (order.status === 'cancelled' || order.status === 'expired') return [notWanted(frozen, payment, `order-${order.status}`, now)];
  if (order.status !== 'submitted') return order.paymentId === payment.paymentId ? [] : [notWanted(frozen, payment, 'already-paid', now)];
  if (order.arrived !== undefined)
    return order.arrived.paymentId === payment.paymentId ? [] : [notWanted(frozen, payment, 'already-paid', now)];
  if (payment.amountMinor !== frozen.payableMinor || payment.currency !== frozen.currency)
    return [notWanted(frozen, payment, 'amount-differs', now)];
  const paidAt = completedAt(frozen, payment.receivedAt, now);
  if (!paidInTime(frozen, paidAt)) return [expired(order), notWanted(frozen, payment, 'order-expired', now)];
  if (order.voucher === 'pending') return [awaitsVoucher(frozen, payment, paidAt)];
  return [paid(frozen, payment, now)];
};

/** Stream `order-<id>`: from submission to payment and, if asked for in time, refund. */
export const order = stream({
  category: 'order',
  events: orderEvents,
  initialState: { status: 'none' } as Order,
  evolve,
  decide: {
    submit,
    amend,
    cancel,
    expire,
    confirmVoucher,
    refuseVoucher,
    markPaid,
    requestRefund,
    noteInvoice,
    awaitInvoiceReturn,
    releaseRefund,
    completeRefund,
  },
  owner: (state) => (state.status === 'none' ? undefined : state.frozen.accountId),
  agreementVersion: (state) => (state.status === 'none' ? undefined : state.frozen.terms.agreementVersion),
});
