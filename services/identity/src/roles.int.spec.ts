import { everyone, type RoleTable, testRoles } from '@qiyue/service-kit/testing';
import { identityService } from './identity.module';
import { startIdentity } from './testing';

/** Who may call what. A route that is not here fails the first test. */
const table: RoleTable = [
  ['POST /identity/accounts', everyone],
  ['POST /identity/accounts/:accountId/email-proof', everyone],
  ['POST /identity/accounts/:accountId/email-code', everyone],
  ['POST /identity/sessions', everyone],
  ['POST /identity/staff-sessions', everyone],
  ['POST /identity/accounts/:accountId/verification', ['customer']],
  ['POST /identity/accounts/:accountId/verification-review', ['officer']],
  ['PUT /identity/accounts/:accountId/contact', ['customer']],
  ['POST /identity/accounts/:accountId/agreement-refusal', ['customer']],
  ['POST /identity/accounts/:accountId/anomaly', ['customer']],
  ['GET /identity/accounts', ['officer', 'operator', 'auditor']],
  ['GET /identity/accounts/:accountId', ['customer', 'officer', 'operator', 'auditor']],
];

testRoles(identityService, table, startIdentity);
