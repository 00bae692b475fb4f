import { At, identityFacts, Id, OneOf } from '@qiyue/contracts';
import { events, internal, Personal, published, publishedAs, Type } from '@qiyue/decider';

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
  AnomalyReported: published(identityFacts.AnomalyReported),
  ContactChanged: published(identityFacts.ContactChanged),
});
