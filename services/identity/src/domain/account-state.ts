import type { Instant } from '@qiyue/calendar';
import type { EventOf } from '@qiyue/decider';
import type { accountEvents } from './account-events';
import { recentFailures, type LogInFailure } from './policies/lock-out';
import { issuedAt, remembered, type EmailCode } from './policies/one-time-code';

/** What is known of every account from its registration on. */
export interface Known {
  readonly accountId: string;
  readonly email: string;
  readonly passwordHash: string;
  readonly emailCode?: EmailCode;
  /** When the last codes went out, oldest first. */
  readonly codesIssuedAt: readonly Instant[];
  readonly acceptedVersion?: string;
  /** Every version accepted so far: none is accepted twice, not even when an old act is told late. */
  readonly acceptedVersions: readonly string[];
  /** When the last acceptance happened. */
  readonly acceptedAt?: Instant;
  readonly declinedVersion?: string;
  readonly lastSessionId?: string;
  readonly lastReportId?: string;
  readonly failures: readonly LogInFailure[];
}

export interface Request {
  readonly requestId: string;
  readonly subject: 'individual' | 'enterprise';
  readonly name: string;
}

export type Account =
  | { readonly status: 'none' }
  | (Known & { readonly status: 'registered' })
  | (Known & { readonly status: 'proved'; readonly lastRequestId?: string })
  | (Known & { readonly status: 'verifying' | 'reviewing'; readonly request: Request })
  | (Known & { readonly status: 'verified'; readonly request: Request });

type AccountEvent = EventOf<typeof accountEvents>;

/** Never validates and never throws; keeps what decisions need and nothing for display. */
export const evolve = (account: Account, { type, data }: AccountEvent): Account => {
  if (type === 'AccountRegistered')
    return {
      status: 'registered',
      accountId: data.accountId,
      email: data.email,
      passwordHash: data.passwordHash,
      codesIssuedAt: [],
      acceptedVersions: [],
      failures: [],
    };
  if (account.status === 'none') return account;
  switch (type) {
    case 'EmailCodeIssued':
      return {
        ...account,
        emailCode: { code: data.code, expiresAt: data.expiresAt, attempts: [] },
        codesIssuedAt: remembered([...account.codesIssuedAt, issuedAt(data.expiresAt)]),
      };
    case 'EmailCodeRefused':
      return account.emailCode === undefined
        ? account
        : { ...account, emailCode: { ...account.emailCode, attempts: [...account.emailCode.attempts, data.attemptId] } };
    case 'EmailProved': {
      const { emailCode: _used, ...rest } = account;
      return account.status === 'registered' ? ({ ...rest, status: 'proved' } as Account) : account;
    }
    case 'AgreementAccepted':
      return {
        ...account,
        acceptedVersion: data.agreementVersion,
        acceptedAt: data.acceptedAt,
        acceptedVersions: [...account.acceptedVersions, data.agreementVersion],
      };
    case 'AgreementDeclined':
      return { ...account, declinedVersion: data.agreementVersion };
    case 'LoggedIn':
      return { ...account, lastSessionId: data.sessionId, failures: [] };
    case 'LogInFailed':
      return { ...account, failures: recentFailures([...account.failures, { attemptId: data.attemptId, at: data.failedAt }]) };
    case 'VerificationRequested':
      return { ...account, status: 'verifying', request: { requestId: data.requestId, subject: data.subject, name: data.name } };
    case 'VerificationReviewRequired':
      return account.status === 'verifying' ? { ...account, status: 'reviewing' } : account;
    case 'AccountVerified':
      return 'request' in account ? { ...account, status: 'verified' } : account;
    case 'VerificationRejected': {
      if (!('request' in account)) return account;
      const { request, ...rest } = account;
      return { ...rest, status: 'proved', lastRequestId: request.requestId };
    }
    case 'AnomalyReported':
      return { ...account, lastReportId: data.reportId };
    case 'ContactChanged':
      return { ...account, email: data.email };
  }
};
