import { personalPaths } from '@qiyue/decider';
import { order } from './order';
import { dealer } from './dealer';
import { pricelist } from './price-list';
import { subscription } from './subscription';
import { voucher } from './voucher';

const marked: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  [order, subscription, voucher, pricelist, dealer].flatMap(({ events }) =>
    Object.values(events).map(({ type, schema }) => [
      type,
      personalPaths(schema)
        .map(({ path, subject }) => `${path.join('.')} of ${subject}`)
        .sort(),
    ]),
  ),
);
const invoice = ['invoice.address of accountId', 'invoice.taxId of accountId', 'invoice.title of accountId'];
const company = ['company.address of accountId', 'company.contact of accountId', 'company.name of accountId'];

test('what tells something about a person is marked wherever it is stored, and nothing else is (5.1)', () =>
  expect(Object.fromEntries(Object.entries(marked).filter(([, paths]) => paths.length > 0))).toEqual({
    OrderSubmitted: [...company, ...invoice, 'payerName of accountId'],
    OrderPaid: invoice,
    RefundRequested: ['reason of accountId'],
  }));

test('every event with personal data names the account it belongs to', () => {
  for (const { type, schema } of Object.values(order.events))
    expect([type, Object.keys(schema.properties)]).toEqual([type, expect.arrayContaining(['accountId', 'orderId'])]);
});
