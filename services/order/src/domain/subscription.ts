import { isBefore } from '@qiyue/calendar';
import type { OrderLine } from '@qiyue/contracts';
import { At, Id, orderFacts, orderRejections } from '@qiyue/contracts';
import { events, published, publishedAs, stream, Type, under, type EventOf, type Static } from '@qiyue/decider';
import { termStart, unbrokenSince, type RenewedSubscription } from './policies/renewal';
import { termOf, type SubscribedItem } from './policies/subscription-term';

const { reject } = orderRejections;

// Events

const Item = Type.Object({ sku: Id, name: Type.String(), quantity: Type.Integer({ minimum: 1 }), expiresAt: At });

const Activated = Type.Object({
  subscriptionId: Id,
  orderId: Id,
  accountId: Id,
  activatedAt: At,
  expiresAt: At,
  items: Type.Array(Item),
  /** Since when use is unbroken; decides which renewal offers apply (2.2.4). */
  firstActivatedAt: At,
  /** The subscription that it renews. */
  renews: Type.Optional(Id),
});

export const subscriptionEvents = events({
  SubscriptionActivated: publishedAs(
    orderFacts.SubscriptionActivated,
    Activated,
    ({ subscriptionId, orderId, accountId, activatedAt, expiresAt }) => ({ subscriptionId, orderId, accountId, activatedAt, expiresAt }),
  ),
  SubscriptionEnded: published(orderFacts.SubscriptionEnded),
});

// State

interface Held {
  readonly subscriptionId: string;
  readonly orderId: string;
  readonly accountId: string;
  readonly expiresAt: string;
  readonly firstActivatedAt: string;
  readonly items: readonly SubscribedItem[];
}
/** Nothing was held when a refund was told before the activation. */
interface Ended {
  readonly status: 'ended';
  readonly accountId: string;
  readonly cause: 'expired' | 'refunded';
  readonly held?: Held;
}
export type Subscription =
  { readonly status: 'none' } | { readonly status: 'active'; readonly accountId: string; readonly held: Held } | Ended;

const evolve = (subscription: Subscription, event: EventOf<typeof subscriptionEvents>): Subscription => {
  switch (event.type) {
    case 'SubscriptionActivated': {
      const { subscriptionId, orderId, accountId, expiresAt, firstActivatedAt, items } = event.data;
      return { status: 'active', accountId, held: { subscriptionId, orderId, accountId, expiresAt, firstActivatedAt, items } };
    }
    case 'SubscriptionEnded': {
      const { accountId, cause } = event.data;
      return { status: 'ended', accountId, cause, ...(subscription.status === 'active' ? { held: subscription.held } : {}) };
    }
    default:
      return event satisfies never;
  }
};

/** The subscription as a renewal looks at it; undefined when there is nothing to renew. One that has expired still says until when it ran. */
export const renewable = (subscription: Subscription): RenewedSubscription | undefined => {
  if (subscription.status === 'none' || subscription.held === undefined) return undefined;
  const { accountId, firstActivatedAt, items } = subscription.held;
  return { accountId, firstActivatedAt, items, refunded: subscription.status === 'ended' && subscription.cause === 'refunded' };
};

// Decisions

interface ActivateCommand {
  readonly orderId: string;
  readonly accountId: string;
  readonly paidAt: string;
  readonly lines: readonly Static<typeof OrderLine>[];
  /** The subscription that the order renews. */
  readonly renews?: string;
}
interface ActivateFacts {
  readonly now: string;
  /** The subscription of that id, when the order renews one. */
  readonly renewed?: RenewedSubscription;
}

/**
 * Puts into use what an order bought (2.2.4): from payment on, or upon the end of what it renews.
 * A subscription that has ended stays ended: a late repetition does not revive it.
 */
const activate = (
  subscription: Subscription,
  { orderId, accountId, paidAt, lines, renews }: ActivateCommand,
  { renewed }: ActivateFacts,
) => {
  if (subscription.status !== 'none') return [];
  const { items, activatedAt, expiresAt } = termOf(lines, (sku) => termStart(sku, paidAt, renewed));
  const firstActivatedAt = unbrokenSince(
    lines.map(({ sku }) => sku),
    paidAt,
    renewed,
  );
  const ids = { subscriptionId: orderId, orderId, accountId, ...(renews === undefined ? {} : { renews }) };
  return [subscriptionEvents.SubscriptionActivated({ ...ids, activatedAt, expiresAt, items: [...items], firstActivatedAt })];
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
      const { subscriptionId, orderId, accountId, expiresAt } = subscription.held;
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
