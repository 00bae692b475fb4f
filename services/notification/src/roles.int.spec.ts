import { routesOf, type Role } from '@qiyue/service-kit';
import { notificationService } from './notification.module';
import { startNotification, type NotificationBench } from './testing';

const roles: readonly Role[] = ['customer', 'dealer', 'finance', 'officer', 'auditor', 'operator', 'service'];
const everyone: readonly (Role | 'nobody')[] = [...roles, 'nobody'];

/** Who may call what. A route that is not here fails the first test. */
const table: readonly (readonly [string, readonly (Role | 'nobody')[]])[] = [
  ['POST /notification/notices/:noticeId/bounce', ['operator', 'service']],
  ['GET /notification/sandbox/mails', ['operator']],
  ['GET /notification/notices', ['customer', 'officer', 'auditor']],
  ['GET /notification/notices/:noticeId', ['customer', 'officer', 'auditor']],
  ['GET /notification/announcements', everyone],
];

let bench: NotificationBench;
beforeAll(async () => {
  bench = await startNotification();
}, 60_000);
afterAll(() => bench?.qiyue.stop());

test('every route of the service itself stands in the table', () => {
  const own = routesOf('notification', [...notificationService.commands, ...notificationService.queries]).map(
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
