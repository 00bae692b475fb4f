import { orderFacts } from '@qiyue/contracts';
import { reaction } from '@qiyue/service-kit';
import { account } from '../domain/account';
import { versionInForce } from '../read-models/agreement-versions';

/** 1.2: ordering under a version that has taken effect since accepts it. */
export const acceptByUseOnOrderSubmitted = reaction({
  on: orderFacts.OrderSubmitted,
  stream: account,
  id: ({ accountId }) => accountId,
  decide: 'acceptByUse',
  command: () => ({}),
  facts: async ({ now, rows, item }) => ({ now, inForce: await versionInForce(rows, item.recordedAt) }),
  mayReject: ['account-unknown'],
});
