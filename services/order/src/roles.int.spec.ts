import { routesOf, type Role } from '@qiyue/service-kit';
import { orderService } from './order.module';
import { startOrder, type OrderBench } from './testing';

const roles: readonly Role[] = ['customer', 'dealer', 'finance', 'officer', 'auditor', 'operator', 'service'];
const everyone: readonly (Role | 'nobody')[] = [...roles, 'nobody'];
const reading: readonly Role[] = ['customer', 'finance', 'officer', 'auditor', 'operator'];

/** Who may call what. A route that is not here fails the first test. */
const table: readonly (readonly [string, readonly (Role | 'nobody')[]])[] = [
  ['POST /order/price-lists', ['operator']],
  ['POST /order/vouchers', ['finance', 'operator']],
  ['POST /order/dealers/:dealerId/authorisations', ['operator']],
  ['POST /order/dealers/:dealerId/withdrawal', ['operator']],
  ['POST /order/orders', ['customer']],
  ['PATCH /order/orders/:orderId', roles],
  ['PUT /order/orders/:orderId', roles],
  ['DELETE /order/orders/:orderId', roles],
  ['POST /order/orders/:orderId/cancellation', ['customer']],
  ['POST /order/orders/:orderId/refund', ['customer']],
  ['GET /order/price-lists', everyone],
  ['GET /order/price-lists/in-force', everyone],
  ['GET /order/price-lists/:version', everyone],
  ['GET /order/vouchers', ['customer', 'finance', 'auditor', 'operator']],
  ['GET /order/dealers', ['customer', 'dealer', 'finance', 'officer', 'auditor', 'operator']],
  ['GET /order/orders', reading],
  ['GET /order/orders/:orderId', reading],
  ['GET /order/orders/:orderId/timeline', reading],
  ['GET /order/subscriptions', reading],
  ['GET /order/subscriptions/:subscriptionId', reading],
];

let bench: OrderBench;
beforeAll(async () => {
  bench = await startOrder();
}, 60_000);
afterAll(() => bench?.qiyue.stop());

test('every route of the service itself stands in the table', () => {
  const own = routesOf('order', [...orderService.commands, ...orderService.queries]).map(({ method, path }) => `${method} ${path}`);
  expect([...own].sort()).toEqual(table.map(([route]) => route).sort());
});

const ask = async (route: string, as: Role | 'nobody'): Promise<number> => {
  const [method = '', pattern = ''] = route.split(' ');
  const path = pattern.replace(/:\w+/g, 'x');
  const { qiyue } = bench;
  const options = { as };
  switch (method) {
    case 'GET':
      return (await qiyue.get(path, options)).status;
    case 'POST':
      return (await qiyue.post(path, {}, options)).status;
    case 'PUT':
      return (await qiyue.put(path, {}, options)).status;
    case 'PATCH':
      return (await qiyue.patch(path, {}, options)).status;
    default:
      return (await qiyue.delete(path, undefined, options)).status;
  }
};

test.each(table)('%s lets in whom it should and nobody else (5.2)', async (route, allowed) => {
  for (const role of everyone) {
    const status = await ask(route, role);
    // Whoever is let in meets an empty body and things that do not exist, which is answered otherwise.
    if (allowed.includes(role)) expect([200, 404, 422]).toContain(status);
    else expect([role, status]).toEqual([role, role === 'nobody' ? 401 : 403]);
  }
});
