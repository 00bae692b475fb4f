import {
  END,
  EventStoreDBClient,
  eventTypeFilter,
  excludeSystemEvents,
  jsonEvent,
  START,
  StreamDeletedError,
  streamNameFilter,
  UnavailableError,
  type Position,
} from '@eventstore/db-client';
import { startEventStoreNode } from './node';
import { collect, connect, freshStream, numbered, numbers, revisions, take, until } from './spec-client';
import { startTestNode, type TestNode } from './testing';

let server: TestNode;
let client: EventStoreDBClient;

beforeEach(async () => {
  server = await startTestNode();
  client = connect(server.connectionString);
});
afterEach(async () => {
  await client.dispose();
  await server.stop();
});

const nextEvent = (source: { once(event: string, listener: (...args: never[]) => void): unknown }, event: string): Promise<void> =>
  new Promise((resolve) => {
    source.once(event, () => resolve());
  });

describe('a subscription to a stream', () => {
  test('delivers what is there, tells that it caught up, and goes on with what comes', async () => {
    await client.appendToStream('s-1', numbered(3));
    const subscription = client.subscribeToStream('s-1');
    const told: string[] = [];
    for (const name of ['confirmation', 'caughtUp'])
      subscription.once(name as 'confirmation', () => {
        told.push(name);
      });
    const received = take(subscription, 5);
    await until(() => told.includes('caughtUp'));
    await client.appendToStream('s-2', numbered(1));
    await client.appendToStream('s-1', numbered(2, 3));
    expect(numbers(await received)).toEqual([0, 1, 2, 3, 4]);
    expect(told).toEqual(['confirmation', 'caughtUp']);
  });

  test('starts after the revision given', async () => {
    await client.appendToStream('s-1', numbered(4));
    expect(revisions(await take(client.subscribeToStream('s-1', { fromRevision: 1n }), 2))).toEqual([2, 3]);
  });

  test('from the end delivers only what comes', async () => {
    await client.appendToStream('s-1', numbered(2));
    const subscription = client.subscribeToStream('s-1', { fromRevision: END });
    const received = take(subscription, 1);
    await nextEvent(subscription, 'caughtUp');
    await client.appendToStream('s-1', numbered(1, 2));
    expect(revisions(await received)).toEqual([2]);
  });

  test('can wait for a stream that is not there yet, and outlives a delete', async () => {
    const subscription = client.subscribeToStream('s-1');
    const received = take(subscription, 3);
    await nextEvent(subscription, 'caughtUp');
    await client.appendToStream('s-1', numbered(2));
    await client.deleteStream('s-1');
    await client.appendToStream('s-1', numbered(1, 2));
    expect(revisions(await received)).toEqual([0, 1, 2]);
  });

  test('skips what metadata hides', async () => {
    await client.appendToStream('s-1', numbered(5));
    await client.setStreamMetadata('s-1', { truncateBefore: 3 });
    expect(revisions(await take(client.subscribeToStream('s-1'), 2))).toEqual([3, 4]);
  });

  test('ends with an error when the stream is tombstoned, and cannot begin after that', async () => {
    await client.appendToStream('s-1', numbered(1));
    const subscription = client.subscribeToStream('s-1');
    const types: (string | undefined)[] = [];
    subscription.on('data', ({ event }) => types.push(event?.type));
    const ended = new Promise((resolve) => {
      subscription.once('error', resolve);
    });
    await until(() => types.length === 1);
    await client.tombstoneStream('s-1');
    expect(await ended).toBeInstanceOf(StreamDeletedError);
    expect(types).toEqual(['Numbered', '$streamDeleted']);
    await expect(collect(client.subscribeToStream('s-1'))).rejects.toBeInstanceOf(StreamDeletedError);
  });
});

describe('a subscription to $all', () => {
  test('delivers everything in order, old and new', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, n) => client.appendToStream(`s-${n % 3}`, numbered(5))));
    const received = take(client.subscribeToAll(), 150);
    await Promise.all(Array.from({ length: 10 }, (_, n) => client.appendToStream(`s-${n % 3}`, numbered(5))));
    const positions = (await received).map(({ event }) => Number(event?.position?.commit));
    expect(positions).toEqual(Array.from({ length: 150 }, (_, index) => index + 1));
  });

  test('starts after the position given, at the start, or at the end', async () => {
    await client.appendToStream('s-1', numbered(5));
    const at = (position: bigint): Position => ({ commit: position, prepare: position });
    expect(revisions(await take(client.subscribeToAll({ fromPosition: at(3n) }), 2))).toEqual([3, 4]);
    expect(revisions(await take(client.subscribeToAll({ fromPosition: at(0n) }), 2))).toEqual([0, 1]);
    expect(revisions(await take(client.subscribeToAll({ fromPosition: START }), 2))).toEqual([0, 1]);
    const fromEnd = client.subscribeToAll({ fromPosition: END });
    const received = take(fromEnd, 1);
    await nextEvent(fromEnd, 'caughtUp');
    await client.appendToStream('s-2', numbered(1));
    expect((await received)[0]?.event?.streamId).toBe('s-2');
  });

  test.each([
    ['a stream prefix', streamNameFilter({ prefixes: ['order-', 'invoice-'] }), ['invoice-1', 'order-1', 'order-1']],
    ['a stream pattern', streamNameFilter({ regex: '^[io].*-1$' }), ['invoice-1', 'order-1', 'order-1']],
    ['a type prefix', eventTypeFilter({ prefixes: ['Paid'] }), ['order-1', 'payment-1']],
    ['a type pattern', eventTypeFilter({ regex: 'id$' }), ['order-1', 'payment-1']],
    ['no system events', excludeSystemEvents(), ['invoice-1', 'order-1', 'order-1', 'payment-1']],
  ])('filtered by %s delivers what fits, old and new', async (_case, filter, expected) => {
    const write = async (): Promise<void> => {
      await client.setStreamMetadata('order-1', { maxCount: 100 });
      await client.appendToStream('invoice-1', jsonEvent({ type: 'Issued', data: {} }));
      await client.appendToStream('order-1', [jsonEvent({ type: 'Submitted', data: {} }), jsonEvent({ type: 'Paid', data: {} })]);
      await client.appendToStream('payment-1', jsonEvent({ type: 'Paid', data: {} }));
    };
    await write();
    const subscription = client.subscribeToAll({ filter });
    const received = take(subscription, expected.length * 2);
    await nextEvent(subscription, 'caughtUp');
    await write();
    expect((await received).map(({ event }) => event?.streamId)).toEqual([...expected, ...expected]);
  });

  test('with a filter tells checkpoints: at every interval, in order, never beyond an event still to come', async () => {
    for (let n = 0; n < 10; n += 1) await client.appendToStream('noise-1', numbered(20));
    await client.appendToStream('order-1', numbered(1));
    const told: (number | string)[] = [];
    const filter = streamNameFilter({
      prefixes: ['order-'],
      maxSearchWindow: 10,
      checkpointInterval: 5,
      checkpointReached: (_subscription, { commit }) => {
        told.push(Number(commit));
      },
    });
    const subscription = client.subscribeToAll({ filter });
    subscription.on('data', ({ event }) => told.push(`event ${String(event?.position?.commit)}`));
    subscription.once('caughtUp', () => told.push('caught up'));
    await until(() => told.includes('caught up'));
    expect(told.filter((item) => typeof item === 'number')).toEqual([50, 100, 150, 200, 201]);
    expect(told.filter((item) => typeof item !== 'number').sort()).toEqual(['caught up', 'event 201']);
    told.length = 0;
    for (let n = 0; n < 6; n += 1) await client.appendToStream('noise-1', numbered(10));
    await client.appendToStream('order-1', numbered(1));
    await until(() => told.includes('event 262'));
    expect(told).toEqual([250, 'event 262']);
    await subscription.unsubscribe();
  });

  test('resumed from any checkpoint misses nothing and repeats nothing', async () => {
    for (let n = 0; n < 30; n += 1) await client.appendToStream(n % 7 === 0 ? 'order-1' : 'noise-1', numbered(3, n * 3));
    const checkpoints: Position[] = [];
    const filter = streamNameFilter({
      prefixes: ['order-'],
      maxSearchWindow: 4,
      checkpointInterval: 1,
      checkpointReached: (_subscription, position) => {
        checkpoints.push(position);
      },
    });
    const first = client.subscribeToAll({ filter });
    first.resume();
    await nextEvent(first, 'caughtUp');
    await first.unsubscribe();
    const whole = (await collect(client.readAll()))
      .filter(({ event }) => event?.streamId === 'order-1')
      .map(({ event }) => event!.position!.commit);
    expect(checkpoints.length).toBeGreaterThan(10);
    for (const checkpoint of checkpoints) {
      const wanted = whole.filter((position) => position > checkpoint.commit);
      if (wanted.length === 0) continue;
      const rest = await take(
        client.subscribeToAll({ fromPosition: checkpoint, filter: streamNameFilter({ prefixes: ['order-'] }) }),
        wanted.length,
      );
      expect(rest.map(({ event }) => event?.position?.commit)).toEqual(wanted);
    }
  });

  test.each([
    ['no regular expression', '('],
    ['endlessly long', 'x'.repeat(2000)],
  ])('with a pattern that is %s is refused', async (_case, regex) => {
    await expect(collect(client.subscribeToAll({ filter: streamNameFilter({ regex }) }))).rejects.toThrow();
  });
});

test('a subscriber that reads late gets everything, though the live tail has long moved on', async () => {
  const body = 'x'.repeat(50_000);
  const slow = client.subscribeToAll({ fromPosition: START }, { highWaterMark: 1 });
  let fellBehind = false;
  slow.once('fellBehind' as 'caughtUp', () => {
    fellBehind = true;
  });
  await nextEvent(slow, 'caughtUp');
  for (let n = 0; n < 60; n += 1)
    await client.appendToStream(
      'large-1',
      Array.from({ length: 10 }, (_, index) => jsonEvent({ type: 'Large', data: { n: n * 10 + index, body } })),
    );
  expect(numbers(await take(slow, 600))).toEqual(Array.from({ length: 600 }, (_, n) => n));
  expect(fellBehind).toBe(true);
});

test('a subscription ends as unavailable when the node stops, and goes on after a restart where it was', async () => {
  await client.appendToStream('s-1', numbered(3));
  const { database, postgresUrl } = server;
  const first = client.subscribeToAll();
  const seen: unknown[] = [];
  first.on('data', ({ event }) => seen.push(event?.position?.commit));
  const ended = new Promise((resolve) => {
    first.once('error', resolve);
  });
  await until(() => seen.length === 3);
  const { port } = server.node;
  await server.node.stop();
  expect(await ended).toBeInstanceOf(UnavailableError);
  const restarted = await startEventStoreNode({ postgresUrl, database, port, insecure: true });
  try {
    await client.appendToStream('s-1', numbered(2, 3), { expectedRevision: 2n });
    const rest = await take(client.subscribeToAll({ fromPosition: { commit: 3n, prepare: 3n } }), 2);
    expect(numbers(rest)).toEqual([3, 4]);
  } finally {
    await restarted.stop();
  }
});

test('many subscriptions to many streams each get their own events', async () => {
  const streams = Array.from({ length: 40 }, () => freshStream());
  const subscriptions = streams.map((stream) => client.subscribeToStream(stream));
  const received = Promise.all(subscriptions.map((subscription) => take(subscription, 3)));
  for (let n = 0; n < 3; n += 1) await Promise.all(streams.map((stream) => client.appendToStream(stream, numbered(1, n))));
  const all = await received;
  all.forEach((events, index) => {
    expect(numbers(events)).toEqual([0, 1, 2]);
    expect(new Set(events.map(({ event }) => event?.streamId))).toEqual(new Set([streams[index]]));
  });
});
