// 2.2.2: only full money, in the right currency and by a supported method, pays what is owed; all other money is held.
import type { HoldReason } from '@qiyue/contracts';
import type { Static } from '@qiyue/decider';
import { isRightPayer } from './payer-name';

interface Owed {
  readonly amountMinor: number;
  readonly currency: string;
  readonly payerName: string;
}
interface Money {
  readonly amountMinor: number;
  readonly currency: string;
  readonly method: string;
  readonly payerName: string;
}

/**
 * Why money does not pay what is owed, or undefined when it does.
 * The payer's name comes last: it is the one thing an officer can overrule, so a fault of the name means that nothing else is wrong.
 */
export const faultOfPayment = (owed: Owed, money: Money, supportedMethods: readonly string[]): Static<typeof HoldReason> | undefined => {
  if (money.currency !== owed.currency) return 'currency-differs';
  if (money.amountMinor !== owed.amountMinor) return 'amount-differs';
  if (!supportedMethods.includes(money.method)) return 'method-not-supported';
  return isRightPayer(owed.payerName, money.payerName) ? undefined : 'payer-name-differs';
};
