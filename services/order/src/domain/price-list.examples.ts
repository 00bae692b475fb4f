import { examplesOf } from '@qiyue/decider';
import { pricelist, priceListEvents } from './price-list';

export const springPrices = {
  version: '2026-spring',
  currency: 'CNY',
  products: [
    { sku: 'waf-std', name: '云 WAF 标准版', unitPriceMinor: 98_000, thirdPartyContent: false, termMonths: 12 },
    { sku: 'intel-feed', name: '威胁情报订阅', unitPriceMinor: 20_050, thirdPartyContent: true, termMonths: 1 },
  ],
};

export const aPriceList = [
  priceListEvents.PriceListPublished({
    priceListVersion: springPrices.version,
    currency: 'CNY',
    products: springPrices.products,
    publishedAt: '2026-03-01T00:00:00.000Z',
  }),
];

export const priceListExamples = examplesOf(pricelist, {
  histories: { none: [], published: aPriceList },
  commands: { publish: [springPrices, { now: '2026-03-01T00:00:00.000Z', currencies: ['CNY'] }] },
  refusals: {
    publish: {
      on: 'none',
      faults: {
        'currency-not-supported': { 'facts.currencies': ['USD'] },
        'product-listed-twice': { 'command.products': [...springPrices.products, ...springPrices.products] },
        'price-list-exists': { history: 'published', 'command.currency': 'HKD', 'facts.currencies': ['HKD'] },
      },
    },
  },
});
