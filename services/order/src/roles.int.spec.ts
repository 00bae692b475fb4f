import { roles, type Role } from '@qiyue/service-kit';
import { everyone, type RoleTable, testRoles } from '@qiyue/service-kit/testing';
import { orderService } from './order.module';
import { startOrder } from './testing';

const reading: readonly Role[] = ['customer', 'finance', 'officer', 'auditor', 'operator'];

/** Who may call what. A route that is not here fails the first test. */
const table: RoleTable = [
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

testRoles(orderService, table, startOrder);
