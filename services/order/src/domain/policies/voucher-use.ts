// 2.2.5: a voucher lowers what is to be paid, once, for its own account, in its own currency, before it ends.
import { isBefore } from '@qiyue/calendar';
import { orderRejections } from '@qiyue/contracts';

/** A voucher as an order looks at it; `free` while no order has it. */
export interface OfferedVoucher {
  readonly accountId: string;
  readonly amountMinor: number;
  readonly currency: string;
  /** Exclusive end. */
  readonly validUntil: string;
  readonly free: boolean;
}

/** Whether the voucher can be used. Why it cannot is not told: another account's voucher must look like none. */
export const voucherUsable = (
  voucher: OfferedVoucher | undefined,
  use: { readonly accountId: string; readonly currency: string; readonly at: string },
): boolean =>
  voucher !== undefined &&
  voucher.free &&
  voucher.accountId === use.accountId &&
  voucher.currency === use.currency &&
  isBefore(use.at, voucher.validUntil);

/** What the voucher takes off; what it is worth beyond the order's sum is lost, so that nothing less than zero is payable. */
export const voucherAmount = (voucher: Pick<OfferedVoucher, 'amountMinor'>, listAmountMinor: number): number =>
  Math.min(voucher.amountMinor, listAmountMinor);

/** The refusal of a voucher that cannot be used. */
export const voucherRefused = (code: string) => orderRejections.reject('voucher-unusable', { voucherCode: code });
