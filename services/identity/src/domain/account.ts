import type { Instant } from '@qiyue/calendar';
import { addMinutes, isBefore } from '@qiyue/calendar';
import { At, identityFacts, identityRejections, Id, OneOf } from '@qiyue/contracts';
import { events, internal, Personal, published, publishedAs, stream, Type, type EventOf } from '@qiyue/decider';
import { acceptance, type VersionInForce } from './policies/acceptance';
import { isStrongEnough } from './policies/password-strength';
import { lockedUntil, recentFailures, type LogInFailure } from './policies/lock-out';
import { papersAreWellFormed, type Papers } from './policies/verification-papers';

// ---- events -----------------------------------------------------------------------------------------------------

const Subject = OneOf('individual', 'enterprise');

/** Names and shapes are the storage format: add, never edit. */
export const accountEvents = events({
  AccountRegistered: publishedAs(
    identityFacts.AccountRegistered,
    Type.Object({ accountId: Id, email: Personal(), locale: OneOf('zh', 'en'), passwordHash: Personal(), registeredAt: At }),
    ({ accountId, email, locale, registeredAt }) => ({ accountId, email, locale, registeredAt }),
  ),
  EmailCodeIssued: published(identityFacts.EmailCodeIssued),
  EmailCodeRefused: internal("a wrong code is nobody else's business", Type.Object({ accountId: Id, attemptId: Id, refusedAt: At }), {
    clause: '2.1.1',
  }),
  EmailProved: published(identityFacts.EmailProved),
  AgreementAccepted: published(identityFacts.AgreementAccepted),
  AgreementDeclined: published(identityFacts.AgreementDeclined),
  LoggedIn: internal(
    'sessions are a matter between the account and identity',
    Type.Object({ accountId: Id, sessionId: Id, loggedInAt: At }),
    { clause: '3.2' },
  ),
  LogInFailed: internal("a wrong password is nobody else's business", Type.Object({ accountId: Id, attemptId: Id, failedAt: At }), {
    clause: '3.2',
  }),
  VerificationRequested: internal(
    'papers stay with identity; the result is told',
    Type.Object({
      accountId: Id,
      requestId: Id,
      subject: Subject,
      name: Personal(),
      creditCode: Type.Optional(Personal()),
      legalRepresentative: Type.Optional(Personal()),
      idNumber: Type.Optional(Personal()),
      requestedAt: At,
    }),
    { clause: '2.1.1' },
  ),
  VerificationReviewRequired: internal(
    'a person decides first; the result is told',
    Type.Object({ accountId: Id, requestId: Id, reason: Type.String(), since: At }),
    { clause: '2.1.1' },
  ),
  AccountVerified: published(identityFacts.AccountVerified),
  VerificationRejected: published(identityFacts.VerificationRejected),
  ContactChanged: published(identityFacts.ContactChanged),
});

// ---- state ------------------------------------------------------------------------------------------------------

/** The one-time code that was sent last, with the attempts at it. */
interface EmailCode {
  readonly code: string;
  readonly expiresAt: Instant;
  readonly attempts: readonly string[];
}

/** What is known of every account from its registration on. */
interface Known {
  readonly accountId: string;
  readonly email: string;
  readonly passwordHash: string;
  readonly emailCode?: EmailCode;
  readonly acceptedVersion?: string;
  readonly declinedVersion?: string;
  readonly lastSessionId?: string;
  readonly failures: readonly LogInFailure[];
}

interface Request {
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

const evolve = (account: Account, { type, data }: AccountEvent): Account => {
  if (type === 'AccountRegistered')
    return { status: 'registered', accountId: data.accountId, email: data.email, passwordHash: data.passwordHash, failures: [] };
  if (account.status === 'none') return account;
  switch (type) {
    case 'EmailCodeIssued':
      return { ...account, emailCode: { code: data.code, expiresAt: data.expiresAt, attempts: [] } };
    case 'EmailCodeRefused':
      return account.emailCode === undefined
        ? account
        : { ...account, emailCode: { ...account.emailCode, attempts: [...account.emailCode.attempts, data.attemptId] } };
    case 'EmailProved': {
      const { emailCode: _used, ...rest } = account;
      return account.status === 'registered' ? ({ ...rest, status: 'proved' } as Account) : account;
    }
    case 'AgreementAccepted':
      return { ...account, acceptedVersion: data.agreementVersion };
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
    case 'ContactChanged':
      return { ...account, email: data.email };
  }
};

// ---- decisions --------------------------------------------------------------------------------------------------

const { reject } = identityRejections;

/** How long a one-time code can be used, and how often a wrong one may be given. */
const codeMinutes = 15;
const codeTries = 5;

const codeIssued = (accountId: string, email: string, { now, code }: { now: Instant; code: string }) =>
  accountEvents.EmailCodeIssued({ accountId, email, code, expiresAt: addMinutes(now, codeMinutes) });

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
      return account.emailCode?.code === facts.code ? [] : [codeIssued(account.accountId, account.email, facts)];
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
  if (emailCode === undefined || !isBefore(now, emailCode.expiresAt)) return reject('code-expired');
  if (emailCode.attempts.includes(attemptId)) return [];
  if (emailCode.attempts.length >= codeTries) return reject('code-tries-used-up');
  if (code !== emailCode.code) return [accountEvents.EmailCodeRefused({ accountId, attemptId, refusedAt: now })];
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

/** Use of the services after a new version has taken effect, told by the service that was used (1.2). */
const acceptByUse = (account: Account, _command: object, { now, inForce }: { now: Instant; inForce?: VersionInForce | undefined }) =>
  account.status === 'none' || account.status === 'registered'
    ? reject('account-unknown')
    : acceptance(account, 'use', inForce, now).map(accountEvents.AgreementAccepted);

const declineAgreement = (account: Account, { agreementVersion }: { agreementVersion: string }, { now }: { now: Instant }) => {
  if (account.status === 'none') return reject('account-unknown');
  return account.declinedVersion === agreementVersion
    ? []
    : [accountEvents.AgreementDeclined({ accountId: account.accountId, agreementVersion, declinedAt: now })];
};

const requestVerification = (account: Account, papers: Papers, { now, requestId }: { now: Instant; requestId: string }) => {
  switch (account.status) {
    case 'none':
      return reject('account-unknown');
    case 'registered':
      return reject('email-not-proved');
    case 'verified':
      return account.request.name === papers.name && account.request.subject === papers.subject ? [] : reject('already-verified');
    case 'verifying':
    case 'reviewing':
      return [];
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
  },
  owner: (state) => (state.status === 'none' ? undefined : state.accountId),
  agreementVersion: (state) => (state.status === 'none' ? undefined : state.acceptedVersion),
});
