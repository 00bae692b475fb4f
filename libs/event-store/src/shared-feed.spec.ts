import { setTimeout as pause } from 'node:timers/promises';
import { until } from './fixture';
import {
  shareSubscriptions,
  StoreUnavailable,
  subscribe,
  type AllItem,
  type AllSource,
  type Position,
  type SubscriptionClient,
} from './index';
import { memoryStore, type MemoryStore } from './testing';

const streams: readonly string[] = ['wallet-1', 'wallet-2', 'purse-1'];

/** A store that counts what is read of it. */
const setUp = (keptMax = 100) => {
  const store = memoryStore();
  const opened: { readonly after: Position | undefined; delivered: number; isOver: boolean }[] = [];
  const client: SubscriptionClient = {
    readAllBackwards: (options) => store.readAllBackwards(options),
    subscribeToAll: (options) => {
      const source = store.subscribeToAll(options);
      const note = { after: options.after, delivered: 0, isOver: false };
      opened.push(note);
      return {
        next: async (max) => {
          const items = await source.next(max);
          note.delivered += items.length;
          return items;
        },
        cancel: (reason) => {
          note.isOver = true;
          source.cancel(reason);
        },
      };
    },
  };
  let written = 0;
  const revisions = new Map<string, bigint>();
  const put = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index += 1) {
      const stream = streams[written % streams.length] as string;
      const expected = revisions.get(stream) ?? 'no_stream';
      const id = `00000000-0000-5000-8000-${String((written += 1)).padStart(12, '0')}`;
      const event = { id, type: 'Put', data: { n: written, lines: [{ n: 1 }] }, metadata: { schemaVersion: 1 } as never };
      revisions.set(stream, (await store.append(stream, [event], expected)).revision);
    }
  };
  const shared = shareSubscriptions(client, ['wallet', 'purse'], keptMax);
  const running = (): number => opened.filter(({ isOver }) => !isOver).length;
  return { store, client, shared, opened, running, put };
};

const eventsOf = (items: readonly AllItem[]): number[] =>
  items.flatMap((item) => (item.kind === 'event' ? [(item.event.data as { n: number }).n] : []));
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** Reads until it has so many events, all of them. */
const read = async (source: AllSource, count: number, max = 500): Promise<number[]> => {
  const events: number[] = [];
  while (events.length < count) events.push(...eventsOf(await source.next(max)));
  return events;
};

const options = { categories: ['wallet', 'purse'], bufferSize: 500 } as const;
const positionOf = (store: MemoryStore, n: number): Position => store.log[n - 1]?.position as Position;

describe('several readers', () => {
  test('are given every event in order, and the server sends each once', async () => {
    const { shared, opened, put } = setUp();
    await put(5);
    const readers = [1, 2, 3, 4].map(() => shared.subscribeToAll(options));
    expect(await Promise.all(readers.map((reader) => read(reader, 5)))).toEqual([1, 2, 3, 4].map(() => upTo(5)));
    const further = readers.map((reader) => read(reader, 3));
    await put(3);
    expect(await Promise.all(further)).toEqual([1, 2, 3, 4].map(() => [6, 7, 8]));
    expect(opened.map(({ delivered }) => delivered)).toEqual([8]);
  });

  test('are given what is of their categories only; one that wants others reads by itself', async () => {
    const { shared, opened, put } = setUp();
    await put(6);
    const purse = shared.subscribeToAll({ ...options, categories: ['purse'] });
    expect(await read(purse, 2, 1)).toEqual([3, 6]);
    const foreign = shared.subscribeToAll({ ...options, categories: ['purse', 'box'] });
    expect(await read(foreign, 2)).toEqual([3, 6]);
    expect(opened).toHaveLength(2);
  });

  test('begin where they stand: within what is kept for one that is behind at once, without reading it anew', async () => {
    const { store, shared, opened, put } = setUp();
    await put(9);
    const [fast, slow] = [shared.subscribeToAll(options), shared.subscribeToAll(options)];
    expect([await read(fast, 9), await read(slow, 2, 1)]).toEqual([upTo(9), [1, 2]]);
    const later = shared.subscribeToAll({ ...options, after: positionOf(store, 6) });
    expect(await read(later, 3)).toEqual([7, 8, 9]);
    expect(opened).toHaveLength(1);
  });

  test('what all have read is not kept: who begins before it reads by itself, who begins after it does not', async () => {
    const { store, shared, opened, put } = setUp();
    await put(9);
    const one = shared.subscribeToAll(options);
    expect(await read(one, 9)).toEqual(upTo(9));
    const news = read(one, 1);
    const [before, after] = [8, 9].map((n) => shared.subscribeToAll({ ...options, after: positionOf(store, n) }));
    expect(await read(before as AllSource, 1)).toEqual([9]);
    const further = read(after as AllSource, 1);
    await put(1);
    expect([await news, await further]).toEqual([[10], [10]]);
    expect(opened.map((one) => one.after)).toEqual([undefined, positionOf(store, 8)]);
  });

  test('one that is further behind than is kept reads by itself, holds up nobody, and comes back once it has caught up', async () => {
    const { shared, opened, running, put } = setUp(10);
    const [fast, slow] = [shared.subscribeToAll(options), shared.subscribeToAll(options)];
    await put(2);
    expect([await read(fast, 2), await read(slow, 2)]).toEqual([upTo(2), upTo(2)]);
    await put(60);
    expect(await read(fast, 60, 5)).toEqual(upTo(62).slice(2));
    expect(await read(slow, 60, 7)).toEqual(upTo(62).slice(2));
    const both = [read(fast, 1), read(slow, 1)];
    await put(1);
    expect(await Promise.all(both)).toEqual([[63], [63]]);
    expect([opened.length, running()]).toEqual([2, 1]);
  });

  test('one that is ahead reads by itself until the others have come as far', async () => {
    const { store, shared, running, put } = setUp();
    await put(20);
    const behind = shared.subscribeToAll(options);
    const ahead = shared.subscribeToAll({ ...options, after: positionOf(store, 20) });
    const news = read(ahead, 1);
    await put(1);
    expect(await news).toEqual([21]);
    expect(await read(behind, 21)).toEqual(upTo(21));
    const both = [read(behind, 1), read(ahead, 1)];
    await put(1);
    expect(await Promise.all(both)).toEqual([[22], [22]]);
    expect(running()).toBe(1);
  });

  test('cannot change what the others are given', async () => {
    const { shared, put } = setUp();
    await put(1);
    const reader = shared.subscribeToAll(options);
    let item: AllItem | undefined;
    while (item?.kind !== 'event') [item] = await reader.next(1);
    const data = item.event.data as { lines: { n: number }[] };
    expect(() => data.lines.push({ n: 2 })).toThrow(TypeError);
    expect(() => ((data.lines[0] as { n: number }).n = 2)).toThrow(TypeError);
  });
});

describe('an end', () => {
  test('of one reader is nothing to the others; after the last nothing is read any more, and the next begins anew', async () => {
    const { store, shared, opened, running, put } = setUp();
    await put(3);
    const [one, other] = [shared.subscribeToAll(options), shared.subscribeToAll(options)];
    await read(one, 3);
    const [waiting, left] = [one.next(1), other.next(500).then(() => other.next(1))];
    other.cancel();
    await expect(left).rejects.toThrow(StoreUnavailable);
    await put(1);
    expect(eventsOf(await waiting)).toEqual([4]);
    one.cancel();
    await expect(one.next(1)).rejects.toThrow(StoreUnavailable);
    expect(running()).toBe(0);
    expect(await read(shared.subscribeToAll({ ...options, after: positionOf(store, 2) }), 2)).toEqual([3, 4]);
    expect(opened.map(({ after }) => after)).toEqual([undefined, positionOf(store, 2)]);
  });

  test('of the connection is told to all who wait; who comes back goes on where the feed stood', async () => {
    const { store, shared, opened, put } = setUp();
    await put(3);
    const readers = [shared.subscribeToAll(options), shared.subscribeToAll(options), shared.subscribeToAll(options)];
    await Promise.all(readers.map((reader) => read(reader, 3)));
    const waiting = readers.slice(0, 2).map((reader) => reader.next(1));
    store.dropSubscriptions();
    for (const one of waiting) await expect(one).rejects.toThrow('the server went away');
    readers[0]?.cancel();
    readers[1]?.cancel();
    const back = shared.subscribeToAll({ ...options, after: positionOf(store, 3) });
    const [news, others] = [read(back, 1), read(readers[2] as AllSource, 1)];
    await put(1);
    expect([await news, await others]).toEqual([[4], [4]]);
    expect(opened.map(({ after }) => after)).toEqual([undefined, positionOf(store, 3)]);
  });

  test('for a reason, of one that waits in vain: the others go on over a new subscription without noticing', async () => {
    const { shared, opened, put } = setUp();
    await put(2);
    const [one, other] = [shared.subscribeToAll(options), shared.subscribeToAll(options)];
    await Promise.all([read(one, 2), read(other, 2)]);
    const [stalled, waiting] = [one.next(1), read(other, 1)];
    one.cancel(new StoreUnavailable('silent'));
    await expect(stalled).rejects.toThrow('silent');
    await put(1);
    expect(await waiting).toEqual([3]);
    expect(opened.map(({ isOver }) => isOver)).toEqual([true, false]);
  });

  test('of a store that cannot be asked is told as well', async () => {
    const store = memoryStore();
    const client: SubscriptionClient = {
      ...store,
      subscribeToAll: () => {
        throw new StoreUnavailable('closed');
      },
    };
    await expect(
      shareSubscriptions(client, ['wallet'], 10)
        .subscribeToAll({ ...options, categories: ['wallet'] })
        .next(1),
    ).rejects.toThrow('closed');
  });
});

test('FEED_EVENTS_MAX: subscriptions of any pace, beginning, stopping, dropped and falling behind what is kept, handle every event once and in order', async () => {
  const { store, shared, put } = setUp(20);
  const handled: { readonly kept: string[]; position: Position | undefined }[] = [1, 2, 3, 4].map(() => ({
    kept: [],
    position: undefined,
  }));
  const start = (index: number) => {
    const mine = handled[index] as (typeof handled)[number];
    return subscribe({
      client: shared,
      categories: options.categories,
      batchSize: 3 + 4 * index,
      ...(mine.position === undefined ? {} : { from: mine.position }),
      onBatch: async (events, position) => {
        if (index > 0) await pause(index);
        mine.kept.push(...events.map(({ stream, revision }) => `${stream}@${revision}`));
        mine.position = position;
      },
      tuning: { retryFirstMs: 1, retryMaxMs: 3 },
    });
  };
  const running = handled.map((_, index) => start(index));
  for (let round = 0; round < 30; round += 1) {
    await put(17);
    if (round % 5 === 1) store.dropSubscriptions();
    const index = round % 4;
    await running[index]?.stop();
    if (round % 3 === 0) await pause(2);
    running[index] = start(index);
  }
  const all = store.log.map(({ stream, revision }) => `${stream}@${revision}`);
  await until(() => handled.every(({ kept }) => kept.length >= all.length));
  for (const { kept } of handled) expect(kept).toEqual(all);
  await Promise.all(running.map((one) => one.stop()));
});
