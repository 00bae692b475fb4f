import { currencyForm, type Currency } from './currencies';

/** An amount in whole minor units (fen for CNY), a safe integer, never a float. It may be negative: a credit. */
export interface Money {
  readonly amountMinor: number;
  readonly currency: Currency;
}

const checkAmount = (amountMinor: number): number => {
  if (typeof amountMinor !== 'number') throw new TypeError(`an amount is a number of minor units, not ${typeof amountMinor}`);
  if (!Number.isSafeInteger(amountMinor))
    throw new RangeError(`an amount is a whole number of minor units within ±(2^53 - 1), not ${amountMinor}`);
  // Minus nothing is nothing: -0 would print and compare unlike 0 in places that use Object.is.
  return amountMinor === 0 ? 0 : amountMinor;
};

/**
 * An amount in minor units: `money(1234)` is 12.34 CNY.
 * @throws TypeError on an unknown currency or an amount that is not a number; RangeError on a fraction or an unsafe integer.
 */
export const money = (amountMinor: number, currency: Currency = 'CNY'): Money => {
  currencyForm(currency);
  return { amountMinor: checkAmount(amountMinor), currency };
};

const sameCurrency = (a: Money, b: Money): Currency => {
  if (a.currency !== b.currency) throw new TypeError(`${a.currency} and ${b.currency} do not mix`);
  return a.currency;
};

/** @throws TypeError when the currencies differ; RangeError when the sum is not a safe integer. */
export const add = (a: Money, b: Money): Money => money(checkAmount(a.amountMinor) + checkAmount(b.amountMinor), sameCurrency(a, b));

/** @throws TypeError when the currencies differ; RangeError when the difference is not a safe integer. */
export const subtract = (a: Money, b: Money): Money => money(checkAmount(a.amountMinor) - checkAmount(b.amountMinor), sameCurrency(a, b));

/** The amount so many times. @throws RangeError when the quantity is not a whole number or the product is not a safe integer. */
export const multiply = (a: Money, quantity: number): Money => {
  if (!Number.isSafeInteger(quantity)) throw new RangeError(`a quantity is a whole number, not ${String(quantity)}`);
  return money(checkAmount(a.amountMinor) * quantity, a.currency);
};

/** The sum of a list; of an empty one, zero. @throws as {@link add}; also when an item is in another currency than `currency`. */
export const sum = (list: readonly Money[], currency: Currency = 'CNY'): Money => list.reduce(add, money(0, currency));

export const isZero = (a: Money): boolean => a.amountMinor === 0;

/** Same amount and same currency. Money of different currencies is never equal, not even nothing. */
export const equals = (a: Money, b: Money): boolean => a.amountMinor === b.amountMinor && a.currency === b.currency;

/** -1, 0 or 1, for sorting. @throws TypeError when the currencies differ. */
export const compare = (a: Money, b: Money): -1 | 0 | 1 => {
  sameCurrency(a, b);
  return a.amountMinor < b.amountMinor ? -1 : a.amountMinor > b.amountMinor ? 1 : 0;
};

/**
 * Splits an amount by weights so that the parts add up to it exactly: each gets its share rounded towards zero, and
 * what is left goes, one minor unit each, to the largest remainders, the earlier of two equal ones first.
 * @throws RangeError when a weight is not a whole number from 0, or all are 0, or there is none.
 */
export const allocate = (total: Money, weights: readonly number[]): Money[] => {
  if (weights.some((weight) => !Number.isSafeInteger(weight) || weight < 0)) throw new RangeError('weights are whole numbers from 0');
  // BigInt, for the product of an amount and a weight does not fit a double.
  const weightSum = weights.reduce((whole, weight) => whole + BigInt(weight), 0n);
  if (weightSum === 0n) throw new RangeError('at least one weight must be above 0');
  const sign = total.amountMinor < 0 ? -1n : 1n;
  const amount = BigInt(checkAmount(total.amountMinor)) * sign;
  const shares = weights.map((weight, index) => {
    const product = amount * BigInt(weight);
    return { index, part: product / weightSum, remainder: product % weightSum };
  });
  const left = amount - shares.reduce((given, { part }) => given + part, 0n);
  const byRemainder = [...shares].sort((a, b) => (a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1));
  for (const share of byRemainder.slice(0, Number(left))) share.part += 1n;
  return shares.map(({ part }) => money(Number(part * sign), total.currency));
};
