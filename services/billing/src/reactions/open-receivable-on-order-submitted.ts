import { orderFacts } from '@qiyue/contracts';
import { reaction } from '@qiyue/service-kit';
import { BillingConfig, methodsOf } from '../config';
import { receivable } from '../domain/receivable';

/** 2.2.2: what is ordered is owed, by the account's verified name. An order that a voucher covers is owed by nobody. */
export const openReceivableOnOrderSubmitted = reaction({
  on: orderFacts.OrderSubmitted,
  stream: receivable,
  id: ({ orderId, payableMinor }) => (payableMinor > 0 ? orderId : undefined),
  decide: 'open',
  command: ({ orderId, accountId, payableMinor, currency, payerName, payBy, terms }) => ({
    receivableId: orderId,
    accountId,
    kind: 'order' as const,
    amountMinor: payableMinor,
    currency,
    payerName,
    dueBy: payBy,
    agreementVersion: terms.agreementVersion,
  }),
  facts: ({ now, port }) => ({ now, methods: methodsOf(port(BillingConfig)) }),
});
