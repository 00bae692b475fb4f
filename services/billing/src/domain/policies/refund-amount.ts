// 2.2.5: refunded is the money actually paid, and only that.
import { billingRejections } from '@qiyue/contracts';

const { reject } = billingRejections;

interface Money {
  readonly amountMinor: number;
  readonly currency: string;
}

/** Refuses any other sum than the one that was paid. */
export const refundAmount = (paid: Money, asked: Money) => {
  const details = { paidMinor: paid.amountMinor, askedMinor: asked.amountMinor, currency: paid.currency };
  if (asked.amountMinor > paid.amountMinor || asked.currency !== paid.currency) return reject('refund-exceeds-payment', details);
  return asked.amountMinor < paid.amountMinor ? reject('refund-below-payment', details) : undefined;
};
