// 1.3, 8.2: an account that declined or is suspended may do only what its standing leaves open.
import { mayAct, type Act, type Standing } from '@qiyue/agreement';
import { orderRejections } from '@qiyue/contracts';

/** What this service knows of an account from the facts of identity and compliance. */
export interface KnownAccount {
  /** The version it accepted last. */
  readonly acceptedVersion?: string;
  /** The version it declined, unless it has accepted one since. */
  readonly declinedVersion?: string;
  /** Present once the account is verified. */
  readonly verifiedName?: string;
  readonly suspended: boolean;
}

/** The part of an agreement in force that orders are taken under. */
export interface AgreementInForce {
  readonly version: string;
  readonly paymentTermDays: number;
  readonly refundWindowWorkingDays: number;
  readonly invoiceTermWorkingDays: number;
  /** Versions that are published but not yet in force; declining one of them has no effect yet. */
  readonly announced: readonly string[];
}

const codes = { unaccepted: 'account-declined-agreement', suspended: 'account-suspended' } as const satisfies Partial<
  Record<Standing, string>
>;
const { reject } = orderRejections;

const may = <S extends keyof typeof codes>(standing: S, act: Act) => (mayAct(standing, act).allowed ? undefined : reject(codes[standing]));

/** Whether a decline is in effect: one of a version to come is not. */
export const hasDeclined = (account: KnownAccount, announced: readonly string[]): boolean =>
  account.declinedVersion !== undefined && !announced.includes(account.declinedVersion);

/** Refuses an act that the account's decline leaves it no right to (1.3). */
export const refusedByDecline = (account: KnownAccount, announced: readonly string[], act: Act) =>
  hasDeclined(account, announced) ? may('unaccepted', act) : undefined;

/** Refuses an act that a suspended account may not do (8.2). */
export const refusedBySuspension = (account: KnownAccount, act: Act) => (account.suspended ? may('suspended', act) : undefined);
