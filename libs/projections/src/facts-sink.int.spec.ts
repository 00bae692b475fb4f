import type { Envelope } from '@qiyue/contracts';
import fc from 'fast-check';
import type { Pool } from 'pg';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { inOrder, inTransaction } from '@qiyue/database';
import { isOutage, type Delivery } from '@qiyue/messaging';
import type { ReadModel } from './declaration';
import { diffRebuild } from './diff';
import { factsSink } from './facts-sink';
import { foldRows } from './fold';
import type { Halt, OwnProjections, OwnProjectionsOptions } from './handle';
import { itemOfEnvelope, itemOfStored } from './item';
import { startOwnProjections } from './own-projections';
import { readModel } from './read-model';
import {
  AccountCounted,
  AccountOpened,
  AccountRow,
  accountsModel,
  fakeLog,
  fakeStore,
  openDatabase,
  order,
  until,
  type FakeStore,
} from './testing-support';

// Many databases are made here, which takes its time on a busy machine.
jest.setTimeout(120_000);

let database: Awaited<ReturnType<typeof openDatabase>>;
let pool: Pool;
let store: FakeStore;
let log: ReturnType<typeof fakeLog>;
const started: OwnProjections[] = [];

beforeEach(async () => {
  database = await openDatabase('facts');
  ({ pool } = database);
  store = fakeStore();
  log = fakeLog();
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((projections) => projections.stop()));
  await database.close();
});

const start = async (models: readonly ReadModel[], more: Partial<OwnProjectionsOptions> = {}): Promise<OwnProjections> => {
  const projections = await startOwnProjections({ pool, models, subscribe: store.subscribe, replay: log.replay, ...more });
  started.push(projections);
  return projections;
};
/** Hands facts over as the consumer does at its first attempt, or carefully, where a fault is to be found. */
const deliver = (
  models: readonly ReadModel[],
  envelopes: readonly Envelope[],
  { onHalt, ...more }: Partial<Delivery> & { readonly onHalt?: (halt: Halt) => void } = {},
): Promise<void> =>
  inTransaction(pool, async (tx) => {
    const delivery = log.delivery({ attempt: onHalt === undefined ? 1 : 2, ...more });
    await inOrder(tx, await factsSink(models, onHalt === undefined ? {} : { onHalt })(tx, envelopes, delivery));
  });
const stored = async ({ name, shape }: ReadModel): Promise<readonly string[]> => {
  const { rows } = await pool.query<Record<string, unknown>>(`SELECT * FROM "${name}"`);
  return rows
    .map((row) => JSON.stringify(Object.fromEntries(shape.columns.map(({ property, name: column }) => [property, row[column]]))))
    .sort();
};
const expected = (model: ReadModel): readonly string[] =>
  foldRows(model, [...store.log.map(itemOfStored), ...log.log.map(itemOfEnvelope)])
    .map((row) => JSON.stringify(row))
    .sort();
const sources = () => ({ pool, subscribe: store.subscribe, replay: log.replay });

/** Own orders and told accounts, counted per customer: sums commute. */
@Entity('standings')
class StandingRow {
  @PrimaryColumn() account!: string;
  @Column() orders!: number;
  @Column() counted!: number;
}
const none = (account: string): StandingRow => ({ account, orders: 0, counted: 0 });
const standings = readModel(StandingRow, {
  version: 1,
  own: [order],
  facts: [AccountCounted],
  commutes: true,
  on: {
    OrderPlaced: {
      key: ({ data }) => data.customer,
      fold: (row, { customer }) => ({ ...(row ?? none(customer)), orders: (row?.orders ?? 0) + 1 }),
    },
    AccountCounted: (row, { by }, { streamId }) => ({ ...(row ?? none(streamId)), counted: (row?.counted ?? 0) + by }),
  },
});

describe('facts of other services', () => {
  test('are in the rows as often as they were told, however they are cut, repeated and replayed', async () => {
    const telling = fc.array(
      fc.record({ account: fc.constantFrom('a', "b'", 'c'), by: fc.integer({ min: 1, max: 9 }), again: fc.integer({ min: 0, max: 4 }) }),
      { maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(telling, fc.integer({ min: 1, max: 9 }), async (told, size) => {
        store = fakeStore();
        log = fakeLog();
        await pool.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
        const model = accountsModel();
        const projections = await startOwnProjections({ ...sources(), models: [model, standings] });
        await projections.ready();
        ['a', "b'", 'c'].forEach((account) => log.tell(AccountOpened, `account-${account}`, 0, { name: account }));
        told.forEach(({ account, by }, index) => log.tell(AccountCounted, `account-${account}`, index + 1, { by }));
        for (let at = 0; at < log.log.length; at += size) {
          await deliver([model, standings], log.log.slice(at, at + size));
          const again = told[at]?.again ?? 0;
          await deliver([model, standings], log.log.slice(Math.max(0, at - again), at + size));
        }
        expect(await stored(model)).toEqual(expected(model));
        await projections.rebuild(model);
        expect(await stored(model)).toEqual(expected(model));
        expect(await diffRebuild(sources(), model)).toMatchObject({ equal: true, rows: 3 });
        await projections.stop();
      }),
      { numRuns: 10 },
    );
  });

  test('told before the model existed are replayed; what the consumer brings meanwhile is not lost', async () => {
    const model = accountsModel();
    for (let id = 0; id < 20; id++) log.tell(AccountOpened, `account-${id}`, 0, { name: `n${id}` });
    const told = [...log.log];
    log.tell(AccountCounted, 'account-3', 1, { by: 2 });
    // As a relay that was cut off tells again what it does not know to be on the bus.
    log.log.push(...log.log.slice(-4));
    const gate: { open?: () => void } = {};
    const opened = new Promise<void>((resolve) => (gate.open = resolve));
    const slow: OwnProjectionsOptions['replay'] = async function* (services, from, signal) {
      for await (const batch of log.replay(services, from, signal)) {
        yield batch;
        await opened;
      }
    };
    const projections = await start([model], { replay: slow });
    expect((await projections.health())[0]?.state).toBe('filling');
    expect(await projections.caughtUp()).toBe(false);
    await deliver([model], [log.tell(AccountCounted, 'account-7', 1, { by: 3 })]);
    gate.open?.();
    await projections.ready();
    log.log.splice(21, 4);
    expect(await stored(model)).toEqual(expected(model));
    // A consumer that is not there yet brings what the replay has brought.
    await deliver([model], told);
    expect(await stored(model)).toEqual(expected(model));
    await deliver([model], [log.tell(AccountCounted, 'account-7', 2, { by: 4 })]);
    expect(await stored(model)).toEqual(expected(model));
    expect(await projections.caughtUp()).toBe(true);
  });

  test('are followed from the next delivery on where there is no replay, but a changed model is not left half empty', async () => {
    const first = await startOwnProjections({ pool, models: [accountsModel()], subscribe: store.subscribe });
    await deliver([accountsModel()], [log.tell(AccountOpened, 'account-1', 0, { name: 'x' })]);
    expect(await stored(accountsModel())).toEqual(expected(accountsModel()));
    await first.stop();
    await expect(startOwnProjections({ pool, models: [accountsModel(2)], subscribe: store.subscribe })).rejects.toThrow(/replay/);
  });

  test('are rebuilt when the version grows, while the old rows serve', async () => {
    const first = await start([accountsModel()]);
    await first.ready();
    await deliver([accountsModel()], [log.tell(AccountOpened, 'account-1', 0, { name: 'x' })]);
    await first.stop();
    const second = await start([accountsModel(2)]);
    expect(await stored(accountsModel())).toHaveLength(1);
    // What the consumer brings to the new program before the swap goes into neither table; the replay has it.
    await deliver([accountsModel(2)], [log.tell(AccountCounted, 'account-1', 1, { by: 5 })]);
    await second.ready();
    expect(await stored(accountsModel(2))).toEqual(expected(accountsModel(2)));
    await deliver([accountsModel(2)], [log.tell(AccountCounted, 'account-1', 2, { by: 5 })]);
    expect(await stored(accountsModel(2))).toEqual(expected(accountsModel(2)));
    expect((await second.health())[0]).toMatchObject({ state: 'live', table: expect.stringMatching(/^accounts_v2_/) as string });
  });

  test('are not forgotten by a rebuild from a log that has lost some', async () => {
    const projections = await start([accountsModel()]);
    await projections.ready();
    await deliver([accountsModel()], [log.tell(AccountOpened, 'account-1', 0, { name: 'x' })]);
    const before = await stored(accountsModel());
    log.log.splice(0);
    await expect(projections.rebuild(accountsModel())).rejects.toThrow(/lacks facts of facts\/0/);
    expect(await stored(accountsModel())).toEqual(before);
    await deliver([accountsModel()], [log.tell(AccountCounted, 'account-1', 1, { by: 5 })]);
    expect((await stored(accountsModel()))[0]).toContain('"count":5');
  });

  test('that were parked are in the rows once they are re-driven, and once only if a rebuild has brought them meanwhile', async () => {
    const model = accountsModel();
    const projections = await start([model]);
    await projections.ready();
    const [first, second] = [log.tell(AccountOpened, 'account-1', 0, { name: 'x' }), log.tell(AccountCounted, 'account-1', 1, { by: 2 })];
    await deliver([model], [log.tell(AccountOpened, 'account-2', 0, { name: 'y' })]);
    await deliver([model], [first], { isRedriven: true });
    await deliver([model], [second], { isRedriven: true });
    expect(await stored(model)).toEqual(expected(model));
    const third = log.tell(AccountCounted, 'account-1', 2, { by: 5 });
    await deliver([model], [log.tell(AccountCounted, 'account-2', 1, { by: 1 })]);
    await projections.rebuild(model);
    await deliver([model], [third], { isRedriven: true });
    expect(await stored(model)).toEqual(expected(model));
    expect(await diffRebuild(sources(), model)).toMatchObject({ equal: true, rows: 2 });
  });

  test("wait while a newer program's table serves, because nothing would bring it what this one passed by", async () => {
    const old = await start([accountsModel(1)]);
    await old.ready();
    const fresh = await start([accountsModel(2)]);
    await fresh.ready();
    const told = log.tell(AccountOpened, 'account-1', 0, { name: 'x' });
    const failure: unknown = await deliver([accountsModel(1)], [told]).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'Superseded', message: 'a newer version of accounts serves' });
    expect(isOutage(failure)).toBe(true);
    await deliver([accountsModel(2)], [told]);
    expect(await stored(accountsModel(2))).toEqual(expected(accountsModel(2)));
  });

  test('are read from the start by a program whose predecessor remembered them by stream', async () => {
    const model = accountsModel();
    const first = await start([model]);
    await first.ready();
    await deliver([model], [log.tell(AccountOpened, 'account-1', 0, { name: 'x' })]);
    const { table } = (await first.health())[0] as { readonly table: string };
    await first.stop();
    await pool.query(`DELETE FROM kit_migrations WHERE lib = 'projections' AND version = 2`);
    await pool.query('DROP TABLE read_model_facts');
    await pool.query('CREATE TABLE read_model_streams (physical text, stream text, revision bigint)');
    await pool.query(`INSERT INTO read_model_streams VALUES ($1, 'identity/account-1', 0)`, [table]);
    const second = await start([model]);
    await second.ready();
    expect((await second.health())[0]?.table).not.toBe(table);
    expect(await stored(model)).toEqual(expected(model));
    await deliver([model], log.log);
    expect(await stored(model)).toEqual(expected(model));
  });

  test('of several streams and own events meet in one row', async () => {
    const projections = await start([standings, accountsModel()]);
    await projections.ready();
    for (let index = 0; index < 30; index++) {
      store.append(`order-${index}`, 'OrderPlaced', { customer: `${index % 3}`, minor: 1 });
      await deliver([standings, accountsModel()], [log.tell(AccountCounted, `account-${index % 4}`, index, { by: index })]);
      if (index === 15) void projections.rebuild(standings);
    }
    await until(() => projections.caughtUp());
    expect(await stored(standings)).toEqual(expected(standings));
    expect(await diffRebuild(sources(), standings)).toMatchObject({ equal: true, rows: 4 });
  });
});

describe('a model that cannot fold a fact', () => {
  let mended = false;
  const fragile = readModel(AccountRow, {
    version: 1,
    facts: [AccountOpened],
    on: {
      AccountOpened: (_row, { name }, { streamId }) => {
        if (!mended && name === 'poison') throw new Error('no idea');
        return { accountId: streamId, name, count: 0 };
      },
    },
  });
  beforeEach(() => (mended = false));
  const models = [fragile, standings];
  /** The second fact is one that the first model cannot fold. */
  const startPoisoned = async (): Promise<OwnProjections> => {
    const projections = await start(models);
    await projections.ready();
    log.tell(AccountOpened, 'account-1', 0, { name: 'x' });
    log.tell(AccountOpened, 'account-2', 0, { name: 'poison' });
    log.tell(AccountCounted, 'account-1', 1, { by: 2 });
    return projections;
  };

  test('halts at it, the others go on, and a rebuild brings it back', async () => {
    const halts: Halt[] = [];
    const projections = await startPoisoned();
    log.tell(AccountOpened, 'account-3', 0, { name: 'y' });
    await deliver(models, log.log, { onHalt: (halt) => halts.push(halt) });
    expect(halts).toMatchObject([{ model: 'accounts', item: { stream: 'account-2' } }]);
    expect(await stored(fragile)).toHaveLength(1);
    expect(await diffRebuild(sources(), fragile)).toMatchObject({ equal: true, rows: 1 });
    expect(await stored(standings)).toEqual(expected(standings));
    expect((await projections.health()).map(({ state }) => state)).toEqual(['halted', 'live']);
    await expect(projections.resume(fragile)).rejects.toThrow(/no idea/);
    expect(await stored(fragile)).toHaveLength(1);
    mended = true;
    await projections.resume(fragile);
    expect(await stored(fragile)).toHaveLength(3);
    expect((await projections.health()).map(({ state }) => state)).toEqual(['live', 'live']);
  });

  test('halts at the very first as well, with nothing before it', async () => {
    const projections = await start([fragile]);
    await projections.ready();
    log.tell(AccountOpened, 'account-1', 0, { name: 'poison' });
    const halts: Halt[] = [];
    await deliver([fragile], log.log, { onHalt: (halt) => halts.push(halt) });
    expect(halts).toHaveLength(1);
    expect(await diffRebuild(sources(), fragile)).toMatchObject({ equal: true, rows: 0 });
    mended = true;
    await projections.resume(fragile);
    expect(await stored(fragile)).toHaveLength(1);
  });

  test('does not halt at the first attempt, which leaves nothing and fails', async () => {
    const projections = await startPoisoned();
    await expect(deliver(models, log.log)).rejects.toMatchObject({ name: 'Unfoldable' });
    for (const model of models) expect(await stored(model)).toEqual([]);
    expect((await projections.health()).map(({ state }) => state)).toEqual(['live', 'live']);
  });

  test('passes by what is no fact of this platform', async () => {
    const projections = await start([accountsModel()]);
    await projections.ready();
    const known = log.tell(AccountOpened, 'account-1', 0, { name: 'x' });
    await deliver([accountsModel()], [{ ...known, id: 'other', type: "com.example'; DROP TABLE accounts" }, known]);
    expect(await stored(accountsModel())).toEqual(expected(accountsModel()));
  });

  test('halts at a version of a fact that it does not know', async () => {
    const halts: Halt[] = [];
    const projections = await start([accountsModel()]);
    await projections.ready();
    await deliver([accountsModel()], [log.tell({ ...AccountOpened, version: 2 }, 'account-1', 0, { name: 'x' })], {
      onHalt: (halt) => halts.push(halt),
    });
    expect(halts[0]?.reason).toMatch(/version 2 of identity\.AccountOpened/);
  });
});
