import { stream as declare, type EventOf } from '@qiyue/decider';
import {
  connectEventStore,
  createExecutor,
  localKek,
  migrateVault,
  openVault,
  subscribe,
  type EventStoreClient,
  type Executor,
} from '@qiyue/event-store';
import { startTestNode, type TestNode } from '@qiyue/event-store-node/testing';
import type { Envelope } from '@qiyue/contracts';
import pg from 'pg';
import { startConsumer, startRelay, type ConsumerHandle, type Relay } from './index';
import { embeddedBroker, temporaryDatabase, until, uniqueName, type Broker } from './testing';
import { lampEvents, lampFacts } from './testing-lamp';

const serverUrl = process.env['QIYUE_TEST_POSTGRES_URL'] ?? '';

type Lamp = { readonly status: 'any' };
const sell = (_: Lamp, { buyer }: { buyer: string }, _facts: object) => [
  lampEvents.LampSold({ accountId: 'a1', lampId: 'l1', buyer, priceMinor: 5 }),
];
const light = (_: Lamp, { watts }: { watts: readonly number[] }, _facts: object) => watts.map((watt) => lampEvents.LampLit({ watt }));
const dust = (_: Lamp, _command: object, _facts: object) => [lampEvents.LampDusted({})];
const lamp = declare({
  category: 'lamp',
  events: lampEvents,
  initialState: { status: 'any' } as Lamp,
  evolve: (state: Lamp, _event: EventOf<typeof lampEvents>) => state,
  decide: { light, dust, sell },
});

describe('from the event store to another service', () => {
  let node: TestNode;
  let client: EventStoreClient;
  let executor: Executor;
  let broker: Broker;
  let relay: Relay;
  let consumer: ConsumerHandle;
  let database: Awaited<ReturnType<typeof temporaryDatabase>>;
  let pool: pg.Pool;
  const received: Envelope[] = [];
  let commands = 0;
  const context = () => ({
    commandId: `c${(commands += 1)}`,
    correlationId: 'r1',
    causationId: 'c1',
    actor: { kind: 'system', id: 'spec' } as const,
    now: '2026-03-02T01:00:00.000Z',
  });

  beforeAll(async () => {
    node = await startTestNode();
    client = connectEventStore(node.connectionString);
    database = await temporaryDatabase(serverUrl, 'e2e');
    pool = new pg.Pool({ connectionString: database.url, max: 8 });
    await migrateVault(pool);
    executor = createExecutor({ client, vault: openVault({ pool, kek: localKek(Buffer.alloc(32, 7).toString('base64')) }) });
    broker = await embeddedBroker(serverUrl);
    const { transport } = await broker.connect();
    const topic = uniqueName('lamp');
    relay = await startRelay({
      service: 'lamp',
      subscribe: (options) => subscribe({ client, ...options }),
      transport,
      pool,
      declarations: [lamp],
      topic,
      partitions: 4,
      standbyMs: 50,
    });
    consumer = await startConsumer({
      transport,
      pool,
      group: 'spec',
      topics: [topic],
      partitions: 4,
      mode: 'reaction',
      handles: Object.values(lampFacts),
      react: async (envelope) => void received.push(envelope),
    });
  });
  afterAll(async () => {
    await consumer?.stop();
    await relay?.stop();
    await client?.dispose();
    await node?.stop();
    await broker?.close();
    await pool?.end();
    await database?.drop();
  });
  const settle = async (): Promise<void> =>
    void (await until('the facts to arrive', async () => (await relay.caughtUp()) && (await consumer.caughtUp())));

  test('facts arrive in order, name the one before, and carry the chain of the stream', async () => {
    await executor.execute(lamp, 'one', 'light', { watts: [1, 2] }, {}, context());
    await executor.execute(lamp, 'one', 'dust', {}, {}, context());
    await executor.execute(lamp, 'one', 'light', { watts: [3] }, {}, context());
    await settle();
    const facts = received.filter(({ subject }) => subject === 'lamp-one');
    expect(facts.map(({ sequence, previoussequence, data }) => [sequence, previoussequence, data])).toEqual([
      ['0', undefined, { watt: 1 }],
      ['1', '0', { watt: 2 }],
      ['3', '1', { watt: 3 }],
    ]);
    const stored = [];
    for await (const event of executor.history('lamp-one')) stored.push(event);
    expect(facts.map(({ id, chainhash }) => [id, chainhash])).toEqual(
      stored.filter(({ type }) => type === 'LampLit').map(({ id, metadata }) => [id, metadata.hash]),
    );
  });
  test('personal data arrives sealed and nothing of it is readable on the way', async () => {
    await executor.execute(lamp, 'two', 'sell', { buyer: 'Anna Li' }, {}, context());
    await settle();
    const fact = received.find(({ subject }) => subject === 'lamp-two');
    expect(fact?.data).toMatchObject({ lampId: 'l1', buyer: expect.stringMatching(/^sealed:1:a1:/) });
    expect(JSON.stringify(received)).not.toContain('Anna');
  });
});
