import { rejections, Type } from '@qiyue/decider';
import { factsOf } from './fact';
import { At, ClauseRef, Id, OneOf, VersionName } from './schema';

const accountId = '0b7f6f0e-6f0c-5d0e-9a51-4f1f0c7a1a01';
const at = '2026-03-01T00:00:00.000Z';

/** The eight causes of suspension. */
export const SuspensionCause = OneOf('8.2.1', '8.2.2', '8.2.3', '8.2.4', '8.2.5', '8.2.6', '8.2.7', '8.2.8');
/** What a case is about. */
export const CaseKind = OneOf('payment-held', 'invoice-overdue', 'anomaly');

/** What compliance tells. Keys: the agreement, the account's standing, the case. */
export const complianceFacts = factsOf('compliance', {
  AgreementVersionPublished: {
    clause: '1.2',
    meaning: 'A version of the user agreement: from `effectiveAt` on, decisions are taken under it.',
    schema: Type.Object({
      agreementVersion: VersionName,
      documentHash: Type.String({ pattern: '^[0-9a-f]{64}$' }),
      effectiveAt: At,
      publishedAt: At,
      /** Policy parameters of this version, by name (see the clause registry). */
      parameters: Type.Record(Type.String(), Type.Number()),
      changes: Type.Array(Type.Object({ clause: Type.String(), change: OneOf('added', 'removed', 'changed', 'moved') })),
    }),
    example: {
      agreementVersion: '2026-01',
      documentHash: 'a'.repeat(64),
      effectiveAt: at,
      publishedAt: at,
      parameters: { refundWindowWorkingDays: 3, invoiceTermWorkingDays: 7 },
      changes: [{ clause: '2.2.5', change: 'added' }],
    },
  },
  AccountSuspended: {
    meaning:
      'The account may not order or use services; it can pay, export, receive invoices and be refunded. The clause of the fact is the cause.',
    schema: Type.Object({ accountId: Id, cause: SuspensionCause, suspendedAt: At }),
    example: { accountId, cause: '8.2.2', suspendedAt: at },
  },
  AccountReinstated: {
    clause: '8.2',
    meaning: 'The suspension is lifted; nothing that was owed is waived.',
    schema: Type.Object({ accountId: Id, reinstatedAt: At }),
    example: { accountId, reinstatedAt: at },
  },
  CaseOpened: {
    meaning: "Something needs a person's decision.",
    schema: Type.Object({ caseId: Id, kind: CaseKind, accountId: Id, about: Id, aboutClause: ClauseRef, openedAt: At }),
    example: { caseId: 'c-1', kind: 'payment-held', accountId, about: 'alipay.2026030300002', aboutClause: '2.2.2', openedAt: at },
  },
  CaseClosed: {
    meaning: 'The matter is settled.',
    schema: Type.Object({ caseId: Id, accountId: Id, outcome: Type.String(), closedAt: At }),
    example: { caseId: 'c-1', accountId, outcome: 'payment-returned', closedAt: at },
  },
});

/** Why compliance refuses, in order of precedence. */
export const complianceRejections = rejections('compliance', {
  'account-unknown': { status: 404, meaning: 'There is no such account.' },
  'case-unknown': { status: 404, meaning: 'There is no such case.' },
  'agreement-unreadable': { status: 422, clause: '1.2', meaning: 'The document cannot be read as numbered clauses.' },
  'agreement-parameter-unread': {
    status: 422,
    clause: '1.2',
    meaning: 'A policy number cannot be read from its clause; state it with the document.',
  },
  'agreement-version-exists': { status: 409, clause: '1.2', meaning: 'A published version never changes; publish it under a new name.' },
  'agreement-effective-in-past': { status: 422, clause: '1.2', meaning: 'A version takes effect when it is published or later.' },
  'account-not-suspended': { status: 409, clause: '8.2', meaning: 'The account is not suspended.' },
  'case-closed': { status: 409, meaning: 'The case is closed.' },
});
