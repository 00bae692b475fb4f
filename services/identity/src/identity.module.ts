import { identityRejections } from '@qiyue/contracts';
import { defineService } from '@qiyue/service-kit';
import { KeepAccount } from './commands/keep-account';
import { LogIn } from './commands/log-in';
import { ProveEmail } from './commands/prove-email';
import { RegisterAccount } from './commands/register-account';
import { ReportAnomaly } from './commands/report-anomaly';
import { RequestVerification } from './commands/request-verification';
import { ReviewVerification } from './commands/review-verification';
import { IdentityConfig } from './config';
import { Credentials } from './credentials';
import { account } from './domain/account';
import { accountExamples } from './domain/account.examples';
import { staff } from './domain/staff';
import { staffExamples } from './domain/staff.examples';
import { SandboxVerifier, Verifier } from './ports/verifier';
import { acceptByUseOnOrderSubmitted } from './reactions/accept-by-use-on-order-submitted';
import { verifyPapersOnVerificationRequested } from './reactions/verify-papers-on-verification-requested';
import { agreementVersions } from './read-models/agreement-versions';
import { endedSessions } from './read-models/ended-sessions';
import { myAccount, MyAccountQuery } from './read-models/my-account';

/** Who somebody is: accounts, proof of addresses, acceptance of the agreement, verification, log-in. */
export const identityService = defineService({
  name: 'identity',
  title: 'Accounts, acceptance of the agreement, verification and log-in',
  streams: [account, staff],
  commands: [RegisterAccount, ProveEmail, LogIn, RequestVerification, ReviewVerification, KeepAccount, ReportAnomaly],
  queries: [MyAccountQuery],
  reactions: [verifyPapersOnVerificationRequested, acceptByUseOnOrderSubmitted],
  readModels: [agreementVersions, myAccount, endedSessions],
  rejections: identityRejections,
  config: [IdentityConfig],
  providers: [Credentials, { provide: Verifier, useClass: SandboxVerifier }],
  examples: [accountExamples, staffExamples],
  clauses: ['1.1', '1.2', '1.3', '2.1.1', '2.1.2', '3.2'],
});
