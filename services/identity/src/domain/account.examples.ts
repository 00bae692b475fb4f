import { examplesOf } from '@qiyue/decider';
import { account } from './account';
import { accountEvents as e } from './account-events';

export const accountId = '0b7f6f0e-6f0c-5d0e-9a51-4f1f0c7a1a01';
export const inForce = { agreementVersion: '2026-01', documentHash: 'a'.repeat(64) };
export const enterprise = {
  subject: 'enterprise',
  name: '杭州示例科技有限公司',
  creditCode: '91330106MA28XXXX7E',
  legalRepresentative: '示例人',
} as const;
export const code = '418205';

const at = '2026-03-02T01:00:00.000Z';
const { creditCode: _creditCode, legalRepresentative: _legalRepresentative, ...named } = enterprise;

/** Histories of an account, each one step longer. */
export const aRegisteredAccount = [
  e.AccountRegistered({ accountId, email: 'li@example.com', locale: 'zh', passwordHash: '$argon2id$example', registeredAt: at }),
  e.EmailCodeIssued({ accountId, email: 'li@example.com', code, expiresAt: '2026-03-02T01:15:00.000Z' }),
];
export const aProvedAccount = [
  ...aRegisteredAccount,
  e.EmailProved({ accountId, provedAt: at }),
  e.AgreementAccepted({ accountId, ...inForce, act: 'registration', acceptedAt: at }),
];
export const aVerifyingAccount = [
  ...aProvedAccount,
  e.VerificationRequested({ accountId, requestId: 'r-1', ...enterprise, requestedAt: at }),
];
export const aReviewedAccount = [
  ...aVerifyingAccount,
  e.VerificationReviewRequired({ accountId, requestId: 'r-1', reason: 'name-similar', since: at }),
];
export const aVerifiedAccount = [
  ...aVerifyingAccount,
  e.AccountVerified({ accountId, subject: 'enterprise', verifiedName: named.name, verifiedAt: at }),
];

const now = '2026-03-02T01:05:00.000Z';
const fiveTimes = <T>(one: (attemptId: string) => T): readonly T[] => ['x-1', 'x-2', 'x-3', 'x-4', 'x-5'].map(one);

export const accountExamples = examplesOf(account, {
  histories: {
    none: [],
    registered: aRegisteredAccount,
    proved: aProvedAccount,
    verifying: aVerifyingAccount,
    reviewing: aReviewedAccount,
    verified: aVerifiedAccount,
  },
  commands: {
    register: [
      { email: 'li@example.com', password: 'drei-Katzen-7', locale: 'zh' },
      { now, accountId, passwordHash: '$argon2id$example', code, inForce },
    ],
    sendEmailCode: [{}, { now, code: '777777' }],
    proveEmail: [{ code }, { now, attemptId: 'a-1', inForce }],
    logIn: [{}, { now, passwordMatches: true, attemptId: 's-1', inForce: { ...inForce, agreementVersion: '2026-02' } }],
    acceptByUse: [{}, { now, inForce: { ...inForce, agreementVersion: '2026-02' } }],
    declineAgreement: [{ agreementVersion: '2026-02' }, { now, isPublished: true }],
    requestVerification: [enterprise, { now, requestId: 'r-2' }],
    recordVerification: [{ requestId: 'r-1', result: 'verified', reason: '' }, { now }],
    reviewVerification: [{ approve: true, reason: 'papers seen' }, { now }],
    reportAnomaly: [{ description: '收到异地登录提醒' }, { now, reportId: 'a-1' }],
    changeContact: [{ email: 'wang@example.com' }, { now }],
  },
  refusals: {
    register: {
      on: 'none',
      faults: {
        'no-agreement-in-force': { 'facts.inForce': undefined },
        'already-registered': { history: 'proved' },
        'password-too-weak': { 'command.password': 'password' },
      },
    },
    sendEmailCode: {
      on: 'registered',
      faults: { 'account-unknown': { history: 'none' }, 'code-sent-recently': { 'facts.now': '2026-03-02T01:00:30.000Z' } },
    },
    proveEmail: {
      on: 'registered',
      faults: {
        'account-unknown': { history: 'none' },
        'no-agreement-in-force': { 'facts.inForce': undefined },
        'code-expired': { 'facts.now': '2026-03-02T01:15:00.000Z' },
        'code-tries-used-up': {
          history: [...aRegisteredAccount, ...fiveTimes((attemptId) => e.EmailCodeRefused({ accountId, attemptId, refusedAt: at }))],
        },
      },
    },
    logIn: {
      on: 'proved',
      faults: {
        'credentials-wrong': { history: 'none' },
        'locked-out': { history: [...aProvedAccount, ...fiveTimes((attemptId) => e.LogInFailed({ accountId, attemptId, failedAt: at }))] },
        'email-not-proved': { history: 'registered' },
      },
    },
    acceptByUse: { on: 'proved', faults: { 'account-unknown': { history: 'none' } } },
    declineAgreement: {
      on: 'proved',
      faults: { 'account-unknown': { history: 'none' }, 'agreement-version-unknown': { 'facts.isPublished': false } },
    },
    requestVerification: {
      on: 'proved',
      faults: {
        'account-unknown': { history: 'none' },
        'email-not-proved': { history: 'registered' },
        'verification-pending': { history: 'reviewing', 'command.name': '另一家公司' },
        'already-verified': { history: 'verified', 'command.name': '另一家公司' },
        'credit-code-invalid': { 'command.subject': 'enterprise', 'command.creditCode': '91330106MA28XXXX70' },
        'id-card-invalid': { 'command.subject': 'individual', 'command.idNumber': '110105194912310020' },
      },
    },
    recordVerification: { on: 'verifying', faults: { 'account-unknown': { history: 'none' } } },
    reviewVerification: { on: 'reviewing', faults: { 'account-unknown': { history: 'none' } } },
    reportAnomaly: { on: 'proved', faults: { 'account-unknown': { history: 'none' } } },
    changeContact: { on: 'proved', faults: { 'account-unknown': { history: 'none' } } },
  },
});
