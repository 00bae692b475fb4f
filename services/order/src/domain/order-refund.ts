import { orderRejections } from '@qiyue/contracts';
import { orderEvents, type Known, type Order } from './order-state';
import { refusedByDecline, type KnownAccount } from './policies/account-standing';
import { refundAmount } from './policies/refund-amount';
import { refundWindow } from './policies/refund-window';

const { reject } = orderRejections;

// The decisions of stream `order` from the request of a refund to its end (2.2.5).

interface Now {
  readonly now: string;
}
interface RefundFacts extends Now {
  readonly account: KnownAccount;
  readonly announced: readonly string[];
}
interface Settlement {
  readonly payoutId: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly settledAt: string;
}

const awaitingReturn = ({ frozen: { orderId, accountId } }: Known, now: string) =>
  orderEvents.RefundAwaitingInvoiceReturn({ orderId, accountId, since: now });

/** The refund was asked for, or is through already. */
const isRefunding = (order: Exclude<Order, { status: 'none' }>): boolean => 'paidMinor' in order && order.status !== 'paid';

/** Why nothing can happen to a refund that nobody asked for. */
const refundNotRequested = (order: Order) => {
  if (order.status === 'none') return reject('order-unknown');
  if (!('paidMinor' in order)) return reject('order-unpaid');
  return order.status === 'paid' ? reject('refund-not-requested') : undefined;
};

/** Asks for the money back, once, within the window (2.2.5). */
export const requestRefund = (order: Order, { reason }: { readonly reason: string }, { now, account, announced }: RefundFacts) => {
  if (order.status === 'none') return reject('order-unknown');
  if (isRefunding(order)) return [];
  const declined = refusedByDecline(account, announced, 'request-refund');
  if (declined !== undefined) return declined;
  if (order.status !== 'paid' || order.paidMinor === 0) return reject('order-unpaid');
  const late = refundWindow(order, now);
  if (late !== undefined) return late;
  const { orderId, accountId, currency } = order.frozen;
  const asked = orderEvents.RefundRequested({ orderId, accountId, refundMinor: refundAmount(order), currency, requestedAt: now, reason });
  return [asked, ...(order.invoiceNumber === undefined ? [] : [awaitingReturn(order, now)])];
};

/** The invoice exists. A refund that was asked for before waits for it from now on. */
export const noteInvoice = (
  order: Order,
  { invoiceNumber, issuedAt }: { readonly invoiceNumber: string; readonly issuedAt: string },
  { now }: Now,
) => {
  if (order.status === 'none') return reject('order-unknown');
  if (!('paidMinor' in order)) return reject('order-unpaid');
  if (order.invoiceNumber !== undefined) return [];
  const { orderId, accountId } = order.frozen;
  return [
    orderEvents.InvoiceNoted({ orderId, accountId, invoiceNumber, issuedAt }),
    ...(order.status === 'refund-requested' ? [awaitingReturn(order, now)] : []),
  ];
};

/** The invoice service says that the invoice has to come back first. */
export const awaitInvoiceReturn = (order: Order, _command: object, { now }: Now) => {
  const refusal = refundNotRequested(order);
  if (refusal !== undefined) return refusal;
  return order.status === 'refund-requested' ? [awaitingReturn(order, now)] : [];
};

/** Nothing stands in the way any more: the invoice was never issued, or it is back. */
export const releaseRefund = (order: Order, _command: object, { now }: Now) => {
  const refusal = refundNotRequested(order);
  if (refusal !== undefined) return refusal;
  if (order.status !== 'refund-requested' && order.status !== 'refund-awaiting-invoice') return [];
  const { orderId, accountId, currency } = order.frozen;
  return [orderEvents.RefundReleased({ orderId, accountId, refundMinor: refundAmount(order), currency, releasedAt: now })];
};

/** The money is back. A second payout, or one of another amount, is refused: somebody has to look. */
export const completeRefund = (order: Order, { payoutId, amountMinor, currency, settledAt }: Settlement, _facts: Now) => {
  const refusal = refundNotRequested(order);
  if (refusal !== undefined) return refusal;
  if (order.status === 'refunded')
    return order.payoutId === payoutId ? [] : reject('refund-differs', { payoutId, settledBy: order.payoutId });
  if (order.status !== 'refund-released') return reject('refund-not-released');
  const { orderId, accountId, currency: paidIn } = order.frozen;
  if (amountMinor !== refundAmount(order) || currency !== paidIn) return reject('refund-differs', { payoutId });
  return [orderEvents.RefundCompleted({ orderId, accountId, refundedMinor: amountMinor, currency, payoutId, completedAt: settledAt })];
};
