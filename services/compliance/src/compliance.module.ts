import { complianceRejections } from '@qiyue/contracts';
import { defineService, endedSessions } from '@qiyue/service-kit';
import { DecideStanding } from './commands/decide-standing';
import { PublishAgreement } from './commands/publish-agreement';
import { WorkCase } from './commands/work-case';
import { agreement } from './domain/agreement';
import { agreementExamples } from './domain/agreement.examples';
import { caseStream } from './domain/case';
import { caseExamples } from './domain/case.examples';
import { standing } from './domain/standing';
import { standingExamples } from './domain/standing.examples';
import { closeCaseOnPaymentReleased, closeCaseOnPaymentReturned } from './reactions/close-case-on-payment-settled';
import { openCaseOnAnomalyReported } from './reactions/open-case-on-anomaly-reported';
import { closeCaseOnInvoiceCancelled, closeCaseOnInvoiceIssued, openCaseOnInvoiceOverdue } from './reactions/open-case-on-invoice-overdue';
import { openCaseOnPaymentHeld } from './reactions/open-case-on-payment-held';
import { reinstateAccountOnPaymentApplied, suspendAccountOnReceivableOverdue } from './reactions/suspend-account-on-receivable-overdue';
import { agreementVersions, AgreementVersionsQuery } from './read-models/agreement-versions';
import { cases, CasesQuery } from './read-models/cases';
import { knownAccounts } from './read-models/known-accounts';
import { StandingQuery, standings } from './read-models/standings';

/** The agreement itself, how accounts stand under it, and what a person has to decide. */
export const complianceService = defineService({
  name: 'compliance',
  title: 'Agreement versions, standing of accounts, cases',
  streams: [agreement, standing, caseStream],
  commands: [PublishAgreement, DecideStanding, WorkCase],
  queries: [AgreementVersionsQuery, StandingQuery, CasesQuery],
  reactions: [
    openCaseOnPaymentHeld,
    closeCaseOnPaymentReturned,
    closeCaseOnPaymentReleased,
    openCaseOnInvoiceOverdue,
    closeCaseOnInvoiceIssued,
    closeCaseOnInvoiceCancelled,
    openCaseOnAnomalyReported,
    suspendAccountOnReceivableOverdue,
    reinstateAccountOnPaymentApplied,
  ],
  readModels: [agreementVersions, standings, cases, knownAccounts, endedSessions],
  rejections: complianceRejections,
  examples: [agreementExamples, standingExamples, caseExamples],
  clauses: ['1.2', '2.1.2', '2.2.2', '2.2.3', '8.2', '8.2.1', '8.2.2', '8.2.3', '8.2.4', '8.2.5', '8.2.6', '8.2.7', '8.2.8'],
});
