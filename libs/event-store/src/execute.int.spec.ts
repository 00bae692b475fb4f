import { startTestNode, type TestNode } from '@qiyue/event-store-node/testing';
import { by, collect, noon, wallet } from './fixture';
import { startNetwork } from './fixture-network';
import {
  connectEventStore,
  createExecutor,
  StoreFault,
  verifyChain,
  WrongRevision,
  type EventStoreClient,
  type Executor,
  type Outcome,
} from './index';
import { memoryVault } from './testing';

const anna = { accountId: 'anna', holder: 'Anna Li' };
const vault = memoryVault();
let node: TestNode;
let client: EventStoreClient;
let executor: Executor;
let streams = 0;
const fresh = (): string => `w${(streams += 1)}`;

beforeAll(async () => {
  node = await startTestNode();
  client = connectEventStore(node.connectionString);
  executor = createExecutor({ client, vault });
});
afterAll(async () => {
  await client.dispose();
  await node.stop();
});

describe('commands over the real client', () => {
  test('are loaded, decided, appended and read back, chain and all', async () => {
    const id = fresh();
    await executor.execute(wallet, id, 'open', anna, {}, by('c1'), { expectNew: true });
    await executor.execute(wallet, id, 'put', { amounts: [5, 6], note: '注意 \u2028 "quoted" 😀' }, {}, by('c2'));
    const taken = await executor.execute(wallet, id, 'take', { amount: 11 }, ({ balance }) => ({ now: `${noon}+${balance}` }), by('c3'));
    expect(taken).toMatchObject({ kind: 'accepted', revision: '3', events: [{ data: { at: `${noon}+11` } }] });
    expect((await executor.load(wallet, id)).state).toMatchObject({ balance: 0, holder: 'Anna Li' });
    const stored = await collect(executor.history(`wallet-${id}`));
    expect(stored.map(({ revision, type, streamId, category }) => [revision, type, streamId, category])).toEqual([
      [0n, 'WalletOpened', id, 'wallet'],
      [1n, 'MoneyPut', id, 'wallet'],
      [2n, 'MoneyPut', id, 'wallet'],
      [3n, 'MoneyTaken', id, 'wallet'],
    ]);
    expect(stored[0]?.data).toMatchObject({ holder: expect.stringMatching(/^sealed:1:anna:/) as string });
    expect(await verifyChain(executor.history(`wallet-${id}`))).toMatchObject({ ok: true, events: 4 });
  });
  test('given fifty times at once by two executors leave one set of events, and all are answered with the stored ones', async () => {
    const id = fresh();
    const other = createExecutor({ client, vault });
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        (index % 2 === 0 ? executor : other).execute(
          wallet,
          id,
          'put',
          { amounts: [1, 2] },
          {},
          by('c1', { now: `2026-03-02T12:00:00.${100 + index}Z` }),
          { expectNew: index % 4 < 2 },
        ),
      ),
    );
    const stored = await collect(executor.history(`wallet-${id}`));
    expect(stored).toHaveLength(2);
    for (const outcome of outcomes)
      expect(
        outcome.kind === 'accepted' && outcome.events.map((event) => [event.id, event.metadata.recordedAt, event.metadata.hash]),
      ).toEqual(stored.map((event) => [event.id, event.metadata.recordedAt, event.metadata.hash]));
  });
  test('of two processes on one stream all get through, one after the other', async () => {
    const id = fresh();
    const other = createExecutor({ client, vault, cacheStreams: 10 });
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        (index % 2 === 0 ? executor : other).execute(wallet, id, 'put', { amounts: [1] }, {}, by(`c${index}`)),
      ),
    );
    expect(outcomes.filter(({ kind }) => kind === 'accepted')).toHaveLength(30);
    expect((await executor.load(wallet, id)).state.balance).toBe(30);
    expect(await verifyChain(executor.history(`wallet-${id}`))).toMatchObject({ ok: true, events: 30 });
  });
  test('with the same key and another body are refused', async () => {
    const id = fresh();
    await executor.execute(wallet, id, 'put', { amounts: [1] }, {}, by('c1'));
    expect(await executor.execute(wallet, id, 'put', { amounts: [2] }, {}, by('c1'))).toMatchObject({
      kind: 'rejected',
      code: 'idempotency-key-reused',
      status: 422,
    });
    expect(await executor.execute(wallet, id, 'put', { amounts: [1] }, {}, by('c1', { now: '2027-01-01T00:00:00.000Z' }))).toMatchObject({
      kind: 'accepted',
      replayed: true,
    });
  });
});

describe('the real client', () => {
  const event = (id: string) => ({ id, type: 'MoneyPut', data: { amount: 1 }, metadata: {} as never });
  const uuid = (n: number): string => `00000000-0000-5000-8000-${String(n).padStart(12, '0')}`;
  test('an append at the wrong revision is refused, on a stream that exists and on one that does not', async () => {
    const name = `wallet-${fresh()}`;
    await expect(client.append(name, [event(uuid(1))], 0n)).rejects.toThrow(WrongRevision);
    expect(await client.append(name, [event(uuid(1)), event(uuid(2))], 'no_stream')).toMatchObject({ revision: 1n });
    await expect(client.append(name, [event(uuid(3))], 'no_stream')).rejects.toThrow(WrongRevision);
    await expect(client.append(name, [event(uuid(3))], 0n)).rejects.toThrow(WrongRevision);
  });
  test('an append that comes again is one append', async () => {
    const name = `wallet-${fresh()}`;
    await client.append(name, [event(uuid(11)), event(uuid(12))], 'no_stream');
    expect(await client.append(name, [event(uuid(11)), event(uuid(12))], 'no_stream')).toMatchObject({ revision: 1n });
    expect(await collect(client.readStream(name))).toHaveLength(2);
  });
  test('a stream is read from a revision on, so many events, and not at all if it does not exist', async () => {
    const name = `wallet-${fresh()}`;
    await client.append(
      name,
      [21, 22, 23, 24].map((n) => event(uuid(n))),
      'no_stream',
    );
    expect((await collect(client.readStream(name, { from: 1n, maxCount: 2 }))).map(({ revision }) => revision)).toEqual([1n, 2n]);
    expect(await collect(client.readStream(`wallet-${fresh()}`))).toEqual([]);
  });
  test('a read can be left early', async () => {
    const name = `wallet-${fresh()}`;
    await client.append(
      name,
      Array.from({ length: 300 }, (_, n) => event(uuid(1_000 + n))),
      'no_stream',
    );
    for await (const { revision } of client.readStream(name)) if (revision === 3n) break;
    expect(await collect(client.readStream(name))).toHaveLength(300);
  });
  test('an append that is too large is a fault at once, not one to be tried for ever', async () => {
    const refused = client.append(`wallet-${fresh()}`, [{ ...event(uuid(31)), data: { text: 'x'.repeat(2 * 1024 * 1024) } }], 'no_stream');
    await expect(refused).rejects.toThrow(StoreFault);
    await expect(refused).rejects.toThrow(/refused/);
  });
});

describe('over a network that breaks', () => {
  const broken = async (
    use: (parts: { network: Awaited<ReturnType<typeof startNetwork>>; through: Executor; observed: string[] }) => Promise<void>,
  ): Promise<void> => {
    const network = await startNetwork(node.node.port);
    const remote = connectEventStore(network.connectionString, { patienceMs: 400 });
    const observed: string[] = [];
    try {
      await use({
        network,
        observed,
        through: createExecutor({ client: remote, vault, tries: 20, observe: (what) => observed.push(what) }),
      });
    } finally {
      await remote.dispose();
      await network.stop();
    }
  };
  test('an append whose answer was lost is stored once, and answered', () =>
    broken(async ({ network, through, observed }) => {
      const id = fresh();
      await through.execute(wallet, id, 'open', anna, {}, by('c1'));
      network.silence('answers');
      const pending = through.execute(wallet, id, 'put', { amounts: [1, 2] }, {}, by('c2'), {});
      // Stored behind the silence or lost in it: either way the command must end up done once.
      setTimeout(() => network.heal(), 300);
      expect(await pending).toMatchObject({ kind: 'accepted', revision: '2' });
      expect(await collect(executor.history(`wallet-${id}`))).toHaveLength(3);
      expect(await verifyChain(executor.history(`wallet-${id}`))).toMatchObject({ ok: true });
      expect(observed).not.toContain('conflict');
    }));
  test('commands go on through cuts, each done once', () =>
    broken(async ({ network, through }) => {
      const ids = Array.from({ length: 8 }, fresh);
      await through.execute(wallet, ids[0] as string, 'open', anna, {}, by('first'));
      // In the middle of things: each time some commands are through, the others lose their connection.
      let done = 0;
      const run = async (id: string, index: number): Promise<Outcome> => {
        const outcome = await through.execute(wallet, id, 'put', { amounts: [1] }, {}, by(`${id}-${index}`));
        if ((done += 1) % 5 === 0) setImmediate(() => network.cut());
        return outcome;
      };
      const outcomes = await Promise.all(ids.flatMap((id) => Array.from({ length: 6 }, (_, index) => run(id, index))));
      expect(outcomes.every(({ kind }) => kind === 'accepted')).toBe(true);
      for (const id of ids) {
        expect((await executor.load(wallet, id)).state.balance).toBe(6);
        expect(await verifyChain(executor.history(`wallet-${id}`))).toMatchObject({ ok: true });
      }
    }));
  test('a client that met silence at its very first question is made anew, and works once the store answers', () =>
    broken(async ({ network, through }) => {
      network.silence('both');
      const pending = through.execute(wallet, fresh(), 'put', { amounts: [1] }, {}, by('c1'));
      setTimeout(() => network.heal(), 1_500);
      expect(await pending).toMatchObject({ kind: 'accepted' });
    }));
});
