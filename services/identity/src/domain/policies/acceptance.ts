// 1.1: registering, logging in or using a service accepts the version in force; each version is accepted once (1.2).
import type { Instant } from '@qiyue/calendar';

/** The version that binds whoever uses the platform now. */
export interface VersionInForce {
  readonly agreementVersion: string;
  readonly documentHash: string;
}

/** The acceptance that an act leads to: none when this version is accepted already, or when the account declined it (1.3). */
export const acceptance = (
  account: { readonly accountId: string; readonly acceptedVersion?: string; readonly declinedVersion?: string },
  act: 'registration' | 'login' | 'use',
  inForce: VersionInForce | undefined,
  now: Instant,
) =>
  inForce === undefined || account.acceptedVersion === inForce.agreementVersion || account.declinedVersion === inForce.agreementVersion
    ? []
    : [
        {
          accountId: account.accountId,
          agreementVersion: inForce.agreementVersion,
          documentHash: inForce.documentHash,
          act,
          acceptedAt: now,
        },
      ];
