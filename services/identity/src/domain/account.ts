import type { Instant } from '@qiyue/calendar';
import { isBefore } from '@qiyue/calendar';
import { identityRejections } from '@qiyue/contracts';
import { stream } from '@qiyue/decider';
import { accountEvents } from './account-events';
import { evolve, type Account, type Known, type Request } from './account-state';
import { acceptance, type VersionInForce } from './policies/acceptance';
import { lockedUntil } from './policies/lock-out';
import { expiryOf, codeSentRecently, unusableCode } from './policies/one-time-code';
import { isStrongEnough } from './policies/password-strength';
import { papersAreWellFormed, type Papers } from './policies/verification-papers';

const { reject } = identityRejections;

const codeIssued = (accountId: string, email: string, { now, code }: { now: Instant; code: string }) =>
  accountEvents.EmailCodeIssued({ accountId, email, code, expiresAt: expiryOf(now) });

interface RegisterFacts {
  readonly now: Instant;
  readonly accountId: string;
  readonly passwordHash: string;
  /** Six digits, made at the edge. */
  readonly code: string;
  readonly inForce?: VersionInForce | undefined;
}

const register = (
  account: Account,
  { email, password, locale }: { email: string; password: string; locale: 'zh' | 'en' },
  facts: RegisterFacts,
) => {
  const { now, accountId, passwordHash, inForce } = facts;
  if (inForce === undefined) return reject('no-agreement-in-force');
  if (account.status !== 'none') return reject('already-registered');
  if (!isStrongEnough(password, email)) return reject('password-too-weak');
  return [
    accountEvents.AccountRegistered({ accountId, email, locale, passwordHash, registeredAt: now }),
    codeIssued(accountId, email, facts),
  ];
};

const sendEmailCode = (account: Account, _command: object, facts: { now: Instant; code: string }) => {
  switch (account.status) {
    case 'none':
      return reject('account-unknown');
    case 'registered':
      return codeSentRecently(account.codesIssuedAt, facts.now) ?? [codeIssued(account.accountId, account.email, facts)];
    default:
      return [];
  }
};

/** A wrong code is recorded, so that tries are counted whatever happens to the answer; the edge turns the event into `code-wrong`. */
const proveEmail = (
  account: Account,
  { code }: { code: string },
  { now, attemptId, inForce }: { now: Instant; attemptId: string; inForce?: VersionInForce | undefined },
) => {
  if (account.status === 'none') return reject('account-unknown');
  if (account.status !== 'registered') return [];
  const { accountId, emailCode } = account;
  if (inForce === undefined) return reject('no-agreement-in-force');
  if (emailCode?.attempts.includes(attemptId)) return [];
  const unusable = unusableCode(emailCode, now);
  if (unusable !== undefined) return unusable;
  if (code !== emailCode?.code) return [accountEvents.EmailCodeRefused({ accountId, attemptId, refusedAt: now })];
  return [
    accountEvents.EmailProved({ accountId, provedAt: now }),
    ...acceptance(account, 'registration', inForce, now).map(accountEvents.AgreementAccepted),
  ];
};

interface LogInFacts {
  readonly now: Instant;
  readonly passwordMatches: boolean;
  /** Becomes the session's id when the password is right. */
  readonly attemptId: string;
  readonly inForce?: VersionInForce | undefined;
}

/** A wrong password is recorded, so that failures are counted whatever happens to the answer; the edge turns the event into `credentials-wrong`. */
const logIn = (account: Account, _command: object, { now, passwordMatches, attemptId, inForce }: LogInFacts) => {
  if (account.status === 'none') return reject('credentials-wrong');
  const { accountId } = account;
  if (account.lastSessionId === attemptId || account.failures.some((failure) => failure.attemptId === attemptId)) return [];
  const until = lockedUntil(account.failures);
  if (until !== undefined && isBefore(now, until)) return reject('locked-out', { lockedUntil: until });
  if (!passwordMatches) return [accountEvents.LogInFailed({ accountId, attemptId, failedAt: now })];
  if (account.status === 'registered') return reject('email-not-proved');
  return [
    accountEvents.LoggedIn({ accountId, sessionId: attemptId, loggedInAt: now }),
    ...acceptance(account, 'login', inForce, now).map(accountEvents.AgreementAccepted),
  ];
};

/** Use of the services after a new version has taken effect, told by the service that was used (1.2). `now` is the instant of the use, which may be told late. */
const acceptByUse = (account: Account, _command: object, { now, inForce }: { now: Instant; inForce?: VersionInForce | undefined }) =>
  account.status === 'none' || account.status === 'registered'
    ? reject('account-unknown')
    : acceptance(account, 'use', inForce, now).map(accountEvents.AgreementAccepted);

const declineAgreement = (
  account: Account,
  { agreementVersion }: { agreementVersion: string },
  { now, isPublished }: { now: Instant; isPublished: boolean },
) => {
  if (account.status === 'none') return reject('account-unknown');
  if (!isPublished) return reject('agreement-version-unknown', { agreementVersion });
  return account.declinedVersion === agreementVersion
    ? []
    : [accountEvents.AgreementDeclined({ accountId: account.accountId, agreementVersion, declinedAt: now })];
};

const sameIdentity = (request: Request, papers: Papers): boolean => request.name === papers.name && request.subject === papers.subject;

const requestVerification = (account: Account, papers: Papers, { now, requestId }: { now: Instant; requestId: string }) => {
  switch (account.status) {
    case 'none':
      return reject('account-unknown');
    case 'registered':
      return reject('email-not-proved');
    case 'verified':
      return sameIdentity(account.request, papers) ? [] : reject('already-verified');
    case 'verifying':
    case 'reviewing':
      return sameIdentity(account.request, papers) ? [] : reject('verification-pending');
    case 'proved':
      return (
        papersAreWellFormed(papers) ??
        (account.lastRequestId === requestId
          ? []
          : [accountEvents.VerificationRequested({ ...papers, accountId: account.accountId, requestId, requestedAt: now })])
      );
  }
};

/** What a verifier, or the person who reviews, found. */
interface Finding {
  readonly requestId: string;
  readonly result: 'verified' | 'rejected' | 'needs-review';
  readonly reason: string;
}

const verdict = (account: Known & { readonly request: Request }, { result, reason }: Finding, now: Instant) => {
  const {
    accountId,
    request: { subject, name },
  } = account;
  return result === 'verified'
    ? [accountEvents.AccountVerified({ accountId, subject, verifiedName: name, verifiedAt: now })]
    : [accountEvents.VerificationRejected({ accountId, subject, reason, rejectedAt: now })];
};

const recordVerification = (account: Account, finding: Finding, { now }: { now: Instant }) => {
  if (account.status !== 'verifying' || account.request.requestId !== finding.requestId)
    return account.status === 'none' ? reject('account-unknown') : [];
  if (finding.result === 'needs-review')
    return [
      accountEvents.VerificationReviewRequired({
        accountId: account.accountId,
        requestId: finding.requestId,
        reason: finding.reason,
        since: now,
      }),
    ];
  return verdict(account, finding, now);
};

const reviewVerification = (account: Account, { approve, reason }: { approve: boolean; reason: string }, { now }: { now: Instant }) => {
  if (account.status === 'none') return reject('account-unknown');
  return account.status === 'reviewing'
    ? verdict(account, { requestId: account.request.requestId, result: approve ? 'verified' : 'rejected', reason }, now)
    : [];
};

const changeContact = (account: Account, { email }: { email: string }, { now }: { now: Instant }) => {
  if (account.status === 'none') return reject('account-unknown');
  return account.email === email ? [] : [accountEvents.ContactChanged({ accountId: account.accountId, email, changedAt: now })];
};

/** 2.1.2: what the holder reports ends every session and asks an officer to look into it. */
const reportAnomaly = (
  account: Account,
  { description }: { description: string },
  { now, reportId }: { now: Instant; reportId: string },
) => {
  if (account.status === 'none') return reject('account-unknown');
  return account.lastReportId === reportId
    ? []
    : [accountEvents.AnomalyReported({ accountId: account.accountId, reportId, description, reportedAt: now })];
};

export const account = stream({
  category: 'account',
  events: accountEvents,
  initialState: { status: 'none' } as Account,
  evolve,
  decide: {
    register,
    sendEmailCode,
    proveEmail,
    logIn,
    acceptByUse,
    declineAgreement,
    requestVerification,
    recordVerification,
    reviewVerification,
    changeContact,
    reportAnomaly,
  },
  owner: (state) => (state.status === 'none' ? undefined : state.accountId),
  agreementVersion: (state) => (state.status === 'none' ? undefined : state.acceptedVersion),
});
