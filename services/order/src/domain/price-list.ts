import { At, CurrencyCode, Id, Minor, orderFacts, orderRejections } from '@qiyue/contracts';
import { events, publishedAs, stream, Type, type EventOf } from '@qiyue/decider';
import type { Product } from './policies/price-offer';

const { reject } = orderRejections;

// Events

const RenewalPrice = Type.Object({ firstActivatedBefore: At, unitPriceMinor: Minor });
const Listed = Type.Object({
  sku: Id,
  name: Type.String(),
  unitPriceMinor: Minor,
  thirdPartyContent: Type.Boolean(),
  termMonths: Type.Integer({ minimum: 1 }),
  /** Prices of renewals by cohort: the time since when use is unbroken. */
  renewalOffers: Type.Optional(Type.Array(RenewalPrice)),
});

export const priceListEvents = events({
  PriceListPublished: publishedAs(
    orderFacts.PriceListPublished,
    Type.Object({ priceListVersion: Id, currency: CurrencyCode, products: Type.Array(Listed, { minItems: 1 }), publishedAt: At }),
    ({ priceListVersion, currency, publishedAt }) => ({ priceListVersion, currency, publishedAt }),
  ),
});

// State

type PriceList =
  { readonly status: 'none' } | { readonly status: 'published'; readonly currency: string; readonly products: readonly Product[] };

const evolve = (_priceList: PriceList, event: EventOf<typeof priceListEvents>): PriceList => {
  switch (event.type) {
    case 'PriceListPublished':
      return { status: 'published', currency: event.data.currency, products: event.data.products };
    default:
      return event.type satisfies never;
  }
};

// Decisions

/** A price list as its publisher gives it. */
export interface PriceListCommand {
  readonly version: string;
  readonly currency: string;
  readonly products: readonly Product[];
}

const inOrder = ({ sku, name, unitPriceMinor, thirdPartyContent, termMonths, renewalOffers }: Product) => ({
  sku,
  name,
  unitPriceMinor,
  thirdPartyContent,
  termMonths,
  ...(renewalOffers === undefined
    ? {}
    : {
        renewalOffers: renewalOffers.map(({ firstActivatedBefore, unitPriceMinor: renewalMinor }) => ({
          firstActivatedBefore,
          unitPriceMinor: renewalMinor,
        })),
      }),
});

const saysTheSame = (a: Pick<PriceListCommand, 'currency' | 'products'>, b: Pick<PriceListCommand, 'currency' | 'products'>): boolean =>
  a.currency === b.currency && JSON.stringify(a.products.map(inOrder)) === JSON.stringify(b.products.map(inOrder));

/** Publishes a version, once and for ever (2.2.4). */
const publish = (
  priceList: PriceList,
  { version, currency, products }: PriceListCommand,
  { now, currencies }: { readonly now: string; readonly currencies: readonly string[] },
) => {
  if (!currencies.includes(currency)) return reject('currency-not-supported', { currency });
  const skus = products.map(({ sku }) => sku);
  const twice = skus.find((sku, at) => skus.indexOf(sku) !== at);
  if (twice !== undefined) return reject('product-listed-twice', { sku: twice });
  switch (priceList.status) {
    case 'none':
      return [
        priceListEvents.PriceListPublished({ priceListVersion: version, currency, products: products.map(inOrder), publishedAt: now }),
      ];
    case 'published':
      return saysTheSame(priceList, { currency, products }) ? [] : reject('price-list-exists', { priceListVersion: version });
  }
};

/** Stream `pricelist-<version>`: prices that never change (2.2.4). */
export const pricelist = stream({
  category: 'pricelist',
  events: priceListEvents,
  initialState: { status: 'none' } as PriceList,
  evolve,
  decide: { publish },
});
