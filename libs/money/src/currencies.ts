/** An ISO 4217 code, three capitals, e.g. `CNY`. */
export type Currency = string;

/** How a currency is written: digits after the point and, where it is unmistakable, its sign. */
interface CurrencyForm {
  readonly digits: 0 | 2 | 3;
  readonly sign?: string;
}

const forms: ReadonlyMap<Currency, CurrencyForm> = new Map([
  ['CNY', { digits: 2, sign: '¥' }],
  ['USD', { digits: 2, sign: 'US$' }],
  ['EUR', { digits: 2, sign: '€' }],
  ['GBP', { digits: 2, sign: '£' }],
  ['HKD', { digits: 2, sign: 'HK$' }],
  ['MOP', { digits: 2, sign: 'MOP$' }],
  ['TWD', { digits: 2, sign: 'NT$' }],
  ['SGD', { digits: 2, sign: 'S$' }],
  ['AUD', { digits: 2, sign: 'A$' }],
  ['CAD', { digits: 2, sign: 'CA$' }],
  ['NZD', { digits: 2, sign: 'NZ$' }],
  ['CHF', { digits: 2 }],
  ['SEK', { digits: 2 }],
  ['NOK', { digits: 2 }],
  ['DKK', { digits: 2 }],
  ['THB', { digits: 2, sign: '฿' }],
  ['MYR', { digits: 2 }],
  ['IDR', { digits: 2 }],
  ['PHP', { digits: 2, sign: '₱' }],
  ['INR', { digits: 2, sign: '₹' }],
  ['AED', { digits: 2 }],
  ['JPY', { digits: 0, sign: 'JP¥' }],
  ['KRW', { digits: 0, sign: '₩' }],
  ['VND', { digits: 0, sign: '₫' }],
  ['KWD', { digits: 3 }],
  ['BHD', { digits: 3 }],
] satisfies [Currency, CurrencyForm][]);

/** Every currency this library can count in. */
export const currencies: readonly Currency[] = [...forms.keys()];

export const isCurrency = (value: unknown): value is Currency => typeof value === 'string' && forms.has(value);

/** @throws TypeError when the currency is not in the table. */
export const currencyForm = (currency: Currency): CurrencyForm => {
  const form = forms.get(currency);
  if (!form) throw new TypeError(`not a known ISO 4217 currency: ${JSON.stringify(String(currency).slice(0, 10))}`);
  return form;
};

/**
 * Digits after the point: 2 for CNY, 0 for JPY, 3 for KWD.
 * @throws TypeError when the currency is not in the table.
 */
export const minorDigits = (currency: Currency): number => currencyForm(currency).digits;
