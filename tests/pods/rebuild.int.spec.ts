import { allServices } from '@qiyue/all-in-one';
import { freshFold } from '@qiyue/service-kit/testing';
import { startTwoPods, type TwoPods } from './two-pods';

const quietly = { write: () => undefined };
const rebuilt = [
  ['order', 'my_orders', '/order/orders'],
  ['billing', 'receivables', '/billing/receivables'],
  ['notification', 'notices', '/notification/notices'],
] as const;

describe('a read model that is rebuilt while orders come in', () => {
  let pods: TwoPods;
  beforeAll(async () => {
    pods = await startTwoPods(3, { logTo: quietly });
  }, 120_000);
  afterAll(() => pods?.stop(), 60_000);

  test('is never away and never shows less than before, and in the end its rows are those of a fresh fold, as are all others', async () => {
    const { crowd, first } = pods;
    const [reader, ...buyers] = crowd.customers;
    await crowd.submit(reader!);
    await crowd.quiet();
    let busy = true;
    let ordered = 0;
    const traffic = buyers.map(async (buyer) => {
      while (busy) {
        await crowd.submit(buyer);
        ordered += 1;
      }
    });
    let asked = 0;
    const readers = rebuilt.map(async ([, , path]) => {
      let most = 0;
      while (busy) {
        const { status, body } = await crowd.asCustomer(reader!, 'GET', `${path}?limit=100`);
        expect(status).toBe(200);
        expect(body.items.length).toBeGreaterThanOrEqual(most);
        most = body.items.length as number;
        asked += 1;
      }
    });
    for (let round = 0; round < 3; round += 1) {
      for (const [service, name] of rebuilt) {
        expect((await crowd.as('operator', 'POST', `/${service}/ops/read-models/${name}/rebuild`)).status).toBe(202);
        const before = ordered;
        while (ordered < before + 5) await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    busy = false;
    await Promise.all([...traffic, ...readers]);
    await crowd.quiet();
    expect(asked).toBeGreaterThan(20);
    for (const { name, readModels } of allServices)
      for (const model of readModels)
        expect({ model: `${name}.${model.name}`, ...(await freshFold(first, name, model)) }).toMatchObject({
          equal: true,
          differences: [],
        });
    expect((await crowd.asCustomer(buyers[0]!, 'GET', '/order/orders?limit=100')).body.items.length).toBeGreaterThan(5);
  }, 240_000);
});
