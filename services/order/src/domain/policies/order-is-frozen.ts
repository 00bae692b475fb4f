// 2.2.1: what an order says is fixed when it is submitted; nobody changes it, by whatever path.
import { orderRejections } from '@qiyue/contracts';

/** The answer to every attempt to change a submitted order. */
export const orderIsFrozen = (order: { readonly orderId: string }) => orderRejections.reject('order-is-frozen', { orderId: order.orderId });
