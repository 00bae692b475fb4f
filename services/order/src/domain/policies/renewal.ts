// 2.2.4: who renews what he has without a gap keeps the offers of the time at which he first had it.
import { isBefore } from '@qiyue/calendar';
import { orderRejections } from '@qiyue/contracts';

const { reject } = orderRejections;

/** A price for renewals of subscriptions whose unbroken use began before an instant. */
export interface RenewalOffer {
  readonly firstActivatedBefore: string;
  readonly unitPriceMinor: number;
}

/** A subscription as a renewal looks at it. */
export interface RenewedSubscription {
  readonly accountId: string;
  /** When its unbroken use began: its own activation, or that of the first of those it renews. */
  readonly firstActivatedAt: string;
  /** What it holds, each with the exclusive end of its use. */
  readonly items: readonly { readonly sku: string; readonly expiresAt: string }[];
  /** A refund has ended it. */
  readonly refunded: boolean;
}

/** Until when the product is in use, or undefined when it is not in use at that instant. */
const inUseUntil = ({ items, refunded }: RenewedSubscription, sku: string, at: string): string | undefined => {
  const running = refunded
    ? []
    : items.filter((item) => item.sku === sku && isBefore(at, item.expiresAt)).map(({ expiresAt }) => expiresAt);
  return running.reduce<string | undefined>((latest, end) => (latest !== undefined && isBefore(end, latest) ? latest : end), undefined);
};

/** Refuses a renewal of what is not there; another account's subscription looks like none. */
export const subscriptionUnknown = (renewed: RenewedSubscription | undefined, accountId: string) =>
  renewed?.accountId === accountId ? undefined : reject('subscription-unknown');

/** Refuses a renewal of what has ended, or of what it never held. */
export const notRenewable = (renewed: RenewedSubscription, skus: readonly string[], now: string) => {
  const gone = skus.find((sku) => inUseUntil(renewed, sku, now) === undefined);
  return gone === undefined ? undefined : reject('subscription-not-renewable', { sku: gone });
};

/** The unit price for a renewal: the offer of the earliest cohort the subscription belongs to, or the list price. */
export const renewalPrice = (
  product: { readonly unitPriceMinor: number; readonly renewalOffers?: readonly RenewalOffer[] },
  firstActivatedAt: string,
): number => {
  const open = (product.renewalOffers ?? []).filter(({ firstActivatedBefore }) => isBefore(firstActivatedAt, firstActivatedBefore));
  const earliest = open.reduce<RenewalOffer | undefined>(
    (best, offer) => (best !== undefined && !isBefore(offer.firstActivatedBefore, best.firstActivatedBefore) ? best : offer),
    undefined,
  );
  return earliest?.unitPriceMinor ?? product.unitPriceMinor;
};

/** When the term of a product begins: upon the end of what is renewed, if that was still in use when it was paid, and with the payment otherwise. */
export const termStart = (sku: string, paidAt: string, renewed: RenewedSubscription | undefined): string =>
  (renewed === undefined ? undefined : inUseUntil(renewed, sku, paidAt)) ?? paidAt;

/** Since when use is unbroken: a renewal of which nothing was in use any more when it was paid begins anew. */
export const unbrokenSince = (skus: readonly string[], paidAt: string, renewed: RenewedSubscription | undefined): string =>
  renewed !== undefined && skus.some((sku) => inUseUntil(renewed, sku, paidAt) !== undefined) ? renewed.firstActivatedAt : paidAt;
