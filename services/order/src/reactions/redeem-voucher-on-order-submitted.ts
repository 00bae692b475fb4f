import { reaction } from '@qiyue/service-kit';
import { order } from '../domain/order';
import { orderEvents } from '../domain/order-state';
import { voucher } from '../domain/voucher';

/**
 * 2.2.5: the voucher's own stream decides which order has it; an order that comes second is called off.
 * The order may have been called off meanwhile, in which case the voucher is freed again here: its cancellation may have been reacted to before.
 */
export const redeemVoucherOnOrderSubmitted = reaction({
  name: 'redeem-voucher-on-order-submitted',
  on: orderEvents.OrderSubmitted,
  mayReject: ['voucher-unusable'],
  run: async ({ execute, load }, { orderId, accountId, currency, submittedAt, voucher: used }) => {
    if (used === undefined) return;
    const redeemed = await execute(voucher, used.code, 'redeem', { code: used.code, orderId, accountId, currency, at: submittedAt });
    await execute(order, orderId, redeemed.kind === 'accepted' ? 'confirmVoucher' : 'refuseVoucher', {});
    const { state } = await load(order, orderId);
    if (state.status === 'cancelled' || state.status === 'expired') await execute(voucher, used.code, 'giveBack', { orderId });
  },
});
