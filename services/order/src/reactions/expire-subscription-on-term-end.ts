import { onDeadline } from '@qiyue/service-kit';
import { subscription } from '../domain/subscription';

/** 8.3.4: a subscription that is not renewed ends at its expiry instant; nobody is told before. */
export const expireSubscriptionOnTermEnd = onDeadline({
  name: 'term',
  stream: subscription,
  set: { SubscriptionActivated: ({ expiresAt }) => expiresAt },
  clear: ['SubscriptionEnded'],
  decide: 'expire',
});
