// 2.2.5: a refund is asked for within the refund window, which ends at `refundableUntil`.
import { isBefore } from '@qiyue/calendar';
import { orderRejections } from '@qiyue/contracts';

/** The instant was fixed when the order was paid; no calendar is consulted here, so a replay needs none. */
export const refundWindow = ({ refundableUntil }: { readonly refundableUntil: string }, askedAt: string) =>
  isBefore(askedAt, refundableUntil) ? undefined : orderRejections.reject('refund-window-closed', { refundableUntil, askedAt });
