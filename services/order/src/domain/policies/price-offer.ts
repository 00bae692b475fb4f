// 2.2.4: an order is priced by the price list in force when it is submitted; later lists do not touch it.
import { orderRejections } from '@qiyue/contracts';
import { notRenewable, renewalPrice, type RenewalOffer, type RenewedSubscription } from './renewal';

const { reject } = orderRejections;

/** A product as a price list sells it. */
export interface Product {
  readonly sku: string;
  readonly name: string;
  readonly unitPriceMinor: number;
  /** 3.3: it holds content of third parties, and says so wherever it stands. */
  readonly thirdPartyContent: boolean;
  /** Months of use that one purchase buys. */
  readonly termMonths: number;
  readonly renewalOffers?: readonly RenewalOffer[];
}

export interface PriceListInForce {
  readonly version: string;
  readonly currency: string;
  readonly products: readonly Product[];
}

/** What the customer asks for: a product and how many of it, at least one. */
export interface WantedLine {
  readonly sku: string;
  readonly quantity: number;
}

/** Beyond the safe integers a sum would be rounded, so an order cannot be that large. */
const fits = Number.isSafeInteger;

interface Buying {
  readonly wanted: readonly WantedLine[];
  /** The subscription that is renewed; absent when something new is bought. */
  readonly renewed?: RenewedSubscription | undefined;
  readonly now: string;
}

/** 3.3: a line takes the mark of third-party content from the list it was priced by. */
const lineOf = ({ sku, name, thirdPartyContent, termMonths }: Product, quantity: number, unitPriceMinor: number) => ({
  sku,
  name,
  quantity,
  unitPriceMinor,
  amountMinor: unitPriceMinor * quantity,
  thirdPartyContent,
  termMonths,
});

/** The lines with their prices and the sum, or the first refusal: no list, an unknown product, nothing to renew, a sum that is too large. */
export const priceOffer = (priceList: PriceListInForce | undefined, { wanted, renewed, now }: Buying) => {
  if (priceList === undefined) return reject('no-price-list');
  const products = new Map(priceList.products.map((product) => [product.sku, product]));
  const unknown = wanted.find(({ sku }) => !products.has(sku));
  if (unknown !== undefined) return reject('product-unknown', { sku: unknown.sku, priceListVersion: priceList.version });
  const ended =
    renewed &&
    notRenewable(
      renewed,
      wanted.map(({ sku }) => sku),
      now,
    );
  if (ended !== undefined) return ended;
  const lines = wanted.flatMap(({ sku, quantity }) => {
    const product = products.get(sku);
    if (product === undefined) return [];
    return [lineOf(product, quantity, renewed === undefined ? product.unitPriceMinor : renewalPrice(product, renewed.firstActivatedAt))];
  });
  const listAmountMinor = lines.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  if (!lines.every(({ amountMinor }) => fits(amountMinor)) || !fits(listAmountMinor)) return reject('amount-too-large');
  return { priceList, lines, listAmountMinor, offer: renewed === undefined ? ('list' as const) : ('renewal' as const) };
};
