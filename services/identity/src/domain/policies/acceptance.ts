// 1.1: registering, logging in or using a service accepts the version in force; each version is accepted once (1.2).
import { isBefore, type Instant } from '@qiyue/calendar';

/** The version that binds whoever uses the platform now. */
export interface VersionInForce {
  readonly agreementVersion: string;
  readonly documentHash: string;
}

/** What is known of an account's acceptances. */
interface Acceptances {
  readonly accountId: string;
  readonly acceptedVersions: readonly string[];
  readonly acceptedAt?: Instant;
  readonly declinedVersion?: string;
}

/**
 * The acceptance that an act leads to: none when this version is accepted already, when the account declined it (1.3), or when the act is told late and a
 * later one has accepted a version since. `at` is the instant of the act.
 */
export const acceptance = (
  { accountId, acceptedVersions, acceptedAt, declinedVersion }: Acceptances,
  act: 'registration' | 'login' | 'use',
  inForce: VersionInForce | undefined,
  at: Instant,
) => {
  if (inForce === undefined) return [];
  const { agreementVersion, documentHash } = inForce;
  if (acceptedVersions.includes(agreementVersion) || declinedVersion === agreementVersion) return [];
  return acceptedAt !== undefined && isBefore(at, acceptedAt) ? [] : [{ accountId, agreementVersion, documentHash, act, acceptedAt: at }];
};
