import { examplesOf } from '@qiyue/decider';
import { subscription, subscriptionEvents } from './subscription';

const ids = {
  subscriptionId: '6a0cbb9c-7a52-5f1e-8f43-1b1a2f3c4d01',
  orderId: '6a0cbb9c-7a52-5f1e-8f43-1b1a2f3c4d01',
  accountId: '0b7f6f0e-6f0c-5d0e-9a51-4f1f0c7a1a01',
};
const activatedAt = '2026-03-03T02:00:00.000Z';
const expiresAt = '2027-03-03T02:00:00.000Z';

export const aYearOfUse = {
  orderId: ids.orderId,
  accountId: ids.accountId,
  paidAt: activatedAt,
  lines: [
    {
      sku: 'waf-std',
      name: '云 WAF 标准版',
      quantity: 2,
      unitPriceMinor: 98_000,
      amountMinor: 196_000,
      thirdPartyContent: false,
      termMonths: 12,
    },
  ],
};
export const aSubscription = [
  subscriptionEvents.SubscriptionActivated({
    ...ids,
    activatedAt,
    firstActivatedAt: activatedAt,
    expiresAt,
    items: [{ sku: 'waf-std', name: '云 WAF 标准版', quantity: 2, expiresAt }],
  }),
];
export const anExpiredSubscription = [
  ...aSubscription,
  subscriptionEvents.SubscriptionEnded({ ...ids, cause: 'expired', endedAt: expiresAt }),
];

export const subscriptionExamples = examplesOf(subscription, {
  histories: { none: [], active: aSubscription, ended: anExpiredSubscription },
  commands: {
    activate: [aYearOfUse, { now: activatedAt }],
    endRefunded: [
      { orderId: ids.orderId, accountId: ids.accountId, refundedAt: '2026-03-06T03:00:00.000Z' },
      { now: '2026-03-06T03:00:00.000Z' },
    ],
    expire: [{}, { now: expiresAt }],
  },
  refusals: {
    expire: { on: 'active', faults: { 'subscription-unknown': { history: 'none' } } },
  },
});
