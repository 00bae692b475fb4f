export { currencies, isCurrency, minorDigits, type Currency } from './currencies';
export { add, allocate, compare, equals, isZero, money, multiply, subtract, sum, type Money } from './money';
export { decimalOf, formatMoney, parseMoney } from './money-text';
