import { billingFacts } from '@qiyue/contracts';
import { reaction } from '@qiyue/service-kit';
import { standing } from '../domain/standing';

/** 8.2.3: payment default suspends by itself. */
export const suspendAccountOnReceivableOverdue = reaction({
  on: billingFacts.ReceivableOverdue,
  stream: standing,
  id: ({ accountId }) => accountId,
  decide: 'notePaymentDefault',
  command: ({ receivableId }) => ({ receivableId }),
  facts: ({ now, item }) => ({ now, accountId: (item.data as { accountId: string }).accountId }),
});

/** 8.2.3: payment in full reinstates by itself. */
export const reinstateAccountOnPaymentApplied = reaction({
  on: billingFacts.PaymentApplied,
  stream: standing,
  id: ({ accountId }) => accountId,
  decide: 'notePaymentInFull',
  command: ({ receivableId }) => ({ receivableId }),
  facts: ({ now, item }) => ({ now, accountId: (item.data as { accountId: string }).accountId }),
});
