import { reaction } from '@qiyue/service-kit';
import { orderEvents } from '../domain/order-state';
import { voucher } from '../domain/voucher';
import { order } from '../domain/order';

/** 2.2.1: the voucher of an order that ends unpaid is free again. A refund never comes here: its voucher stays used (2.2.5). */
export const giveVoucherBackOnOrderCalledOff = reaction({
  name: 'give-voucher-back-on-order-called-off',
  on: [orderEvents.OrderCancelled, orderEvents.OrderExpired],
  run: async ({ execute, load }, { orderId }) => {
    const { state } = await load(order, orderId);
    const code = state.status === 'none' ? undefined : state.frozen.voucher?.code;
    if (code !== undefined) await execute(voucher, code, 'giveBack', { orderId });
  },
});
