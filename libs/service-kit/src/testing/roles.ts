import type { ServiceDefinition } from '../declare/service';
import { roles, type Role } from '../http/caller';
import { routesOf } from '../http/routes';
import type { TestPlatform } from './index';

/** Every role, and whoever comes without a token. */
export const everyone: readonly (Role | 'nobody')[] = [...roles, 'nobody'];

/** `<METHOD> <path pattern>` and who may call it. */
export type RoleTable = readonly (readonly [route: string, allowed: readonly (Role | 'nobody')[]])[];

const ask = async (qiyue: TestPlatform, route: string, as: Role | 'nobody'): Promise<number> => {
  const [method = '', pattern = ''] = route.split(' ');
  const path = pattern.replace(/:\w+/g, 'x');
  switch (method) {
    case 'GET':
      return (await qiyue.get(path, { as })).status;
    case 'POST':
      return (await qiyue.post(path, {}, { as })).status;
    case 'PUT':
      return (await qiyue.put(path, {}, { as })).status;
    case 'PATCH':
      return (await qiyue.patch(path, {}, { as })).status;
    default:
      return (await qiyue.delete(path, undefined, { as })).status;
  }
};

/** Declares the tests of a service's role table: every route of its own stands in it, and each lets in whom it should and nobody else. */
export const testRoles = (service: ServiceDefinition, table: RoleTable, start: () => Promise<{ readonly qiyue: TestPlatform }>): void => {
  let qiyue: TestPlatform | undefined;
  beforeAll(async () => {
    ({ qiyue } = await start());
  }, 60_000);
  afterAll(() => qiyue?.stop());

  test('every route of the service itself stands in the table', () => {
    const own = routesOf(service.name, [...service.commands, ...service.queries]).map(({ method, path }) => `${method} ${path}`);
    expect([...own].sort()).toEqual(table.map(([route]) => route).sort());
  });

  test.each(table)('%s lets in whom it should and nobody else (5.2)', async (route, allowed) => {
    for (const role of everyone) {
      const status = await ask(qiyue as TestPlatform, route, role);
      // Whoever is let in meets an empty body and things that do not exist, which is answered otherwise.
      if (allowed.includes(role)) expect([role, [200, 404, 422].includes(status)]).toEqual([role, true]);
      else expect([role, status]).toEqual([role, role === 'nobody' ? 401 : 403]);
    }
  });
};
