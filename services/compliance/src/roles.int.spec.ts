import { everyone, type RoleTable, testRoles } from '@qiyue/service-kit/testing';
import { complianceService } from './compliance.module';
import { startCompliance } from './testing';

/** Who may call what. A route that is not here fails the first test. */
const table: RoleTable = [
  ['POST /compliance/agreements', ['operator']],
  ['POST /compliance/accounts/:accountId/suspension', ['officer']],
  ['POST /compliance/accounts/:accountId/reinstatement', ['officer']],
  ['POST /compliance/cases/:caseId/notes', ['officer']],
  ['POST /compliance/cases/:caseId/closing', ['officer']],
  ['GET /compliance/agreements', everyone],
  ['GET /compliance/agreements/:agreementVersion', everyone],
  ['GET /compliance/accounts/:accountId/standing', ['customer', 'finance', 'officer', 'auditor']],
  ['GET /compliance/cases', ['finance', 'officer', 'auditor']],
  ['GET /compliance/cases/:caseId', ['finance', 'officer', 'auditor']],
];

testRoles(complianceService, table, startCompliance);
