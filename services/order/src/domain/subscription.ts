import { isBefore } from '@qiyue/calendar';
import type { OrderLine } from '@qiyue/contracts';
import { At, Id, orderFacts, orderRejections } from '@qiyue/contracts';
import { events, published, publishedAs, stream, Type, under, type EventOf, type Static } from '@qiyue/decider';
import { termOf } from './policies/subscription-term';

const { reject } = orderRejections;

// Events

const Item = Type.Object({ sku: Id, name: Type.String(), quantity: Type.Integer({ minimum: 1 }), expiresAt: At });

export const subscriptionEvents = events({
  SubscriptionActivated: publishedAs(
    orderFacts.SubscriptionActivated,
    Type.Object({ subscriptionId: Id, orderId: Id, accountId: Id, activatedAt: At, expiresAt: At, items: Type.Array(Item) }),
    ({ subscriptionId, orderId, accountId, activatedAt, expiresAt }) => ({ subscriptionId, orderId, accountId, activatedAt, expiresAt }),
  ),
  SubscriptionEnded: published(orderFacts.SubscriptionEnded),
});

// State

interface Ids {
  readonly subscriptionId: string;
  readonly orderId: string;
  readonly accountId: string;
}
type Subscription =
  { readonly status: 'none' } | (Ids & { readonly status: 'active'; readonly expiresAt: string }) | (Ids & { readonly status: 'ended' });

const evolve = (subscription: Subscription, event: EventOf<typeof subscriptionEvents>): Subscription => {
  switch (event.type) {
    case 'SubscriptionActivated': {
      const { subscriptionId, orderId, accountId, expiresAt } = event.data;
      return { status: 'active', subscriptionId, orderId, accountId, expiresAt };
    }
    case 'SubscriptionEnded': {
      const { subscriptionId, orderId, accountId } = event.data;
      return { status: 'ended', subscriptionId, orderId, accountId };
    }
    default:
      return event satisfies never;
  }
};

// Decisions

interface ActivateCommand {
  readonly orderId: string;
  readonly accountId: string;
  /** The instant of payment, from which every term runs. */
  readonly activatedAt: string;
  readonly lines: readonly Static<typeof OrderLine>[];
}

/** Puts into use what an order bought (2.2.4). A subscription that has ended stays ended: a late repetition does not revive it. */
const activate = (
  subscription: Subscription,
  { orderId, accountId, activatedAt, lines }: ActivateCommand,
  _facts: { readonly now: string },
) => {
  if (subscription.status !== 'none') return [];
  const { items, expiresAt } = termOf(activatedAt, lines);
  return [
    subscriptionEvents.SubscriptionActivated({ subscriptionId: orderId, orderId, accountId, activatedAt, expiresAt, items: [...items] }),
  ];
};

interface EndCommand {
  readonly orderId: string;
  readonly accountId: string;
  readonly refundedAt: string;
}

/** Ends what a refunded order activated (2.2.5). Told before the activation it prevents it, so that the order of the two does not matter. */
const endRefunded = (subscription: Subscription, { orderId, accountId, refundedAt }: EndCommand, _facts: { readonly now: string }) =>
  subscription.status === 'ended'
    ? []
    : [
        under(
          '2.2.5',
          subscriptionEvents.SubscriptionEnded({ subscriptionId: orderId, orderId, accountId, cause: 'refunded', endedAt: refundedAt }),
        ),
      ];

/** Ends a subscription at its expiry instant, whenever it is noticed and without any notice (8.3.4). */
const expire = (subscription: Subscription, _command: object, { now }: { readonly now: string }) => {
  switch (subscription.status) {
    case 'none':
      return reject('subscription-unknown');
    case 'ended':
      return [];
    case 'active': {
      const { subscriptionId, orderId, accountId, expiresAt } = subscription;
      if (isBefore(now, expiresAt)) return [];
      return [
        under('8.3.4', subscriptionEvents.SubscriptionEnded({ subscriptionId, orderId, accountId, cause: 'expired', endedAt: expiresAt })),
      ];
    }
  }
};

/** Stream `subscription-<orderId>`: what an order activated, its term and its end (2.2.4, 8.3.4). */
export const subscription = stream({
  category: 'subscription',
  events: subscriptionEvents,
  initialState: { status: 'none' } as Subscription,
  evolve,
  decide: { activate, endRefunded, expire },
  owner: (state) => (state.status === 'none' ? undefined : state.accountId),
});
