import { Pool } from 'pg';
import { Column, DataSource, Entity, PrimaryColumn } from 'typeorm';
import type { ReadModel } from './declaration';
import { diffRebuild } from './diff';
import { foldRows } from './fold';
import type { OwnProjections, OwnProjectionsOptions } from './handle';
import { itemOfStored } from './item';
import { startOwnProjections } from './own-projections';
import { readModel } from './read-model';
import { BalanceRow, balancesModel, fakeStore, openDatabase, order, OrderRow, ordersModel, until, type FakeStore } from './testing-support';

// Many databases are made here, which takes its time on a busy machine.
jest.setTimeout(120_000);

let database: Awaited<ReturnType<typeof openDatabase>>;
let pool: Pool;
let store: FakeStore;
const started: OwnProjections[] = [];

beforeEach(async () => {
  database = await openDatabase('rebuild');
  ({ pool } = database);
  store = fakeStore();
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((projections) => projections.stop()));
  await database.close();
});

const start = async (models: readonly ReadModel[], more: Partial<OwnProjectionsOptions> = {}): Promise<OwnProjections> => {
  const projections = await startOwnProjections({ pool, models, subscribe: store.subscribe, ...more });
  started.push(projections);
  return projections;
};
const quiet = (projections: OwnProjections): Promise<void> => until(() => projections.caughtUp());
const stored = async ({ name, shape }: ReadModel): Promise<readonly string[]> => {
  const { rows } = await pool.query<Record<string, unknown>>(`SELECT * FROM "${name}"`);
  return rows
    .map((row) => JSON.stringify(Object.fromEntries(shape.columns.map(({ property, name: column }) => [property, row[column]]))))
    .sort();
};
const expected = (model: ReadModel): readonly string[] =>
  foldRows(model, store.log.map(itemOfStored))
    .map((row) => JSON.stringify(row))
    .sort();
const place = (id: string | number, minor = 1, customer = 'a'): unknown => store.append(`order-${id}`, 'OrderPlaced', { customer, minor });
const tables = async (): Promise<readonly string[]> =>
  (
    await pool.query<{ relname: string }>(
      `SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '^(orders|balances)_v' ORDER BY 1`,
    )
  ).rows.map(({ relname }) => relname);

/** The same table name with another shape. */
const wider = (): ReadModel => {
  @Entity('orders')
  class WiderRow {
    @PrimaryColumn() orderId!: string;
    @Column('jsonb') paidMinor!: { readonly minor: number };
    @Column() placedAt!: string;
  }
  return readModel(WiderRow, {
    version: 2,
    own: [order],
    on: { OrderPlaced: (_row, { minor }, { streamId, recordedAt }) => ({ orderId: streamId, paidMinor: { minor }, placedAt: recordedAt }) },
  });
};

/** A pool that loses every connection from a certain statement on: the program behind it is as good as dead. */
const dyingPool = (url: string, fatal: string, times = 1): { readonly pool: Pool; readonly isDead: () => boolean } => {
  const dying = new Pool({ connectionString: url, max: 4 });
  let left = times;
  let dead = false;
  dying.on('error', () => undefined);
  dying.on('connect', (client) => {
    client.on('error', () => undefined);
    const query = client.query.bind(client) as (...given: readonly unknown[]) => Promise<unknown>;
    client.query = (async (...given: readonly unknown[]) => {
      const text = typeof given[0] === 'string' ? given[0] : (given[0] as { readonly text: string }).text;
      if (text.includes(fatal)) dead ||= --left <= 0;
      if (dead) await query('SELECT pg_terminate_backend(pg_backend_pid())').catch(() => undefined);
      return query(...given);
    }) as never;
  });
  return { pool: dying, isDead: () => dead };
};

describe('a rebuild', () => {
  test('on demand changes nothing, leaves no table behind, and traffic goes on', async () => {
    const projections = await start([ordersModel(), balancesModel()]);
    for (let id = 0; id < 50; id++) place(id);
    await quiet(projections);
    let writing = true;
    const traffic = (async () => {
      for (let id = 100; writing; id++) {
        place(id);
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const seen: number[] = [];
    const reading = (async () => {
      while (writing) seen.push((await stored(ordersModel())).length);
    })();
    await Promise.all([projections.rebuild(ordersModel()), projections.rebuild(balancesModel())]);
    await projections.rebuild(ordersModel());
    writing = false;
    await Promise.all([traffic, reading]);
    await quiet(projections);
    expect(await stored(ordersModel())).toEqual(expected(ordersModel()));
    expect(await stored(balancesModel())).toEqual(expected(balancesModel()));
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(50);
    expect(await tables()).toHaveLength(2);
    place('after');
    await quiet(projections);
    expect(await stored(balancesModel())).toEqual(expected(balancesModel()));
  });

  test('begins at the start when the version has grown, and the old rows serve until the swap', async () => {
    const first = await start([ordersModel(1)]);
    for (let id = 0; id < 10; id++) place(id);
    await quiet(first);
    await first.stop();
    store.hold();
    const second = await start([ordersModel(2)]);
    expect((await second.health())[0]).toMatchObject({ state: 'rebuilding', table: 'orders_v1_1' });
    expect(await second.caughtUp()).toBe(false);
    expect(await stored(ordersModel())).toHaveLength(10);
    store.release();
    await second.ready();
    await quiet(second);
    expect((await second.health())[0]).toMatchObject({ state: 'live', table: 'orders_v2_2' });
    expect(await stored(ordersModel())).toEqual(expected(ordersModel()));
    expect(await tables()).toEqual(['orders_v2_2']);
  });

  test('gives the view other columns when the row has other columns', async () => {
    const first = await start([ordersModel()]);
    place(1);
    await quiet(first);
    await first.stop();
    const second = await start([wider()]);
    await second.ready();
    expect(await stored(wider())).toEqual(expected(wider()));
  });

  test('begins when columns or handled names have changed, though nobody thought of the version', async () => {
    const first = await start([ordersModel()]);
    place(1);
    await quiet(first);
    await first.stop();
    const fewer = readModel(OrderRow, {
      version: 1,
      own: [order],
      on: {
        OrderPlaced: (_row, { minor }, { streamId }) => ({
          orderId: streamId,
          customer: 'z',
          minor,
          paidMinor: '1',
          open: true,
          note: null,
          lines: [],
        }),
      },
    });
    const second = await start([fewer]);
    await second.ready();
    expect(await stored(fewer)).toEqual(expected(fewer));
  });

  test('does not begin when a program older than the rows starts, and its rows are left alone', async () => {
    const first = await start([ordersModel(2)]);
    place(1);
    await quiet(first);
    const old = await start([ordersModel(1)]);
    await old.ready();
    expect((await old.health())[0]).toMatchObject({ state: 'superseded', table: 'orders_v2_1' });
    await expect(old.rebuild(ordersModel(1))).rejects.toThrow(/newer/);
    place(2);
    await quiet(first);
    await quiet(old);
    expect(await stored(ordersModel())).toEqual(expected(ordersModel()));
  });

  test('by a newer program lets the older one that still runs come to rest', async () => {
    const old = await start([ordersModel(1), balancesModel()]);
    for (let id = 0; id < 10; id++) place(id);
    await quiet(old);
    const young = await start([ordersModel(2), balancesModel()]);
    await young.ready();
    place('x');
    await quiet(young);
    await quiet(old);
    expect((await old.health()).map(({ state }) => state)).toEqual(['superseded', 'live']);
    expect(await stored(ordersModel())).toEqual(expected(ordersModel()));
    expect(await stored(balancesModel())).toEqual(expected(balancesModel()));
  });

  test('by one pod is followed by the other', async () => {
    const [one, two] = [await start([balancesModel()]), await start([balancesModel()])];
    for (let id = 0; id < 10; id++) place(id);
    await quiet(one);
    await Promise.all([one.rebuild(balancesModel()), two.rebuild(balancesModel())]);
    await one.rebuild(balancesModel());
    place('x');
    await quiet(two);
    await one.stop();
    place('y');
    await until(async () => JSON.stringify(await stored(balancesModel())) === JSON.stringify(expected(balancesModel())));
    await quiet(two);
  });

  test('adds a model to a running service without holding up the others', async () => {
    const first = await start([ordersModel()]);
    for (let id = 0; id < 600; id++) place(id);
    await quiet(first);
    await first.stop();
    const second = await start([ordersModel(), balancesModel()], { maxBatch: 50 });
    await second.ready();
    place('x');
    await quiet(second);
    expect(await stored(balancesModel())).toEqual(expected(balancesModel()));
    expect(await stored(ordersModel())).toEqual(expected(ordersModel()));
  });

  test.each([
    'CREATE TABLE "orders',
    'INSERT INTO "orders_v2',
    'CREATE INDEX',
    'DROP VIEW',
    "SET state = 'retired'",
    "SET state = 'live'",
    'ANALYZE',
    'DROP TABLE',
  ])('that dies at %s goes on at the next start', async (fatal) => {
    const first = await start([ordersModel(1), balancesModel()]);
    for (let id = 0; id < 30; id++) place(id);
    await quiet(first);
    await first.stop();
    const { pool: dying, isDead } = dyingPool(database.url, fatal);
    const second = await startOwnProjections({ pool: dying, models: [ordersModel(2), balancesModel()], subscribe: store.subscribe }).catch(
      () => undefined,
    );
    await until(isDead);
    await second?.stop();
    await dying.end();
    place('after');
    const third = await start([ordersModel(2), balancesModel()]);
    await third.ready();
    await quiet(third);
    expect(await stored(ordersModel())).toEqual(expected(ordersModel()));
    expect(await stored(balancesModel())).toEqual(expected(balancesModel()));
    expect(await tables()).toHaveLength(2);
  });

  test('that dies at any of its commits goes on at the next start', async () => {
    let survived = false;
    for (let commit = 1; !survived; commit++) {
      await pool.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
      store = fakeStore();
      const first = await start([ordersModel(1)]);
      for (let id = 0; id < 12; id++) place(id);
      await quiet(first);
      await first.stop();
      const { pool: dying, isDead } = dyingPool(database.url, 'COMMIT', commit);
      const second = await startOwnProjections({
        pool: dying,
        models: [ordersModel(2)],
        subscribe: store.subscribe,
        maxBatch: 4,
      }).catch(() => undefined);
      const table = async (): Promise<string | undefined> => (await second?.health().catch(() => undefined))?.[0]?.table;
      await until(async () => isDead() || (await table())?.startsWith('orders_v2') === true);
      survived = !isDead();
      await second?.stop();
      await dying.end();
      const third = await start([ordersModel(2)]);
      await third.ready();
      await quiet(third);
      expect(await stored(ordersModel())).toEqual(expected(ordersModel()));
      expect(await diffRebuild({ pool, subscribe: store.subscribe }, ordersModel(2))).toMatchObject({ equal: true, rows: 12 });
      await third.stop();
    }
  });

  test('waits for a reader in a long transaction without holding up others', async () => {
    const projections = await start([ordersModel()]);
    place(1);
    await quiet(projections);
    const reader = await pool.connect();
    await reader.query('BEGIN; SELECT * FROM orders');
    const rebuilt = projections.rebuild(ordersModel());
    for (let round = 0; round < 20; round++) expect(await stored(ordersModel())).toHaveLength(1);
    place(2);
    await until(async () => (await stored(ordersModel())).length === 2);
    await reader.query('COMMIT');
    reader.release();
    await rebuilt;
    expect(await stored(ordersModel())).toEqual(expected(ordersModel()));
  });

  test('is followed as closely as before: what halts afterwards is heard', async () => {
    const fragile = readModel(OrderRow, {
      version: 2,
      own: [order],
      on: {
        OrderPlaced: (_row, { customer, minor }, { streamId }) => {
          if (customer === 'poison') throw new Error('no idea');
          return { orderId: streamId, customer, minor, paidMinor: '0', open: true, note: null, lines: [] };
        },
      },
    });
    const first = await start([ordersModel(1)]);
    await quiet(first);
    await first.stop();
    const halts: string[] = [];
    const second = await start([fragile], { hooks: { onHalt: ({ table }) => halts.push(table) } });
    await second.ready();
    place(1);
    place(2, 1, 'poison');
    await quiet(second);
    expect(halts).toEqual(['orders_v2_2']);
    expect((await second.health())[0]).toMatchObject({ state: 'halted', table: 'orders_v2_2' });
  });

  test('again and again by two pods at once, under traffic, loses and doubles nothing', async () => {
    const pods = [await start([balancesModel(), ordersModel()]), await start([balancesModel(), ordersModel()])] as const;
    let writing = true;
    const traffic = (async () => {
      for (let id = 0; writing; id++) {
        place(id);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    })();
    await Promise.all(
      pods.map(async (pod) => {
        for (let round = 0; round < 4; round++) await pod.rebuild(balancesModel());
      }),
    );
    writing = false;
    await traffic;
    for (const pod of pods) await quiet(pod);
    for (const model of [balancesModel(), ordersModel()]) expect(await stored(model)).toEqual(expected(model));
    await pods[0].stop();
    place('last');
    await quiet(pods[1]);
    for (const model of [balancesModel(), ordersModel()]) expect(await stored(model)).toEqual(expected(model));
  });

  test('that halts leaves the old rows serving and says so', async () => {
    const first = await start([ordersModel(1)]);
    place(1);
    await quiet(first);
    await first.stop();
    const broken = readModel(OrderRow, {
      version: 2,
      own: [order],
      on: {
        OrderPlaced: () => {
          throw new Error('no idea');
        },
      },
    });
    const second = await start([broken]);
    await expect(second.ready()).rejects.toThrow(/orders halted at OrderPlaced order-1@0/);
    expect((await second.health())[0]).toMatchObject({
      state: 'halted',
      table: 'orders_v1_1',
      halt: { model: 'orders', table: 'orders_v2_2' },
    });
    expect(await stored(ordersModel())).toEqual(expected(ordersModel()));
    await second.stop();
    const third = await start([ordersModel(2)]);
    await third.ready();
    expect(await stored(ordersModel())).toEqual(expected(ordersModel()));
  });
});

describe('queries', () => {
  test('through TypeORM read the live table, whichever it is', async () => {
    const projections = await start([ordersModel()]);
    place(1, 7, "o'hara");
    await quiet(projections);
    const source = await new DataSource({ type: 'postgres', url: database.url, entities: [OrderRow, BalanceRow] }).initialize();
    try {
      const find = () => source.getRepository(OrderRow).find({ where: { customer: "o'hara" }, order: { orderId: 'ASC' } });
      const row = { orderId: '1', customer: "o'hara", minor: 7, paidMinor: '0', open: true, note: null, lines: [] };
      expect(await find()).toEqual([row]);
      await projections.rebuild(ordersModel());
      expect(await find()).toEqual([row]);
      expect(await source.getRepository(OrderRow).createQueryBuilder('o').where('o.minor > :least', { least: 6 }).getCount()).toBe(1);
    } finally {
      await source.destroy();
    }
  });
  test('use the indexes that the entity declares, on the first table and on rebuilt ones', async () => {
    const indexes = async (): Promise<readonly string[]> =>
      (
        await pool.query<{ indexdef: string }>(`SELECT indexdef FROM pg_indexes WHERE tablename ~ '^orders_v' AND indexname ~ '_i1$'`)
      ).rows.map(({ indexdef }) => indexdef);
    const projections = await start([ordersModel()]);
    expect(await indexes()).toEqual([expect.stringContaining('(customer)')]);
    await projections.rebuild(ordersModel());
    expect(await indexes()).toEqual([expect.stringMatching(/ON public\.orders_v1_2 .*\(customer\)/)]);
  });
});

describe('a comparison with a fresh fold', () => {
  const sources = () => ({ pool, subscribe: store.subscribe });

  test('finds rows equal, also under traffic and when nobody follows', async () => {
    const projections = await start([ordersModel(), balancesModel()]);
    for (let id = 0; id < 40; id++) place(id);
    await quiet(projections);
    let writing = true;
    const traffic = (async () => {
      for (let id = 100; writing; id++) {
        place(id);
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    expect(await diffRebuild(sources(), balancesModel())).toMatchObject({ equal: true, differing: 0 });
    writing = false;
    await traffic;
    await quiet(projections);
    await projections.stop();
    place('unseen');
    expect(await diffRebuild(sources(), ordersModel())).toMatchObject({ equal: true, rows: store.log.length - 1, differences: [] });
  });

  test('names rows that are missing, too many or different, and the columns', async () => {
    const projections = await start([ordersModel()]);
    for (let id = 0; id < 5; id++) place(id);
    await quiet(projections);
    await pool.query(
      `DELETE FROM orders_v1_1 WHERE "orderId" = '0'; UPDATE orders_v1_1 SET minor = 99, note = 'n' WHERE "orderId" = '1'; UPDATE orders_v1_1 SET "orderId" = 'x' WHERE "orderId" = '2'`,
    );
    expect(await diffRebuild(sources(), ordersModel())).toEqual({
      equal: false,
      rows: 4,
      differing: 4,
      differences: [
        { key: ['0'], differs: 'missing' },
        { key: ['1'], differs: ['minor', 'note'] },
        { key: ['2'], differs: 'missing' },
        { key: ['x'], differs: 'surplus' },
      ],
    });
  });

  test('has nothing to compare with rows of another version', async () => {
    await start([ordersModel(1)]);
    await expect(diffRebuild(sources(), ordersModel(2))).rejects.toThrow(/nothing to compare/);
  });
});
