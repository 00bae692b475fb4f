import { randomUUID } from 'node:crypto';
import { partitionCount, topicOf, type Envelope } from '@qiyue/contracts';
import { connectEventStore, subscribe, type EventStoreClient, type ProposedEvent } from '@qiyue/event-store';
import { startTestNode, type TestNode } from '@qiyue/event-store-node/testing';
import {
  embeddedTransport,
  forgetGroup,
  migrateMessaging,
  partitionOf,
  startConsumer,
  type ConsumerHandle,
  type LogTransport,
} from '@qiyue/messaging';
import { placing } from '@qiyue/messaging/testing';
import type { Pool } from 'pg';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { ReadModel } from './declaration';
import { diffRebuild } from './diff';
import { factsSink } from './facts-sink';
import { foldRows } from './fold';
import type { OwnProjections } from './handle';
import { itemOfEnvelope, itemOfStored } from './item';
import { startOwnProjections } from './own-projections';
import { readModel } from './read-model';
import { replayOf } from './replay-of-log';
import type { Subscribe } from './sources';
import {
  AccountCounted,
  AccountOpened,
  accountsModel,
  balancesModel,
  fakeLog,
  fakeStore,
  openDatabase,
  ordersModel,
  until,
} from './testing-support';

jest.setTimeout(120_000);

@Entity('named_accounts')
class NamedRow {
  @PrimaryColumn('text') name!: string;
  @Column('text') accountId!: string;
}

let database: Awaited<ReturnType<typeof openDatabase>>;
let pool: Pool;

beforeEach(async () => {
  database = await openDatabase('real');
  ({ pool } = database);
});
afterEach(() => database.close());

const stored = async ({ name, shape }: ReadModel): Promise<readonly string[]> => {
  const { rows } = await pool.query<Record<string, unknown>>(`SELECT * FROM "${name}"`);
  return rows.map((row) => JSON.stringify(Object.fromEntries(shape.columns.map(({ property }) => [property, row[property]])))).sort();
};

describe('on the real event store', () => {
  let node: TestNode;
  let client: EventStoreClient;
  let source: Subscribe;
  beforeEach(async () => {
    node = await startTestNode();
    client = connectEventStore(node.connectionString);
    source = (options) => subscribe({ client, ...options });
  });
  afterEach(async () => {
    await client.dispose();
    await node.stop();
  });

  // The fake's events, written for real.
  const written = fakeStore();
  const append = async (stream: string, type: string, data: object): Promise<void> => {
    const { metadata, revision } = written.append(stream, type, data);
    const event: ProposedEvent = { id: randomUUID(), type, data, metadata };
    await client.append(stream, [event], revision === 0n ? 'no_stream' : revision - 1n);
  };
  const expected = (model: ReadModel): readonly string[] =>
    foldRows(model, written.log.map(itemOfStored))
      .map((row) => JSON.stringify(row))
      .sort();

  test('rows are the fold of what was appended, through restarts and rebuilds', async () => {
    const models = [ordersModel(), balancesModel()];
    const round = async (): Promise<void> => {
      await Promise.all(
        Array.from({ length: 100 }, async () => {
          const stream = `order-${randomUUID()}`;
          await append(stream, 'OrderPlaced', { customer: 'a', minor: 3 });
          await append(stream, 'LineAdded', { sku: 's', minor: 2 });
        }),
      );
    };
    const first = await startOwnProjections({ pool, models, subscribe: source });
    await round();
    await until(() => first.caughtUp());
    for (const model of models) expect(await stored(model)).toEqual(expected(model));
    await first.stop();
    await round();
    const second = await startOwnProjections({ pool, models: [ordersModel(2), balancesModel()], subscribe: source });
    await Promise.all([second.ready(), round(), second.rebuild(balancesModel())]);
    await until(() => second.caughtUp());
    for (const model of models) expect(await stored(model)).toEqual(expected(model));
    for (const model of [ordersModel(2), balancesModel()])
      expect(await diffRebuild({ pool, subscribe: source }, model)).toMatchObject({ equal: true });
    await second.stop();
  });
});

describe('on the real log of facts', () => {
  let transport: LogTransport;
  const running: { stop(): Promise<void> }[] = [];
  const topic = topicOf('identity');

  beforeEach(async () => {
    await migrateMessaging(pool);
    transport = embeddedTransport({ pool });
    await transport.ensureTopics([topic], partitionCount);
  });
  afterEach(async () => {
    for (const one of running.splice(0).reverse()) await one.stop();
    await transport.close();
  });

  const follow = async (models: readonly ReadModel[]): Promise<readonly [OwnProjections, ConsumerHandle]> => {
    const projections = await startOwnProjections({ pool, models, subscribe: fakeStore().subscribe, replay: replayOf(transport) });
    running.push(projections);
    const consumer = await startConsumer({
      transport,
      pool,
      group: 'spec',
      topics: [topic],
      handles: [AccountOpened, AccountCounted],
      catalogue: [AccountOpened, AccountCounted],
      mode: 'projection',
      apply: factsSink(models),
    });
    running.push(consumer);
    return [projections, consumer];
  };

  test('rows are the fold of what was published, however often, before and after the model was there', async () => {
    const log = fakeLog();
    const accounts = Array.from({ length: 30 }, (_, index) => `account-${index}`);
    accounts.forEach((account) => log.tell(AccountOpened, account, 0, { name: account }));
    await transport.publish(topic, log.log);
    const model = accountsModel();
    const [projections, consumer] = await follow([model]);
    const rebuilt = projections.ready().then(() => projections.rebuild(model));
    for (let round = 1; round < 8; round++) {
      const told: readonly Envelope[] = accounts.map((account, index) => log.tell(AccountCounted, account, round, { by: index }));
      await transport.publish(topic, told);
      await transport.publish(topic, told.slice(0, 5));
    }
    await rebuilt;
    await until(() => consumer.caughtUp());
    const expected = foldRows(model, log.log.map(itemOfEnvelope))
      .map((row) => JSON.stringify(row))
      .sort();
    expect(await stored(model)).toEqual(expected);
    const diff = await diffRebuild({ pool, subscribe: fakeStore().subscribe, replay: replayOf(transport) }, model);
    expect(diff).toEqual({ equal: true, rows: 30, differing: 0, differences: [] });
  });

  test('a group that has forgotten everything and reads again doubles nothing', async () => {
    const log = fakeLog();
    const model = accountsModel();
    const [projections, first] = await follow([model]);
    await projections.ready();
    const tell = (round: number): Promise<void> =>
      transport.publish(
        topic,
        ['account-1', 'account-2', 'account-3'].map((account) =>
          round === 0 ? log.tell(AccountOpened, account, 0, { name: account }) : log.tell(AccountCounted, account, round, { by: round }),
        ),
      );
    for (const round of [0, 1, 2]) await tell(round);
    await until(() => first.caughtUp());
    await first.stop();
    await forgetGroup(pool, 'spec');
    const [, second] = await follow([model]);
    await tell(3);
    await until(() => second.caughtUp());
    const expected = foldRows(model, log.log.map(itemOfEnvelope))
      .map((row) => JSON.stringify(row))
      .sort();
    expect(await stored(model)).toEqual(expected);
  });

  test('a row that PostgreSQL refuses halts its model before it, at the second attempt; the others have everything', async () => {
    const log = fakeLog();
    // Longer than an index of PostgreSQL takes, and not compressible.
    const tooLong = Array.from({ length: 6_000 }, (_unused, index) => String.fromCodePoint(0x4e00 + ((index * 7919) % 20_000))).join('');
    const byName = readModel(NamedRow, {
      version: 1,
      facts: [AccountOpened],
      key: ({ data }) => data.name,
      on: { AccountOpened: (_row, { name }, { streamId }) => ({ name, accountId: streamId }) },
    });
    const models = [accountsModel(), byName];
    const [projections, consumer] = await follow(models);
    await projections.ready();
    await transport.publish(topic, [
      log.tell(AccountOpened, 'account-a', 0, { name: 'x' }),
      log.tell(AccountOpened, 'account-b', 0, { name: tooLong }),
      log.tell(AccountOpened, 'account-c', 0, { name: 'y' }),
    ]);
    await until(() => consumer.caughtUp());
    expect((await projections.health()).map(({ model, state }) => [model, state])).toEqual([
      ['accounts', 'live'],
      ['named_accounts', 'halted'],
    ]);
    expect(await stored(accountsModel())).toHaveLength(3);
    // Accounts lie in partitions of their own, so which of the others came before it is open.
    expect((await stored(byName)).length).toBeLessThan(3);
    expect(await consumer.stats()).toMatchObject({ parkedKeys: 0, retries: 1, halted: [] });
  });

  test('a replay goes on after its cursor, and ends where the log ended', async () => {
    const log = fakeLog();
    for (let revision = 0; revision < 40; revision++)
      log.tell(AccountCounted, `account-${revision % 7}`, Math.floor(revision / 7), { by: 1 });
    await transport.publish(topic, log.log);
    const { signal } = new AbortController();
    const replay = replayOf(transport);
    const seen: string[] = [];
    let cursor: string | undefined;
    for await (const { envelopes, next } of replay(['identity'], undefined, signal)) {
      seen.push(...envelopes.map(({ id }) => id));
      cursor = next;
      break;
    }
    for await (const { envelopes, next } of replay(['identity'], cursor, signal)) {
      seen.push(...envelopes.map(({ id }) => id));
      cursor = next;
    }
    expect(seen.sort()).toEqual(log.log.map(({ id }) => id).sort());
    for await (const batch of replay(['identity'], cursor, signal)) expect(batch).toBe('nothing');
  });

  test('a replay is refused where the log has a hole, whatever the stream, also where it goes on after its cursor', async () => {
    const log = fakeLog();
    const place = placing(partitionCount);
    const near = (account: string): boolean => partitionOf(account, partitionCount) === partitionOf('account-0', partitionCount);
    const accounts = Array.from({ length: 100 }, (_, index) => `account-${index}`)
      .filter(near)
      .slice(0, 4);
    const told = place(accounts.map((account) => log.tell(AccountOpened, account, 0, { name: account })));
    const { signal } = new AbortController();
    const replay = replayOf(transport);
    await transport.publish(topic, told.slice(0, 2));
    let cursor: string | undefined;
    for await (const { next } of replay(['identity'], undefined, signal)) cursor = next;
    await transport.publish(topic, told.slice(3));
    const read = async (from: string | undefined): Promise<void> => {
      for await (const { envelopes } of replay(['identity'], from, signal)) expect(envelopes.length).toBeLessThan(3);
    };
    await expect(read(undefined)).rejects.toThrow('has lost what was told at 3:3, before 4:4');
    await expect(read(cursor)).rejects.toThrow('has lost what was told at 3:3, before 4:4');
  });

  test('a replay is refused once the log has lost its beginning, and ends when it is called off', async () => {
    const emptied: Pick<LogTransport, 'bounds' | 'consume'> = {
      bounds: async () => new Map([[0, { first: 5n, next: 9n }]]),
      consume: (options) => transport.consume(options),
    };
    const read = async (replay: ReturnType<typeof replayOf>, signal: AbortSignal): Promise<void> => {
      for await (const batch of replay(['identity'], undefined, signal)) expect(batch).toBe('nothing');
    };
    await expect(read(replayOf(emptied), new AbortController().signal)).rejects.toThrow(/begins at 5/);
    const endless = { ...emptied, bounds: async () => new Map([[0, { first: 0n, next: 9n }]]) };
    const controller = new AbortController();
    const reading = read(replayOf(endless), controller.signal);
    controller.abort(new Error('called off'));
    await expect(reading).rejects.toThrow('called off');
  });
});
