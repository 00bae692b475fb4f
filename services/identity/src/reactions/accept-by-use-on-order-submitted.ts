import { orderFacts } from '@qiyue/contracts';
import { reaction } from '@qiyue/service-kit';
import { account } from '../domain/account';
import { versionInForce } from '../read-models/agreement-versions';

/** 1.2: ordering under a version that has taken effect since accepts it, at the instant of the order however late it is told. */
export const acceptByUseOnOrderSubmitted = reaction({
  on: orderFacts.OrderSubmitted,
  stream: account,
  id: ({ accountId }) => accountId,
  decide: 'acceptByUse',
  command: () => ({}),
  facts: async ({ rows, item }) => ({ now: item.recordedAt, inForce: await versionInForce(rows, item.recordedAt) }),
  mayReject: ['account-unknown'],
});
