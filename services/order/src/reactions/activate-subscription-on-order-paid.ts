import { reaction } from '@qiyue/service-kit';
import { order } from '../domain/order';
import { orderEvents } from '../domain/order-state';
import { renewable, subscription } from '../domain/subscription';

/** 2.2.4: a paid order activates what it bought, from the instant of payment, or upon the end of what it renews. */
export const activateSubscriptionOnOrderPaid = reaction({
  name: 'activate-subscription-on-order-paid',
  on: orderEvents.OrderPaid,
  run: async ({ now, execute, load }, { orderId, accountId, paidAt, lines }) => {
    const { state } = await load(order, orderId);
    const renews = state.status === 'none' ? undefined : state.frozen.renews;
    if (renews === undefined) return void (await execute(subscription, orderId, 'activate', { orderId, accountId, paidAt, lines }));
    const renewed = renewable((await load(subscription, renews)).state);
    await execute(
      subscription,
      orderId,
      'activate',
      { orderId, accountId, paidAt, lines, renews },
      { now, ...(renewed === undefined ? {} : { renewed }) },
    );
  },
});
