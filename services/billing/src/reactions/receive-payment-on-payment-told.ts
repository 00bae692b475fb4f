import { reaction } from '@qiyue/service-kit';
import { BillingConfig, methodsOf } from '../config';
import { paymentEvents } from '../domain/payment';
import { receivable } from '../domain/receivable';

/** 2.2.2: carries on when the process ended between noting a payment and deciding what becomes of it. Otherwise it finds that done. */
export const receivePaymentOnPaymentTold = reaction({
  on: paymentEvents.PaymentTold,
  stream: receivable,
  id: ({ receivableId }) => receivableId,
  decide: 'receivePayment',
  command: ({ accountId: _account, ...telling }) => telling,
  facts: ({ now, port }) => ({ now, methods: methodsOf(port(BillingConfig)) }),
});
