import { currencyForm, type Currency } from './currencies';
import { money, type Money } from './money';

/** The amount as digits: `1234.50`, `-0.05`; no grouping, always all minor digits. The inverse of {@link parseMoney}. */
export const decimalOf = ({ amountMinor, currency }: Money): string => {
  const { digits } = currencyForm(currency);
  // Through BigInt, so that an amount that is no whole number throws instead of being printed wrong.
  const minor = BigInt(amountMinor);
  const text = (minor < 0n ? -minor : minor).toString().padStart(digits + 1, '0');
  const whole = text.slice(0, text.length - digits);
  const sign = minor < 0n ? '-' : '';
  return digits === 0 ? `${sign}${whole}` : `${sign}${whole}.${text.slice(text.length - digits)}`;
};

/** `1234567.5` → `1,234,567.5`. */
const grouped = (decimal: string): string => {
  const [whole = '', fraction] = decimal.split('.');
  const groups = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? groups : `${groups}.${fraction}`;
};

/**
 * For people: zh `¥1,234.50`, en `CNY 1,234.50`; in Chinese a currency without an unmistakable sign shows its code.
 * Not by the locale data of the machine: the same amount reads the same everywhere, in a replay as well.
 */
export const formatMoney = (amount: Money, locale: 'zh' | 'en'): string => {
  const decimal = decimalOf(amount);
  const minus = decimal.startsWith('-') ? '-' : '';
  const digits = grouped(decimal.slice(minus.length));
  const { sign } = currencyForm(amount.currency);
  return locale === 'zh' && sign !== undefined ? `${minus}${sign}${digits}` : `${amount.currency} ${minus}${digits}`;
};

/**
 * Reads plain digits with an optional point and minus: `parseMoney('12.34', 'CNY')`. `12` and `12.3` are 12.00 and 12.30.
 * @throws TypeError on anything else (grouping, signs, exponents, spaces) and on an unknown currency;
 *   RangeError on more digits after the point than the currency has, or an amount that is not a safe integer of minor units.
 */
export const parseMoney = (text: string, currency: Currency = 'CNY'): Money => {
  const { digits } = currencyForm(currency);
  const match = typeof text === 'string' && text.length <= 40 ? /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) : null;
  if (!match) throw new TypeError(`not an amount: ${JSON.stringify(String(text).slice(0, 40))}`);
  const [, sign, whole = '', fraction = ''] = match;
  if (fraction.length > digits) throw new RangeError(`${currency} has ${digits} digits after the point, not ${fraction.length}`);
  return money(Number(`${sign}${whole}${fraction.padEnd(digits, '0')}`), currency);
};
