import { At, CurrencyCode, Id, Minor, orderFacts, type FactData } from '@qiyue/contracts';
import { events, internal, Personal, published, publishedAs, Type, type EventOf } from '@qiyue/decider';

// Events. Names and shapes are the storage format: add, never edit.

const RefundAsked = Type.Object({ ...orderFacts.RefundRequested.schema.properties, reason: Personal() });
const Arrived = Type.Object({ orderId: Id, accountId: Id, paymentId: Id, amountMinor: Minor, currency: CurrencyCode, receivedAt: At });

export const orderEvents = events({
  OrderSubmitted: published(orderFacts.OrderSubmitted),
  VoucherConfirmed: internal(
    "whether a voucher is this order's own is settled here alone",
    Type.Object({ orderId: Id, accountId: Id, voucherCode: Id }),
    { clause: '2.2.5' },
  ),
  PaymentAwaitsVoucher: internal('billing has told of the money; the order tells when it counts', Arrived, { clause: '2.2.2' }),
  OrderCancelled: published(orderFacts.OrderCancelled),
  OrderExpired: published(orderFacts.OrderExpired),
  OrderPaid: published(orderFacts.OrderPaid),
  PaymentNotWanted: published(orderFacts.PaymentNotWanted),
  InvoiceNoted: internal(
    'the invoice service tells its own story',
    Type.Object({ orderId: Id, accountId: Id, invoiceNumber: Id, issuedAt: At }),
    { clause: '2.2.3' },
  ),
  RefundRequested: publishedAs(orderFacts.RefundRequested, RefundAsked, ({ orderId, accountId, refundMinor, currency, requestedAt }) => ({
    orderId,
    accountId,
    refundMinor,
    currency,
    requestedAt,
  })),
  RefundAwaitingInvoiceReturn: published(orderFacts.RefundAwaitingInvoiceReturn),
  RefundReleased: published(orderFacts.RefundReleased),
  RefundCompleted: published(orderFacts.RefundCompleted),
});
export type OrderEvent = EventOf<typeof orderEvents>;

// State

export type Submission = FactData<typeof orderFacts.OrderSubmitted>;
export type Frozen = Pick<
  Submission,
  'orderId' | 'accountId' | 'payableMinor' | 'currency' | 'payBy' | 'submittedAt' | 'terms' | 'invoice' | 'lines' | 'voucher' | 'renews'
>;

/** Money as billing applied it. */
export interface Payment {
  readonly paymentId: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly receivedAt: string;
}

export interface Known {
  readonly frozen: Frozen;
  /** Payments refused so far, by id, so that each is refused once. */
  readonly refused: readonly string[];
}
export interface Waiting extends Known {
  readonly status: 'submitted';
  /** A voucher counts once its own stream has given it to this order. */
  readonly voucher: 'none' | 'pending' | 'confirmed';
  /** Money that arrived while the voucher was pending. */
  readonly arrived?: Payment;
}
interface Cancelled extends Known {
  readonly status: 'cancelled';
}
interface Expired extends Known {
  readonly status: 'expired';
}
interface Paid extends Known {
  readonly status: 'paid' | 'refund-requested' | 'refund-awaiting-invoice' | 'refund-released';
  readonly paidMinor: number;
  readonly paymentId?: string;
  readonly refundableUntil: string;
  readonly invoiceNumber?: string;
}
interface Refunded extends Omit<Paid, 'status'> {
  readonly status: 'refunded';
  readonly payoutId: string;
}
export type Order = { readonly status: 'none' } | Waiting | Cancelled | Expired | Paid | Refunded;

const submitted = ({
  orderId,
  accountId,
  payableMinor,
  currency,
  payBy,
  submittedAt,
  terms,
  invoice,
  lines,
  voucher,
  renews,
}: Submission): Order => ({
  status: 'submitted',
  frozen: {
    orderId,
    accountId,
    payableMinor,
    currency,
    payBy,
    submittedAt,
    terms,
    invoice,
    lines,
    ...(voucher === undefined ? {} : { voucher }),
    ...(renews === undefined ? {} : { renews }),
  },
  refused: [],
  voucher: voucher === undefined ? 'none' : 'pending',
});

const hasMoney = (order: Order): order is Paid => 'paidMinor' in order && order.status !== 'refunded';

/** Never validates: what was stored has happened. */
export const evolve = (order: Order, event: OrderEvent): Order => {
  if (event.type === 'OrderSubmitted') return submitted(event.data);
  if (order.status === 'none') return order;
  const { frozen, refused } = order;
  switch (event.type) {
    case 'VoucherConfirmed':
      return order.status === 'submitted' ? { ...order, voucher: 'confirmed' } : order;
    case 'PaymentAwaitsVoucher':
      return order.status === 'submitted' ? { ...order, arrived: event.data } : order;
    case 'OrderCancelled':
      return { status: 'cancelled', frozen, refused };
    case 'OrderExpired':
      return { status: 'expired', frozen, refused };
    case 'OrderPaid': {
      const { paidMinor, paymentId, refundableUntil } = event.data;
      return { status: 'paid', frozen, refused, paidMinor, refundableUntil, ...(paymentId === undefined ? {} : { paymentId }) };
    }
    case 'PaymentNotWanted':
      return { ...order, refused: [...refused, event.data.paymentId] };
    case 'InvoiceNoted':
      return 'paidMinor' in order ? { ...order, invoiceNumber: event.data.invoiceNumber } : order;
    case 'RefundRequested':
      return hasMoney(order) ? { ...order, status: 'refund-requested' } : order;
    case 'RefundAwaitingInvoiceReturn':
      return hasMoney(order) ? { ...order, status: 'refund-awaiting-invoice' } : order;
    case 'RefundReleased':
      return hasMoney(order) ? { ...order, status: 'refund-released' } : order;
    case 'RefundCompleted':
      return hasMoney(order) ? { ...order, status: 'refunded', payoutId: event.data.payoutId } : order;
    default:
      return event satisfies never;
  }
};
