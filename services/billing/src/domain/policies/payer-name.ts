// 2.2.2: whoever pays must bear the account's verified name.
import { sameName } from '@qiyue/agreement';
import { FORGOTTEN } from '@qiyue/decider';

/** Both names as their owners wrote them; width, case, spaces and brackets do not matter. A forgotten or empty name equals none. */
export const isRightPayer = (verifiedName: string, payerName: string): boolean =>
  verifiedName !== FORGOTTEN && sameName(verifiedName, payerName);
