import { routesOf, type Role } from '@qiyue/service-kit';
import { identityService } from './identity.module';
import { startIdentity, type IdentityBench } from './testing';

const roles: readonly Role[] = ['customer', 'dealer', 'finance', 'officer', 'auditor', 'operator', 'service'];
const everyone: readonly (Role | 'nobody')[] = [...roles, 'nobody'];

/** Who may call what. A route that is not here fails the first test. */
const table: readonly (readonly [string, readonly (Role | 'nobody')[]])[] = [
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

let bench: IdentityBench;
beforeAll(async () => {
  bench = await startIdentity();
}, 60_000);
afterAll(() => bench?.qiyue.stop());

test('every route of the service itself stands in the table', () => {
  const own = routesOf('identity', [...identityService.commands, ...identityService.queries]).map(
    ({ method, path }) => `${method} ${path}`,
  );
  expect([...own].sort()).toEqual(table.map(([route]) => route).sort());
});

const ask = async (route: string, as: Role | 'nobody'): Promise<number> => {
  const [method = '', pattern = ''] = route.split(' ');
  const path = pattern.replace(/:\w+/g, 'x');
  const { qiyue } = bench;
  if (method === 'GET') return (await qiyue.get(path, { as })).status;
  return (await (method === 'POST' ? qiyue.post(path, {}, { as }) : qiyue.put(path, {}, { as }))).status;
};

test.each(table)('%s lets in whom it should and nobody else (5.2)', async (route, allowed) => {
  for (const role of everyone) {
    const status = await ask(route, role);
    // Whoever is let in meets an empty body and things that do not exist, which is answered otherwise.
    if (allowed.includes(role)) expect([role, [200, 404, 422].includes(status)]).toEqual([role, true]);
    else expect([role, status]).toEqual([role, role === 'nobody' ? 401 : 403]);
  }
});
