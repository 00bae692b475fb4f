// 2.2.4: an order is priced by the price list in force when it is submitted; later lists do not touch it.
import { orderRejections } from '@qiyue/contracts';

const { reject } = orderRejections;

/** A product as a price list sells it. */
export interface Product {
  readonly sku: string;
  readonly name: string;
  readonly unitPriceMinor: number;
  readonly thirdPartyContent: boolean;
  /** Months of use that one purchase buys. */
  readonly termMonths: number;
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

/** The lines with their prices and the sum, or the first refusal: an unknown product before a sum that is too large. */
export const priceOffer = (priceList: PriceListInForce | undefined, wanted: readonly WantedLine[]) => {
  if (priceList === undefined) return reject('no-price-list');
  const products = new Map(priceList.products.map((product) => [product.sku, product]));
  const unknown = wanted.find(({ sku }) => !products.has(sku));
  if (unknown !== undefined) return reject('product-unknown', { sku: unknown.sku, priceListVersion: priceList.version });
  const lines = wanted.flatMap(({ sku, quantity }) => {
    const product = products.get(sku);
    return product === undefined ? [] : [{ ...product, quantity, amountMinor: product.unitPriceMinor * quantity }];
  });
  const listAmountMinor = lines.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  if (!lines.every(({ amountMinor }) => fits(amountMinor)) || !fits(listAmountMinor)) return reject('amount-too-large');
  return { priceList, lines, listAmountMinor };
};
