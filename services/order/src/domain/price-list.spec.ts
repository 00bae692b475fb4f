import { checkStream, givenFor } from '@qiyue/decider/testing';
import { pricelist, priceListEvents } from './price-list';
import { aPriceList, priceListExamples, springPrices } from './price-list.examples';

const given = givenFor(pricelist);
const facts = { now: '2026-03-01T00:00:00.000Z', currencies: ['CNY'] };
const { products } = springPrices;

test('every status answers every command', () => expect(() => checkStream(priceListExamples)).not.toThrow());

describe('a price list', () => {
  test('is published with its products (2.2.4)', () =>
    given()
      .when('publish', springPrices, facts)
      .then(...aPriceList));
  test('published again word by word is published already (2.2.4)', () =>
    given(...aPriceList)
      .when('publish', springPrices, { ...facts, now: '2026-04-01T00:00:00.000Z' })
      .thenNothing());
  test.each([
    ['another price', { products: products.map((product) => ({ ...product, unitPriceMinor: 1 })) }],
    ['another product', { products: products.slice(1) }],
    ['another order of products', { products: products.toReversed() }],
  ])('never changes: %s needs another version (2.2.4)', (_name, other) =>
    given(...aPriceList)
      .when('publish', { ...springPrices, ...other }, facts)
      .thenRejected('price-list-exists', { priceListVersion: '2026-spring' }),
  );
  test('in a currency that is not sold in is refused, whatever else is wrong (2.2.2)', () =>
    given()
      .when('publish', { ...springPrices, currency: 'USD', products: [...products, ...products] }, facts)
      .thenRejected('currency-not-supported', { currency: 'USD' }));
  test('names a product once (2.2.4)', () =>
    given()
      .when('publish', { ...springPrices, products: [...products, ...products.slice(0, 1)] }, facts)
      .thenRejected('product-listed-twice', { sku: 'waf-std' }));
  test('says of each product whether it holds content of third parties (3.3)', () =>
    expect(aPriceList[0]?.data.products.map(({ thirdPartyContent }) => thirdPartyContent)).toEqual([false, true]));
  test('keeps prices of renewals by cohort (2.2.4)', () => {
    const offered = products.map((product) => ({
      ...product,
      renewalOffers: [{ firstActivatedBefore: '2026-01-01T00:00:00.000Z', unitPriceMinor: 1 }],
    }));
    const published = priceListEvents.PriceListPublished({
      priceListVersion: '2026-spring',
      currency: 'CNY',
      products: offered,
      publishedAt: facts.now,
    });
    given()
      .when('publish', { ...springPrices, products: offered }, facts)
      .then(published);
    given(published).when('publish', springPrices, facts).thenRejected('price-list-exists');
  });
  test('keeps nothing that is no part of a product', () => {
    const padded = products.map((product) => ({ ...product, comment: 'internal' }));
    given()
      .when('publish', { ...springPrices, products: padded }, facts)
      .then(priceListEvents.PriceListPublished({ priceListVersion: '2026-spring', currency: 'CNY', products, publishedAt: facts.now }));
  });
});
