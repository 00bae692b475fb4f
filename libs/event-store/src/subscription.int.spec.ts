import { startTestNode, type TestNode } from '@qiyue/event-store-node/testing';
import { by, until, wallet } from './fixture';
import { startNetwork, type Network } from './fixture-network';
import {
  connectEventStore,
  createExecutor,
  subscribe,
  type EventStoreClient,
  type Executor,
  type Position,
  type StoredEvent,
  type Subscription,
  type SubscribeOptions,
} from './index';
import { memoryVault } from './testing';

const vault = memoryVault();
let node: TestNode;
let network: Network;
let client: EventStoreClient;
let executor: Executor;
let commands = 0;
const running: Subscription[] = [];

beforeEach(async () => {
  node = await startTestNode();
  network = await startNetwork(node.node.port);
  client = connectEventStore(network.connectionString, { patienceMs: 1_000 });
  executor = createExecutor({ client, vault, tries: 20 });
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((subscription) => subscription.stop()));
  await client.dispose();
  await network.stop();
  await node.stop();
});

const put = async (count: number, id = '1'): Promise<void> => {
  for (let left = count; left > 0; left -= 50)
    await executor.execute(
      wallet,
      id,
      'put',
      { amounts: Array.from({ length: Math.min(50, left) }, () => 1) },
      {},
      by(`c${(commands += 1)}`),
    );
};
const follow = (onBatch: SubscribeOptions['onBatch'], more: Partial<SubscribeOptions> = {}): Subscription => {
  const subscription = subscribe({
    client,
    categories: ['wallet'],
    onBatch,
    ...more,
    tuning: { retryFirstMs: 10, retryMaxMs: 50, ...more.tuning },
  });
  running.push(subscription);
  return subscription;
};
/** A consumer that keeps events and position together, as a transaction would. */
const consumer = () => {
  const kept = { events: [] as StoredEvent[], upTo: undefined as Position | undefined };
  return {
    kept,
    onBatch: async (events: readonly StoredEvent[], upTo: Position) => void (kept.events.push(...events), (kept.upTo = upTo)),
  };
};
const revisions = (events: readonly StoredEvent[], stream: string): bigint[] =>
  events.filter((event) => event.stream === stream).map(({ revision }) => revision);
const counted = (count: number): bigint[] => Array.from({ length: count }, (_, index) => BigInt(index));

describe('a subscription over the real client', () => {
  test('delivers history and what comes after it, once and in order', async () => {
    await put(120);
    const { kept, onBatch } = consumer();
    const subscription = follow(onBatch, { batchSize: 50 });
    await until(() => kept.events.length === 120);
    await put(30, '2');
    await until(() => kept.events.length === 150);
    expect(revisions(kept.events, 'wallet-1')).toEqual(counted(120));
    expect(revisions(kept.events, 'wallet-2')).toEqual(counted(30));
    expect(await subscription.caughtUp()).toBe(true);
    expect(subscription.health().state).toBe('live');
  });
  test('takes a category only at its whole name', async () => {
    await client.append(
      'wallets-1',
      [{ id: '00000000-0000-5000-8000-000000000001', type: 'X', data: {}, metadata: {} as never }],
      'no_stream',
    );
    await client.append(
      'wallet',
      [{ id: '00000000-0000-5000-8000-000000000002', type: 'X', data: {}, metadata: {} as never }],
      'no_stream',
    );
    await put(1);
    const { kept, onBatch } = consumer();
    const subscription = follow(onBatch);
    await until(() => subscription.caughtUp());
    expect(kept.events.map(({ stream }) => stream)).toEqual(['wallet-1']);
  });
  test('says it is live on an empty store, and caught up', async () => {
    const subscription = follow(async () => undefined);
    await until(() => subscription.health().state === 'live');
    expect(await subscription.caughtUp()).toBe(true);
    expect(subscription.position()).toBeUndefined();
  });
  test('is caught up past events of others, and its position moves past many of them', async () => {
    await put(1);
    const { kept, onBatch } = consumer();
    const subscription = follow(onBatch);
    await until(() => kept.events.length === 1);
    const before = kept.upTo;
    for (let index = 0; index < 12; index += 1)
      await client.append(
        'other-1',
        Array.from({ length: 100 }, (_, n) => ({
          id: `00000000-0000-5000-8000-${String(index * 100 + n + 1).padStart(12, '0')}`,
          type: 'X',
          data: {},
          metadata: {} as never,
        })),
        index === 0 ? 'no_stream' : BigInt(index * 100 - 1),
      );
    expect(await subscription.caughtUp()).toBe(true);
    await until(() => kept.upTo !== before);
    expect(kept.events).toHaveLength(1);
  });
  test('holds back while a slow batch is handled, and then goes on', async () => {
    await put(2_000);
    const { kept, onBatch } = consumer();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const subscription = follow(async (events, upTo) => (await held, onBatch(events, upTo)), { batchSize: 100 });
    await until(() => subscription.health().state === 'live');
    await put(10);
    expect(await subscription.caughtUp()).toBe(false);
    release();
    await until(() => kept.events.length === 2_010);
    expect(revisions(kept.events, 'wallet-1')).toEqual(counted(2_010));
  });
  test('loses nothing and repeats nothing while the node is stopped and started again', async () => {
    await put(300);
    const { kept, onBatch } = consumer();
    let handled = 0;
    let reached = (): void => undefined;
    const middle = new Promise<void>((resolve) => (reached = resolve));
    const subscription = follow(
      async (events, upTo) => {
        await onBatch(events, upTo);
        if ((handled += events.length) >= 100) reached();
      },
      { batchSize: 20 },
    );
    await middle;
    await node.node.stop();
    const again = await startTestNode({ port: node.node.port, database: node.database });
    node = again;
    await put(50, '2');
    await until(() => kept.events.length >= 350);
    await until(() => subscription.caughtUp());
    expect(revisions(kept.events, 'wallet-1')).toEqual(counted(300));
    expect(revisions(kept.events, 'wallet-2')).toEqual(counted(50));
    expect(subscription.health().resubscriptions).toBeGreaterThan(0);
  });
  test('loses nothing and repeats nothing while the network is cut and handlers throw, across restarts of the consumer with its persisted position', async () => {
    const { kept, onBatch } = consumer();
    // A cut can leave a subscription that hears nothing and is told nothing; waiting for the watchdog is no part of this.
    const tuning = { watchEveryMs: 50, stalledAfterMs: 500 };
    let isOver = false;
    const cutting = (async () => {
      // On a busy machine nothing may come through between two cuts; then the next is a while later.
      for (let waitMs = 70, seen = 0; !isOver; seen = kept.events.length) {
        await new Promise((resolve) => setTimeout(resolve, waitMs));
        network.cut();
        waitMs = kept.events.length > seen ? 70 : waitMs * 1.5;
      }
    })();
    let batches = 0;
    try {
      for (let round = 0; round < 5; round += 1) {
        const subscription = follow(
          async (events, upTo) => {
            if ((batches += 1) % 5 === 0) throw new Error('no');
            await onBatch(events, upTo);
          },
          { batchSize: 7, tuning, ...(kept.upTo === undefined ? {} : { from: kept.upTo }) },
        );
        await put(40);
        await until(() => kept.events.length >= round * 40 + 20);
        await subscription.stop();
      }
    } finally {
      isOver = true;
      await cutting;
    }
    const last = follow(onBatch, { tuning, ...(kept.upTo === undefined ? {} : { from: kept.upTo }) });
    await until(() => last.caughtUp().catch(() => false));
    expect(revisions(kept.events, 'wallet-1')).toEqual(counted(200));
  });
  test('that the server has stopped serving without a word is noticed and made anew', async () => {
    await put(5);
    const { kept, onBatch } = consumer();
    // The subscription goes through a network of its own, which falls silent; the watchdog asks through another.
    const deaf = await startNetwork(node.node.port);
    const remote = connectEventStore(deaf.connectionString);
    const troubles: string[] = [];
    const subscription = follow(onBatch, {
      client: {
        ...client,
        readAllBackwards: (options) => client.readAllBackwards(options),
        subscribeToAll: (options) => remote.subscribeToAll(options),
      } as EventStoreClient,
      onTrouble: ({ kind }) => troubles.push(kind),
      tuning: { watchEveryMs: 20, stalledAfterMs: 200 },
    });
    await until(() => kept.events.length === 5);
    deaf.silence('answers');
    await put(5);
    await until(() => troubles.includes('stalled'));
    deaf.heal();
    await until(() => kept.events.length === 10);
    expect(revisions(kept.events, 'wallet-1')).toEqual(counted(10));
    expect(subscription.health().stalls).toBeGreaterThan(0);
    await subscription.stop();
    await remote.dispose();
    await deaf.stop();
  });
});
