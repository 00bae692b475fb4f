import { Personal, rejections, Type } from '@qiyue/decider';
import { factsOf } from './fact';
import { At, Id, OneOf, VersionName } from './schema';

const account = '0b7f6f0e-6f0c-5d0e-9a51-4f1f0c7a1a01';
const at = '2026-03-02T01:00:00.000Z';

/** What identity tells. Key of every fact: the account. */
export const identityFacts = factsOf('identity', {
  AccountRegistered: {
    clause: '2.1.1',
    meaning: 'Somebody asked for an account and gave an e-mail address that is not proved yet.',
    schema: Type.Object({ accountId: Id, email: Personal(), locale: OneOf('zh', 'en'), registeredAt: At }),
    example: { accountId: account, email: 'li@example.com', locale: 'zh', registeredAt: at },
  },
  EmailCodeIssued: {
    clause: '2.1.1',
    meaning: 'A one-time code is to be sent to the address; whoever returns it owns the address.',
    schema: Type.Object({ accountId: Id, email: Personal(), code: Personal(), expiresAt: At }),
    example: { accountId: account, email: 'li@example.com', code: '418205', expiresAt: '2026-03-02T01:15:00.000Z' },
  },
  EmailProved: {
    clause: '2.1.1',
    meaning: 'The address belongs to the account; it can log in from now on.',
    schema: Type.Object({ accountId: Id, provedAt: At }),
    example: { accountId: account, provedAt: at },
  },
  AgreementAccepted: {
    clause: '1.1',
    meaning: 'An act of the account counts as acceptance of this version of the agreement; told once per version.',
    schema: Type.Object({
      accountId: Id,
      agreementVersion: VersionName,
      documentHash: Type.String(),
      act: OneOf('registration', 'login', 'use'),
      acceptedAt: At,
    }),
    example: { accountId: account, agreementVersion: '2026-01', documentHash: 'a'.repeat(64), act: 'registration', acceptedAt: at },
  },
  AgreementDeclined: {
    clause: '1.3',
    meaning: 'The account does not accept this version; it can read, export and settle what it owes, nothing else.',
    schema: Type.Object({ accountId: Id, agreementVersion: VersionName, declinedAt: At }),
    example: { accountId: account, agreementVersion: '2026-01', declinedAt: at },
  },
  AccountVerified: {
    clause: '2.1.1',
    meaning: 'The identity behind the account is verified under this name; payments must come from it.',
    schema: Type.Object({ accountId: Id, subject: OneOf('individual', 'enterprise'), verifiedName: Personal(), verifiedAt: At }),
    example: { accountId: account, subject: 'enterprise', verifiedName: '杭州示例科技有限公司', verifiedAt: at },
  },
  VerificationRejected: {
    clause: '2.1.1',
    meaning: 'The verifier refused the papers; the account may try again.',
    schema: Type.Object({ accountId: Id, subject: OneOf('individual', 'enterprise'), reason: Type.String(), rejectedAt: At }),
    example: { accountId: account, subject: 'enterprise', reason: 'name-and-code-differ', rejectedAt: at },
  },
  AnomalyReported: {
    clause: '2.1.2',
    meaning:
      'The account holder reports that somebody else may be using the account: sessions opened before end, and an officer looks into it.',
    schema: Type.Object({ accountId: Id, reportId: Id, description: Personal(), reportedAt: At }),
    example: { accountId: account, reportId: '7f1c0d52-3b7e-5a63-9d0c-2f6e8a1b4c01', description: '收到异地登录提醒', reportedAt: at },
  },
  ContactChanged: {
    clause: '2.1.2',
    meaning: 'The account holder gave a new address for notices.',
    schema: Type.Object({ accountId: Id, email: Personal(), changedAt: At }),
    example: { accountId: account, email: 'wang@example.com', changedAt: at },
  },
});

/** Why identity refuses, in order of precedence. */
export const identityRejections = rejections('identity', {
  'account-unknown': { status: 404, meaning: 'There is no such account.' },
  'no-agreement-in-force': {
    status: 409,
    clause: '1.1',
    meaning: 'No agreement is in force yet, so nobody can accept it and no account can be opened.',
  },
  'already-registered': { status: 409, clause: '2.1.1', meaning: 'An account with this e-mail address exists already.' },
  'password-too-weak': { status: 422, clause: '3.2', meaning: 'The password is too short, too common or known to be breached.' },
  'credentials-wrong': { status: 403, clause: '3.2', meaning: 'E-mail address or password is wrong.' },
  'locked-out': { status: 403, clause: '3.2', meaning: 'Too many wrong passwords; try again after the stated time.' },
  'email-not-proved': { status: 409, clause: '2.1.1', meaning: 'The e-mail address has not been proved by its one-time code yet.' },
  'code-wrong': { status: 422, clause: '2.1.1', meaning: 'The one-time code is not the one that was sent.' },
  'code-expired': { status: 409, clause: '2.1.1', meaning: 'The one-time code is no longer valid; ask for a new one.' },
  'code-tries-used-up': { status: 409, clause: '2.1.1', meaning: 'Too many wrong codes; ask for a new one.' },
  'code-sent-recently': {
    status: 409,
    clause: '2.1.1',
    meaning: 'A code has just been sent, or several today; ask again after the stated time.',
  },
  'agreement-version-unknown': {
    status: 422,
    clause: '1.3',
    meaning: 'No version of this name has been published, so there is nothing to decline.',
  },
  'verification-pending': { status: 409, clause: '2.1.1', meaning: 'Other papers of the account are being looked at.' },
  'already-verified': { status: 409, clause: '2.1.1', meaning: 'The account is verified already, under another identity.' },
  'credit-code-invalid': {
    status: 422,
    clause: '2.1.1',
    meaning: 'The unified social credit code is not well-formed or its check digit is wrong.',
  },
  'id-card-invalid': {
    status: 422,
    clause: '2.1.1',
    meaning: 'The resident identity number is not well-formed or its check digit is wrong.',
  },
});
