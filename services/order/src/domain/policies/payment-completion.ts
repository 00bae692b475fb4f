// 2.2.2, 2.2.3, 2.2.5: a payment is complete when the money has arrived; refund window and invoice term are counted from there.
import { deadlineAfter, isBefore } from '@qiyue/calendar';

/**
 * When the payment was complete: as the gateway tells it, but not before the order was there to be paid and not after now,
 * so that a wrong clock outside can neither close nor stretch the refund window.
 */
export const completedAt = (order: { readonly submittedAt: string }, receivedAt: string, now: string): string => {
  if (isBefore(receivedAt, order.submittedAt)) return order.submittedAt;
  return isBefore(now, receivedAt) ? now : receivedAt;
};

/** The two terms that run from payment, counted once; the calendar is provisional when it is for either of them. */
export const termsFromPayment = (
  paidAt: string,
  terms: { readonly refundWindowWorkingDays: number; readonly invoiceTermWorkingDays: number },
) => {
  const refund = deadlineAfter(paidAt, terms.refundWindowWorkingDays);
  const invoice = deadlineAfter(paidAt, terms.invoiceTermWorkingDays);
  const { version, status } = refund.calendar.status === 'provisional' ? refund.calendar : invoice.calendar;
  return { refundableUntil: refund.until, invoiceDueBy: invoice.until, calendar: { version, status } };
};
