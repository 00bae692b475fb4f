import { by, until, wallet } from './fixture';
import {
  comparePositions,
  createExecutor,
  StoreUnavailable,
  subscribe,
  UnreadableEvent,
  type AllItem,
  type AllSource,
  type EventStoreClient,
  type Position,
  type StoredEvent,
  type SubscribeOptions,
  type SubscriptionTuning,
} from './index';
import { memoryStore, memoryVault, type MemoryStore } from './testing';

const quick: Partial<SubscriptionTuning> = { retryFirstMs: 1, retryMaxMs: 2, watchEveryMs: 5, stalledAfterMs: 20, random: () => 0 };

const setUp = (store = memoryStore()) => {
  const executor = createExecutor({ client: store, vault: memoryVault() });
  let commands = 0;
  /** Appends this many events to a wallet, one command each. */
  const put = async (count: number, id = '1') => {
    for (let index = 0; index < count; index += 1)
      await executor.execute(wallet, id, 'put', { amounts: [1] }, {}, by(`c${(commands += 1)}`));
  };
  return { store, put };
};

/** A consumer that keeps events and position together, as a transaction would. */
const consumer = () => {
  const kept = { events: [] as StoredEvent[], upTo: undefined as Position | undefined, batches: [] as number[] };
  return {
    kept,
    onBatch: async (events: readonly StoredEvent[], upTo: Position) =>
      void (kept.events.push(...events), (kept.upTo = upTo), kept.batches.push(events.length)),
  };
};

const follow = (store: EventStoreClient, onBatch: SubscribeOptions['onBatch'], more: Partial<SubscribeOptions> = {}) =>
  subscribe({ client: store, categories: ['wallet'], onBatch, ...more, tuning: { ...quick, ...more.tuning } });

/** A store whose subscriptions a test scripts by hand. */
const scripted = (store: MemoryStore) => {
  const sources: { after: Position | undefined; give: (...items: AllItem[]) => void; drop: () => void; cancelled: boolean }[] = [];
  const client: EventStoreClient = {
    ...store,
    subscribeToAll: ({ after }) => {
      const waiting: AllItem[] = [];
      let wake = (): void => undefined;
      let ended: Error | undefined;
      const drop = (): void => ((ended ??= new StoreUnavailable('dropped')), wake());
      const handle = { after, cancelled: false, give: (...items: AllItem[]) => (waiting.push(...items), wake()), drop };
      sources.push(handle);
      return {
        next: async (max) => {
          while (waiting.length === 0 && ended === undefined) await new Promise<void>((resolve) => (wake = resolve));
          if (ended !== undefined) throw ended;
          return waiting.splice(0, max);
        },
        cancel: (reason = new StoreUnavailable('cancelled')) => ((ended ??= reason), (handle.cancelled = true), wake()),
      } satisfies AllSource;
    },
  };
  const itemOf = (index: number): AllItem => ({ kind: 'event', event: store.log[index] as never });
  return { client, sources, itemOf, positionOf: (index: number) => (store.log[index] as { position: Position }).position };
};

describe('a subscription', () => {
  test('delivers what is there and what comes, in order, of its categories only', async () => {
    const { store, put } = setUp();
    await put(3);
    await store.append('other-1', [{ id: 'x', type: 'X', data: {}, metadata: {} as never }], 'no_stream');
    const { kept, onBatch } = consumer();
    const subscription = follow(store, onBatch);
    await until(() => kept.events.length === 3);
    await put(2, '2');
    await until(() => kept.events.length === 5);
    expect(kept.events.map(({ stream, revision, category, streamId }) => [stream, revision, category, streamId])).toEqual([
      ['wallet-1', 0n, 'wallet', '1'],
      ['wallet-1', 1n, 'wallet', '1'],
      ['wallet-1', 2n, 'wallet', '1'],
      ['wallet-2', 0n, 'wallet', '2'],
      ['wallet-2', 1n, 'wallet', '2'],
    ]);
    expect(subscription.position()).toEqual(kept.upTo);
    expect(subscription.health()).toMatchObject({
      state: 'live',
      events: 5,
      resubscriptions: 0,
      failures: 0,
      stalls: 0,
      lastError: undefined,
    });
    await subscription.stop();
    expect(subscription.health().state).toBe('stopped');
  });
  test('goes on after the position that was persisted', async () => {
    const { store, put } = setUp();
    await put(4);
    const { kept, onBatch } = consumer();
    const subscription = follow(store, onBatch, { from: store.log[1]?.position as Position });
    await until(() => kept.events.length === 2);
    expect(kept.events.map(({ revision }) => revision)).toEqual([2n, 3n]);
    await subscription.stop();
  });
  test('never has more in a batch than was asked for', async () => {
    const { store, put } = setUp();
    await put(10);
    const { kept, onBatch } = consumer();
    const subscription = follow(store, onBatch, { batchSize: 4 });
    await until(() => kept.events.length === 10);
    expect(kept.batches).toEqual([4, 4, 2]);
    await subscription.stop();
  });
  test('rests after a batch that was not full, reading nothing meanwhile, and not after a full one', async () => {
    const { store, put } = setUp();
    await put(6);
    const { kept, onBatch } = consumer();
    const rests: (() => void)[] = [];
    const subscription = follow(store, onBatch, { batchSize: 4, rest: () => new Promise<void>((resolve) => rests.push(resolve)) });
    await until(() => rests.length === 1);
    expect(kept.batches).toEqual([4, 2]);
    await put(3, '2');
    expect(kept.batches).toEqual([4, 2]);
    rests[0]?.();
    await until(() => rests.length === 2);
    expect(kept.batches).toEqual([4, 2, 3]);
    const stopped = subscription.stop();
    rests[1]?.();
    await stopped;
  });
  test('reads nothing more while a batch is handled, and stops only after it', async () => {
    const { store, put } = setUp();
    let reads = 0;
    const client: EventStoreClient = {
      ...store,
      subscribeToAll: (options) => {
        const source = store.subscribeToAll(options);
        return { next: (max) => ((reads += 1), source.next(max)), cancel: (reason) => source.cancel(reason) };
      },
    };
    await put(3);
    const { kept, onBatch } = consumer();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const subscription = follow(client, async (events, upTo) => (await held, onBatch(events, upTo)), { batchSize: 1 });
    await until(() => reads === 1);
    await new Promise(setImmediate);
    expect([reads, subscription.position()]).toEqual([1, undefined]);
    const stopping = subscription.stop();
    release();
    await stopping;
    expect(kept.events).toHaveLength(1);
    expect(subscription.position()).toEqual(store.log[0]?.position);
  });
  test('repeats a batch that fails until it is handled, and skips nothing', async () => {
    const { store, put } = setUp();
    await put(5);
    const { kept, onBatch } = consumer();
    let failures = 3;
    const troubles: string[] = [];
    const subscription = follow(
      store,
      async (events, upTo) => {
        if (kept.events.length === 2 && failures-- > 0) throw new Error('no');
        return onBatch(events, upTo);
      },
      { batchSize: 2, onTrouble: ({ kind, attempt }) => troubles.push(`${kind} ${attempt}`) },
    );
    await until(() => kept.events.length === 5);
    expect(kept.events.map(({ revision }) => revision)).toEqual([0n, 1n, 2n, 3n, 4n]);
    expect(troubles).toEqual(['failed 1', 'failed 2', 'failed 3']);
    expect(subscription.health()).toMatchObject({ state: 'live', failures: 3, lastError: undefined });
    await subscription.stop();
  });
  test('says that it is failing, and why, for as long as it is; and can be stopped', async () => {
    const { store, put } = setUp();
    await put(1);
    const subscription = follow(store, () => Promise.reject(new Error('no room')), {
      onTrouble: () => {
        throw new Error('the hook fails too');
      },
    });
    await until(() => subscription.health().failures > 2);
    expect(subscription.health()).toMatchObject({ state: 'failing', lastError: 'no room', position: undefined });
    expect(await subscription.caughtUp()).toBe(false);
    await subscription.stop();
  });
  test('loses nothing and repeats nothing, however often the connection drops', async () => {
    const { store, put } = setUp();
    const { kept, onBatch } = consumer();
    const subscription = follow(
      store,
      async (events, upTo) => {
        if (upTo.commit % 7n === 0n) store.dropSubscriptions();
        return onBatch(events, upTo);
      },
      { batchSize: 3 },
    );
    for (let round = 0; round < 10; round += 1) {
      await put(4);
      store.dropSubscriptions();
    }
    await until(() => kept.events.length >= 40);
    expect(await subscription.caughtUp()).toBe(true);
    expect(kept.events.map(({ revision }) => revision)).toEqual(Array.from({ length: 40 }, (_, index) => BigInt(index)));
    expect(subscription.health().resubscriptions).toBeGreaterThan(0);
    await subscription.stop();
  });
  test('subscribes again for ever while the store is away', async () => {
    const { store, put } = setUp();
    await put(1);
    let refusals = 20;
    const { kept, onBatch } = consumer();
    const subscription = follow(
      {
        ...store,
        subscribeToAll: (options) => {
          if (refusals-- > 0) throw new StoreUnavailable('away');
          return store.subscribeToAll(options);
        },
      },
      onBatch,
    );
    expect(subscription.health().state).toBe('connecting');
    await until(() => kept.events.length === 1);
    expect(subscription.health()).toMatchObject({ state: 'live', resubscriptions: 20 });
    await subscription.stop();
  });
  test('drops a repeated event, even if the server starts too early', async () => {
    const { store, put } = setUp();
    await put(3);
    const { client, sources, itemOf } = scripted(store);
    const { kept, onBatch } = consumer();
    const subscription = follow(client, onBatch);
    await until(() => sources.length === 1);
    sources[0]?.give(itemOf(0), itemOf(1), itemOf(1), itemOf(0), itemOf(2));
    await until(() => kept.events.length === 3);
    expect(kept.events.map(({ revision }) => revision)).toEqual([0n, 1n, 2n]);
    await subscription.stop();
  });
});

describe('the position of a subscription', () => {
  test('moves past events of others by checkpoints, as an empty batch after the events before it', async () => {
    const { store, put } = setUp();
    await put(3);
    const { client, sources, itemOf, positionOf } = scripted(store);
    const seen: [number, bigint][] = [];
    const subscription = follow(client, async (events, upTo) => void seen.push([events.length, upTo.commit]));
    await until(() => sources.length === 1);
    sources[0]?.give({ kind: 'connected' }, itemOf(0), { kind: 'checkpoint', position: positionOf(1) });
    await until(() => seen.length === 1);
    sources[0]?.give({ kind: 'checkpoint', position: positionOf(2) });
    await until(() => seen.length === 2);
    // The same again is no news.
    sources[0]?.give({ kind: 'checkpoint', position: positionOf(2) }, { kind: 'checkpoint', position: positionOf(1) });
    await subscription.stop();
    expect(seen).toEqual([
      [1, 1n],
      [0, 2n],
    ]);
  });
  test('is never that of a checkpoint while an event before it is not handled', async () => {
    const { store, put } = setUp();
    await put(2);
    const { client, sources, itemOf, positionOf } = scripted(store);
    const { onBatch } = consumer();
    let failing = true;
    const subscription = follow(client, (events, upTo) => (failing ? Promise.reject(new Error('no')) : onBatch(events, upTo)));
    await until(() => sources.length === 1);
    sources[0]?.give(itemOf(0), { kind: 'checkpoint', position: positionOf(1) });
    await until(() => subscription.health().failures > 1);
    expect(subscription.position()).toBeUndefined();
    failing = false;
    await until(() => subscription.position() !== undefined);
    await subscription.stop();
  });
  test('never goes back, and an event behind a checkpoint that ran ahead is handled all the same', async () => {
    const { store, put } = setUp();
    await put(3);
    const { client, sources, itemOf, positionOf } = scripted(store);
    const { kept, onBatch } = consumer();
    const subscription = follow(client, onBatch);
    await until(() => sources.length === 1);
    sources[0]?.give({ kind: 'checkpoint', position: positionOf(2) });
    await until(() => subscription.position() !== undefined);
    expect(await subscription.caughtUp()).toBe(false);
    sources[0]?.give(itemOf(0), itemOf(1));
    await until(() => kept.events.length === 2);
    expect(kept.upTo).toEqual(positionOf(2));
    expect(await subscription.caughtUp()).toBe(false);
    sources[0]?.give(itemOf(2));
    await until(() => kept.events.length === 3);
    expect(await subscription.caughtUp()).toBe(true);
    await subscription.stop();
  });
  test('is left alone by checkpoints of a server that is known to get them wrong', async () => {
    const { store, put } = setUp();
    await put(2);
    const { client, sources, itemOf, positionOf } = scripted(store);
    const { kept, onBatch } = consumer();
    const subscription = follow(client, onBatch, { tuning: { idleCheckpoints: false } });
    await until(() => sources.length === 1);
    sources[0]?.give({ kind: 'checkpoint', position: positionOf(1) }, itemOf(0));
    await until(() => kept.events.length === 1);
    expect(kept.upTo).toEqual(positionOf(0));
    await subscription.stop();
  });
  test('after a drop, reading goes on after the last event, not after a checkpoint', async () => {
    const { store, put } = setUp();
    await put(3);
    const { client, sources, itemOf, positionOf } = scripted(store);
    const { kept, onBatch } = consumer();
    const subscription = follow(client, onBatch, { tuning: { stalledAfterMs: 600_000 } });
    await until(() => sources.length === 1);
    sources[0]?.give(itemOf(0), { kind: 'checkpoint', position: positionOf(2) });
    await until(() => kept.events.length === 1);
    sources[0]?.drop();
    await until(() => sources.length === 2);
    expect(sources[1]?.after).toEqual(positionOf(0));
    await subscription.stop();
  });
});

describe('a subscription that falls silent without an error', () => {
  test('is noticed and made anew, and nothing is lost', async () => {
    const { store, put } = setUp();
    await put(2);
    const { client, sources, itemOf } = scripted(store);
    const { kept, onBatch } = consumer();
    const troubles: string[] = [];
    const subscription = follow(client, onBatch, { onTrouble: ({ kind }) => troubles.push(kind) });
    await until(() => sources.length === 1);
    sources[0]?.give(itemOf(0));
    await until(() => sources.length === 2);
    expect(sources[0]?.cancelled).toBe(true);
    expect(sources[1]?.after).toEqual(store.log[0]?.position);
    sources[1]?.give(itemOf(1));
    await until(() => kept.events.length === 2);
    expect(troubles).toEqual(['stalled']);
    expect(subscription.health()).toMatchObject({ stalls: 1, state: 'live' });
    await subscription.stop();
  });
  test('is left alone if there is nothing to deliver, if a batch takes long, or if the store cannot be asked', async () => {
    const { store, put } = setUp();
    await put(1);
    await store.append('other-1', [{ id: 'x', type: 'X', data: {}, metadata: {} as never }], 'no_stream');
    const { client, sources, itemOf } = scripted(store);
    let looks = 0;
    let away = false;
    const asked: EventStoreClient = {
      ...client,
      readAllBackwards: (options) => {
        looks += 1;
        return away ? Promise.reject(new StoreUnavailable('away')) : store.readAllBackwards(options);
      },
    };
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const tuning = { stalledAfterMs: 1, watchEveryMs: 1 };
    const subscription = follow(asked, () => held, { tuning });
    await until(() => sources.length === 1);
    sources[0]?.give(itemOf(0));
    await until(() => subscription.health().state === 'live');
    const before = looks;
    // The watchdog of an idle subscription tells how long a busy one was left alone.
    let ticks = 0;
    const idle = follow(
      { ...store, readAllBackwards: (options) => ((ticks += 1), store.readAllBackwards(options)) },
      async () => undefined,
      { categories: ['nothing'], tuning },
    );
    await until(() => ticks > 3);
    await idle.stop();
    expect(looks).toBe(before);
    release();
    await until(() => looks > before + 3);
    away = true;
    await put(1);
    const then = looks;
    await until(() => looks > then + 3);
    expect(subscription.health()).toMatchObject({ stalls: 0, resubscriptions: 0 });
    expect(sources).toHaveLength(1);
    await subscription.stop();
  });
});

describe('whether a subscription has caught up', () => {
  test('is true of an empty store, false while something waits, and true once it is handled', async () => {
    const { store, put } = setUp();
    const { kept, onBatch } = consumer();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const subscription = follow(store, async (events, upTo) => (await held, onBatch(events, upTo)));
    expect(await subscription.caughtUp()).toBe(true);
    await put(1);
    expect(await subscription.caughtUp()).toBe(false);
    release();
    await until(() => kept.events.length === 1);
    expect(await subscription.caughtUp()).toBe(true);
    await subscription.stop();
  });
  test('does not wait for events of others, and looks at each of them once', async () => {
    const { store, put } = setUp();
    await put(1);
    const others = Array.from({ length: 3_000 }, (_, index) => ({ id: `x${index}`, type: 'X', data: {}, metadata: {} as never }));
    await store.append('other-1', others, 'no_stream');
    const counted = { pages: 0 };
    const { kept, onBatch } = consumer();
    const subscription = follow(
      { ...store, readAllBackwards: (options) => ((counted.pages += 1), store.readAllBackwards(options)) },
      onBatch,
    );
    await until(() => kept.events.length === 1);
    expect(await subscription.caughtUp()).toBe(true);
    const first = counted.pages;
    expect(await subscription.caughtUp()).toBe(true);
    expect([first > 3, counted.pages - first]).toEqual([true, 1]);
    await subscription.stop();
  });
  test('is told right by a server whose pages include the position they start before', async () => {
    const { store, put } = setUp();
    await put(1);
    await store.append(
      'other-1',
      Array.from({ length: 100 }, (_, index) => ({ id: `x${index}`, type: 'X', data: {}, metadata: {} as never })),
      'no_stream',
    );
    const inclusive: EventStoreClient = {
      ...store,
      readAllBackwards: async ({ before, maxCount }) =>
        store.log
          .filter(({ position }) => before === undefined || comparePositions(position, before) <= 0)
          .reverse()
          .slice(0, maxCount),
      subscribeToAll: scripted(store).client.subscribeToAll,
    };
    const subscription = follow(inclusive, async () => undefined);
    expect(await subscription.caughtUp()).toBe(false);
    await subscription.stop();
  });
});

describe('a subscription that knows its streams', () => {
  test('hands on events in their current version, still sealed', async () => {
    const { store, put } = setUp();
    await put(1);
    store.log[0] = {
      ...store.log[0],
      data: { sum: 1, note: 'sealed:1:anna:x' },
      metadata: { ...(store.log[0]?.metadata as object), schemaVersion: 1 },
    } as never;
    const { kept, onBatch } = consumer();
    const subscription = follow(store, onBatch, { streams: [wallet] });
    await until(() => kept.events.length === 1);
    expect(kept.events[0]?.data).toEqual({ amount: 1, note: 'sealed:1:anna:x' });
    await subscription.stop();
  });
  test('halts at an event that nobody declares, loudly, instead of skipping it', async () => {
    const { store, put } = setUp();
    await put(2);
    store.log[0] = { ...store.log[0], type: 'MoneyBurnt' } as never;
    const { kept, onBatch } = consumer();
    const errors: unknown[] = [];
    const subscription = follow(store, onBatch, { streams: [wallet], onTrouble: ({ error }) => errors.push(error) });
    await until(() => errors.length > 2);
    expect(errors[0]).toBeInstanceOf(UnreadableEvent);
    expect(kept.events).toEqual([]);
    expect(subscription.health().state).toBe('failing');
    await subscription.stop();
  });
});
