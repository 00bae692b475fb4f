import { everyone, everythingStored, type Answer, type TestPlatform } from '@qiyue/service-kit/testing';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { signed } from './faulty-requests';
import { operations, pathOf, pathParameters, queryParameters, readsBody, type Operation } from './operations';
import { anOrder, asCustomer, aVerifiedCustomer, pay, publish, startEverything, type Customer } from './world';

/** The reviewed page, read back: operation, and the mark or its absence for each role. */
const reviewed = new Map(
  readFileSync(join(__dirname, '../../docs/access.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').slice(1, -1))
    .map(([name = '', ...cells]) => [name.replaceAll('`', '').trim(), cells.map((cell) => cell.trim() === '●')] as const),
);

let qiyue: TestPlatform;
beforeAll(async () => {
  qiyue = await startEverything();
}, 120_000);
afterAll(() => qiyue?.stop());

const send = (
  { method }: Pick<Operation, 'method'>,
  path: string,
  body: unknown,
  options: Parameters<TestPlatform['post']>[2],
): Promise<Answer> => {
  switch (method) {
    case 'GET':
      return qiyue.get(path, options);
    case 'PUT':
      return qiyue.put(path, body, options);
    case 'PATCH':
      return qiyue.patch(path, body, options);
    case 'DELETE':
      return qiyue.delete(path, body, options);
    default:
      return qiyue.post(path, body, options);
  }
};

describe('the page of access is what the platform does, cell by cell (5.2)', () => {
  test('every operation stands on the page, and nothing else', () =>
    expect([...reviewed.keys()].sort()).toEqual(operations.map(({ id }) => id).sort()));

  test.each(operations.map((one) => [one.id, one] as const))('%s', async (id, operation) => {
    const cells = reviewed.get(id) ?? [];
    expect(cells).toHaveLength(everyone.length);
    // Who is let in is judged before what they say; so whoever is let in is told that no such parameter is known, and nothing happens.
    const answers = await Promise.all(
      everyone.map((as) => send(operation, `${pathOf(operation)}?no-such-parameter=1`, undefined, { as, headers: signed('') })),
    );
    const expected = everyone.map((as, at) => [as, cells[at] === true ? 'invalid' : as === 'nobody' ? 'unauthenticated' : 'forbidden']);
    expect(everyone.map((as, at) => [as, answers[at]?.body.code])).toEqual(expected);
  });
});

describe("somebody else's things", () => {
  let [owner, other]: Customer[] = [];
  let own: Readonly<Record<string, string>>;

  /** Ids of the owner's own things, off every list that a customer may read. */
  const idsOf = async (customer: Customer): Promise<Readonly<Record<string, string>>> => {
    const lists = operations.filter((one) => one.method === 'GET' && one.roles.includes('customer') && pathParameters(one).length === 0);
    const found: Record<string, string> = { accountId: customer.id };
    for (const list of lists.filter((one) => queryParameters(one).some(({ name }) => name === 'after'))) {
      const { items = [] } = (await qiyue.get(pathOf(list), asCustomer(customer))).body as { items?: readonly Record<string, unknown>[] };
      for (const [name, value] of Object.entries(items[0] ?? {})) if (/Id$/.test(name) && typeof value === 'string') found[name] ??= value;
    }
    return found;
  };

  const forCustomers = operations.filter((one) => one.roles.includes('customer') && pathParameters(one).length > 0);
  const ask = (operation: Operation, customer: Customer, values: Readonly<Record<string, string>>): Promise<Answer> =>
    send(operation, pathOf(operation, values), readsBody(operation) ? (operation.body?.example ?? {}) : undefined, asCustomer(customer));

  beforeAll(async () => {
    await publish(qiyue);
    owner = await aVerifiedCustomer(qiyue, 0);
    other = await aVerifiedCustomer(qiyue, 1);
    const orderId = await anOrder(qiyue, owner);
    await pay(qiyue, orderId, { payerName: '另一家公司' });
    await pay(qiyue, orderId);
    const { body } = await qiyue.get('/billing/payments/held', { as: 'officer' });
    const [held] = body.items as readonly { receivableId: string; paymentId: string }[];
    await qiyue.post(
      `/billing/receivables/${held?.receivableId}/payments/${held?.paymentId}/return`,
      { reason: 'not theirs' },
      { as: 'officer' },
    );
    await qiyue.settle();
    const payouts = (await qiyue.get('/billing/payouts', { as: 'finance' })).body.items as readonly { payoutId: string }[];
    own = { ...(await idsOf(owner)), payoutId: payouts[0]?.payoutId ?? '' };
  }, 120_000);

  test('there is one of everything that a customer can ask for by its id', () =>
    expect(
      forCustomers.flatMap((one) =>
        pathParameters(one)
          .filter((name) => !own[name])
          .map((name) => `${one.id}: ${name}`),
      ),
    ).toEqual([]));

  test.each(forCustomers.map((one) => [one.id, one] as const))(
    '%s: another customer is answered just as if there were none, and nothing is left behind',
    async (_id, operation) => {
      const before = (await everythingStored(qiyue)).get(`${qiyue.node.database}.public.events`);
      const [theirs, none] = [await ask(operation, other!, own), await ask(operation, other!, {})];
      expect([theirs.status, theirs.body.code]).toEqual([404, none.body.code]);
      expect((await everythingStored(qiyue)).get(`${qiyue.node.database}.public.events`)).toEqual(before);
    },
  );

  test('while the owner meets all of them', async () => {
    const reads = forCustomers.filter((one) => !readsBody(one));
    for (const operation of reads) expect([operation.id, (await ask(operation, owner!, own)).status]).toEqual([operation.id, 200]);
    for (const operation of forCustomers.filter(readsBody)) {
      // A holder who reports an anomaly loses the tokens of that second.
      await qiyue.advanceTo(new Date(Date.parse(qiyue.now()) + 2_000).toISOString());
      const { status } = await ask(operation, owner!, own);
      expect([operation.id, [401, 403, 404].includes(status)]).toEqual([operation.id, false]);
    }
  });
});
