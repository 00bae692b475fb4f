import fc from 'fast-check';
import { Pool } from 'pg';
import { foldRows } from './fold';
import type { Halt, OwnProjections, OwnProjectionsOptions } from './handle';
import { itemOfStored } from './item';
import { startOwnProjections } from './own-projections';
import { readModel } from './read-model';
import { balancesModel, fakeStore, openDatabase, order, OrderRow, ordersModel, until, type FakeStore } from './testing-support';
import type { ReadModel } from './declaration';

// Many databases are made here, which takes its time on a busy machine.
jest.setTimeout(120_000);

let database: Awaited<ReturnType<typeof openDatabase>>;
let pool: Pool;
let store: FakeStore;
const started: OwnProjections[] = [];

beforeEach(async () => {
  database = await openDatabase('own');
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
const sorted = (rows: readonly object[]): readonly string[] => rows.map((row) => JSON.stringify(row)).sort();
const stored = async ({ name, shape }: ReadModel): Promise<readonly string[]> => {
  const { rows } = await pool.query<Record<string, unknown>>(`SELECT * FROM "${name}"`);
  return sorted(rows.map((row) => Object.fromEntries(shape.columns.map(({ property, name: column }) => [property, row[column]]))));
};
const expected = (model: ReadModel): readonly string[] => sorted(foldRows(model, store.log.map(itemOfStored)));
const place = (id: string, minor = 1, customer = 'a', note?: string): unknown =>
  store.append(`order-${id}`, 'OrderPlaced', { customer, minor, ...(note === undefined ? {} : { note }) });

const history = fc.array(
  fc.record({
    id: fc.constantFrom('1', '22', '3', "it's", '"; DROP TABLE orders; --', '契约'),
    act: fc.constantFrom('OrderPlaced', 'OrderPlaced', 'LineAdded', 'LineAdded', 'OrderPaid', 'OrderDropped'),
    minor: fc.integer({ min: -5, max: 1_000 }),
    text: fc.string({ unit: 'binary', maxLength: 8 }),
  }),
  { maxLength: 60 },
);
const appendAll = (acts: readonly { readonly id: string; readonly act: string; readonly minor: number; readonly text: string }[]): void =>
  acts.forEach(({ id, act, minor, text }) =>
    store.append(
      `order-${id}`,
      act,
      act === 'OrderPlaced' ? { customer: text, minor, note: text } : act === 'LineAdded' ? { sku: text, minor } : { minor },
    ),
  );

describe('own read models', () => {
  test('hold the fold of all events, in batches of any size, read once or twice', async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.integer({ min: 1, max: 40 }), async (acts, maxBatch) => {
        store = fakeStore();
        await pool.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
        appendAll(acts);
        const models = [ordersModel(), balancesModel()];
        const projections = await startOwnProjections({ pool, models, subscribe: store.subscribe, maxBatch });
        await quiet(projections);
        for (const model of models) expect(await stored(model)).toEqual(expected(model));
        await projections.rebuild(models[0] as ReadModel);
        for (const model of models) expect(await stored(model)).toEqual(expected(model));
        await projections.stop();
      }),
      { numRuns: 15 },
    );
  });

  test('follow events as they come', async () => {
    const projections = await start([ordersModel(), balancesModel()]);
    place('1', 5);
    await until(async () => (await stored(ordersModel())).length === 1);
    store.append('order-1', 'OrderDropped', {});
    await until(async () => (await stored(ordersModel())).length === 0);
    expect(await stored(balancesModel())).toEqual(expected(balancesModel()));
    await quiet(projections);
    expect((await projections.health()).map(({ model, state }) => [model, state])).toEqual([
      ['orders', 'live'],
      ['balances', 'live'],
    ]);
  });

  test('take ten thousand events of ten thousand rows in one transaction', async () => {
    for (let id = 0; id < 10_000; id++) place(`${id}`, id);
    const batches: number[] = [];
    const projections = await start([ordersModel()], { maxBatch: 10_000, hooks: { onBatch: ({ rows }) => batches.push(rows) } });
    await quiet(projections);
    expect(await stored(ordersModel())).toEqual(expected(ordersModel()));
    expect(batches.reduce((sum, rows) => sum + rows, 0)).toBe(10_000);
  });

  test('go on where they stood after a restart, and count nothing twice', async () => {
    for (let id = 0; id < 20; id++) place(`${id}`);
    const first = await start([balancesModel()]);
    await quiet(first);
    await first.stop();
    place('x');
    await quiet(await start([balancesModel()]));
    expect(await stored(balancesModel())).toEqual(expected(balancesModel()));
  });

  test('count an event once when two pods follow at once', async () => {
    const [one, two] = await Promise.all([start([balancesModel(), ordersModel()]), start([balancesModel(), ordersModel()])]);
    for (let id = 0; id < 300; id++) {
      place(`${id}`);
      if (id % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await quiet(one);
    await quiet(two);
    expect(await stored(balancesModel())).toEqual(expected(balancesModel()));
    expect(await stored(ordersModel())).toEqual(expected(ordersModel()));
  });

  test('count an event once when it is delivered again', async () => {
    const twice: OwnProjectionsOptions['subscribe'] = (options) =>
      store.subscribe({
        ...options,
        onBatch: async (batch, upTo) => {
          await options.onBatch(batch, upTo);
          await options.onBatch(batch, upTo);
        },
      });
    const projections = await start([balancesModel()], { subscribe: twice });
    for (let id = 0; id < 50; id++) place(`${id}`);
    await quiet(projections);
    expect(await stored(balancesModel())).toEqual(expected(balancesModel()));
  });

  test('count an event once when the transaction dies before its commit', async () => {
    let failures = 3;
    const troubles: number[] = [];
    const flaky = new Pool({ connectionString: database.url, max: 4 });
    flaky.on('error', () => undefined);
    flaky.on('connect', (client) => {
      const query = client.query.bind(client) as (...given: readonly unknown[]) => Promise<unknown>;
      client.query = (async (...given: readonly unknown[]) => {
        const texts = (given[0] as { questions?: { text: string }[] }).questions?.map(({ text }) => text) ?? [];
        if (texts.includes('COMMIT') && store.log.length > 0 && failures-- > 0)
          await query('SELECT pg_terminate_backend(pg_backend_pid())').catch(() => undefined);
        return query(...given);
      }) as never;
    });
    const projections = await start([balancesModel()], { pool: flaky, hooks: { onTrouble: ({ attempt }) => troubles.push(attempt) } });
    for (let id = 0; id < 5; id++) place(`${id}`);
    await quiet(projections);
    expect(troubles).toEqual([1, 2, 3]);
    expect(await stored(balancesModel())).toEqual(expected(balancesModel()));
    await projections.stop();
    await flaky.end();
  });

  test('are found again from their position row when the database has lost its last commits', async () => {
    const projections = await start([balancesModel()]);
    for (let id = 0; id < 5; id++) place(`${id}`);
    await quiet(projections);
    // What a crash of PostgreSQL with asynchronous commits leaves: rows and position as they were a moment ago.
    await pool.query(`TRUNCATE balances_v1_1; UPDATE read_model_tables SET commit_position = NULL, prepare_position = NULL`);
    place('x');
    await until(async () => JSON.stringify(await stored(balancesModel())) === JSON.stringify(expected(balancesModel())));
    await quiet(projections);
  });

  test('are not misled by a store that says too soon that there is nothing up to a position', async () => {
    const hasty: OwnProjectionsOptions['subscribe'] = (options) =>
      store.subscribe({
        ...options,
        onBatch: async (batch, upTo) => {
          await options.onBatch([], { commit: upTo.commit + 1_000n, prepare: upTo.prepare + 1_000n });
          for (const event of batch) await options.onBatch([event], { commit: upTo.commit + 1_000n, prepare: upTo.prepare + 1_000n });
        },
      });
    const projections = await start([balancesModel()], { subscribe: hasty });
    for (let id = 0; id < 5; id++) place(`${id}`);
    await quiet(projections);
    place('x');
    await quiet(projections);
    expect(await stored(balancesModel())).toEqual(expected(balancesModel()));
  });

  test('keep hostile texts apart from SQL, and replace what PostgreSQL cannot hold', async () => {
    const projections = await start([ordersModel()]);
    const hostile = [
      '{"a",b}',
      '\\',
      'NULL',
      "'; DELETE FROM orders; --",
      '\u0000',
      'a\u0000b',
      '\ud800',
      '\udc00\ud800',
      '😀',
      '\u202e',
      '$1',
      '',
    ];
    hostile.forEach((text, index) => {
      place(`h${index}`, index, text, text);
      store.append(`order-h${index}`, 'LineAdded', { sku: text, minor: 1 });
    });
    place('o\'clock"\\{}', 1);
    await quiet(projections);
    expect(await stored(ordersModel())).toEqual(expected(ordersModel()));
    const { rows } = await pool.query<{ note: string; sku: string }>(
      `SELECT note, lines->0->>'sku' AS sku FROM orders WHERE "orderId" = ANY('{h4,h5,h6,h7,h8}') ORDER BY "orderId"`,
    );
    expect(rows).toEqual(['\uFFFD', 'a\uFFFDb', '\uFFFD', '\uFFFD\uFFFD', '😀'].map((text) => ({ note: text, sku: text })));
  });
});

describe('a model that cannot fold an event', () => {
  let mended = false;
  const fragile = readModel(OrderRow, {
    version: 1,
    own: [order],
    on: {
      OrderPlaced: (_row, { customer, minor }, { streamId }) => {
        if (!mended && customer === 'poison') throw new Error('no idea');
        return { orderId: streamId, customer, minor, paidMinor: '0', open: true, note: null, lines: [] };
      },
    },
  });
  beforeEach(() => (mended = false));

  test('keeps everything before it, halts there and says so; the others go on', async () => {
    const halts: Halt[] = [];
    const projections = await start([fragile, balancesModel()], { hooks: { onHalt: (halt) => halts.push(halt) } });
    store.hold();
    place('1');
    place('2', 1, 'poison');
    place('3');
    store.release();
    await quiet(projections);
    expect((await pool.query('SELECT "orderId" FROM orders')).rows).toEqual([{ orderId: '1' }]);
    expect(await stored(balancesModel())).toEqual(expected(balancesModel()));
    expect(halts).toEqual([
      {
        model: 'orders',
        table: 'orders_v1_1',
        item: { id: 'order-2@0', type: 'OrderPlaced', stream: 'order-2', revision: '0' },
        reason: 'Error: no idea',
      },
    ]);
    expect((await projections.health()).map(({ state }) => state)).toEqual(['halted', 'live']);
    place('4');
    await quiet(projections);
    expect((await pool.query('SELECT "orderId" FROM orders')).rows).toHaveLength(1);
    expect(halts).toHaveLength(1);
  });

  test('goes on from there once it is resumed, and halts again if nothing was mended', async () => {
    const halts: Halt[] = [];
    const projections = await start([fragile, balancesModel()], { hooks: { onHalt: (halt) => halts.push(halt) } });
    place('1');
    place('2', 1, 'poison');
    place('3');
    await quiet(projections);
    await projections.resume(fragile);
    await until(() => halts.length === 2);
    mended = true;
    await projections.resume(fragile);
    place('4');
    await quiet(projections);
    expect((await pool.query('SELECT "orderId" FROM orders ORDER BY 1')).rows.map(({ orderId }: { orderId: string }) => orderId)).toEqual([
      '1',
      '2',
      '3',
      '4',
    ]);
    expect(await stored(balancesModel())).toEqual(expected(balancesModel()));
    expect((await projections.health()).map(({ state }) => state)).toEqual(['live', 'live']);
  });

  test('is tried again at the next start', async () => {
    const first = await start([fragile]);
    place('2', 1, 'poison');
    await quiet(first);
    await first.stop();
    mended = true;
    const second = await start([fragile]);
    await quiet(second);
    expect((await pool.query('SELECT "orderId" FROM orders')).rows).toHaveLength(1);
  });

  test('is found to the event when PostgreSQL refuses the row', async () => {
    const halts: Halt[] = [];
    const projections = await start([ordersModel(), balancesModel()], { hooks: { onHalt: (halt) => halts.push(halt) } });
    store.hold();
    for (let id = 0; id < 20; id++) place(`${id}`);
    // Longer than an index of PostgreSQL takes, and not compressible.
    place('long', 1, Array.from({ length: 6_000 }, (_unused, index) => String.fromCodePoint(0x4e00 + ((index * 7919) % 20_000))).join(''));
    place('after');
    store.release();
    await quiet(projections);
    expect(halts.map(({ model, item }) => [model, item.stream])).toEqual([
      ['orders', 'order-long'],
      ['balances', 'order-long'],
    ]);
    expect(await stored(ordersModel())).toHaveLength(20);
  });
});
