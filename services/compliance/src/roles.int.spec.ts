import { routesOf, type Role } from '@qiyue/service-kit';
import { complianceService } from './compliance.module';
import { startCompliance, type ComplianceBench } from './testing';

const roles: readonly Role[] = ['customer', 'dealer', 'finance', 'officer', 'auditor', 'operator', 'service'];
const everyone: readonly (Role | 'nobody')[] = [...roles, 'nobody'];

/** Who may call what. A route that is not here fails the first test. */
const table: readonly (readonly [string, readonly (Role | 'nobody')[]])[] = [
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

let bench: ComplianceBench;
beforeAll(async () => {
  bench = await startCompliance();
}, 60_000);
afterAll(() => bench?.qiyue.stop());

test('every route of the service itself stands in the table', () => {
  const own = routesOf('compliance', [...complianceService.commands, ...complianceService.queries]).map(
    ({ method, path }) => `${method} ${path}`,
  );
  expect([...own].sort()).toEqual(table.map(([route]) => route).sort());
});

const ask = async (route: string, as: Role | 'nobody'): Promise<number> => {
  const [method = '', pattern = ''] = route.split(' ');
  const path = pattern.replace(/:\w+/g, 'x');
  return (method === 'GET' ? await bench.qiyue.get(path, { as }) : await bench.qiyue.post(path, {}, { as })).status;
};

test.each(table)('%s lets in whom it should and nobody else (5.2)', async (route, allowed) => {
  for (const role of everyone) {
    const status = await ask(route, role);
    // Whoever is let in meets an empty body and things that do not exist, which is answered otherwise.
    if (allowed.includes(role)) expect([role, [200, 404, 422].includes(status)]).toEqual([role, true]);
    else expect([role, status]).toEqual([role, role === 'nobody' ? 401 : 403]);
  }
});
