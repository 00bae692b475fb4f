import {
  ANY,
  BACKWARDS,
  END,
  eventTypeFilter,
  jsonEvent,
  KurrentDBClient,
  MaxAppendSizeExceededError,
  NO_STREAM,
  START,
  STREAM_EXISTS,
  StreamDeletedError,
  StreamNotFoundError,
  streamNameFilter,
  WrongExpectedVersionError,
  type JSONEventType,
} from '@kurrent/kurrentdb-client';
import { collect, freshStream, until } from './spec-kit';
import { startTestNode, type TestNode } from './testing';

// The same calls as in the other specs, through the successor of the client.

type Numbered = JSONEventType<'Numbered', { n: number }>;

let server: TestNode;
let client: KurrentDBClient;

beforeAll(async () => {
  server = await startTestNode();
  client = KurrentDBClient.connectionString(server.connectionString.replace('esdb:', 'kurrentdb:'));
});
afterAll(async () => {
  await client.dispose();
  await server.stop();
});

const numbered = (count: number, first = 0) =>
  Array.from({ length: count }, (_, index) =>
    jsonEvent<Numbered>({ type: 'Numbered', data: { n: first + index }, metadata: { m: first + index } }),
  );

const streamOf = async (count: number): Promise<string> => {
  const stream = freshStream();
  await client.appendToStream(stream, numbered(count), { streamState: NO_STREAM });
  return stream;
};

const numbersOf = async (source: AsyncIterable<{ event?: { data: unknown } }>): Promise<number[]> =>
  (await collect(source)).map(({ event }) => (event?.data as { n: number }).n);

test('appends with every expected state, and reads both ways', async () => {
  const stream = await streamOf(3);
  expect(await client.appendToStream(stream, numbered(1, 3), { streamState: 2n })).toMatchObject({
    success: true,
    nextExpectedRevision: 3n,
  });
  await client.appendToStream(stream, numbered(1, 4), { streamState: STREAM_EXISTS });
  await client.appendToStream(stream, numbered(1, 5), { streamState: ANY });
  expect(await numbersOf(client.readStream(stream))).toEqual([0, 1, 2, 3, 4, 5]);
  expect(await numbersOf(client.readStream(stream, { fromRevision: 4n }))).toEqual([4, 5]);
  expect(await numbersOf(client.readStream(stream, { fromRevision: END, direction: BACKWARDS, maxCount: 2 }))).toEqual([5, 4]);
  const [first] = await collect(client.readStream<Numbered>(stream, { maxCount: 1 }));
  expect(first?.event).toMatchObject({ streamId: stream, type: 'Numbered', revision: 0n, isJson: true, metadata: { m: 0 } });
});

test('refused appends come as the proper error', async () => {
  const stream = await streamOf(1);
  for (const streamState of [NO_STREAM, 7n] as const) {
    await expect(client.appendToStream(stream, numbered(1), { streamState })).rejects.toBeInstanceOf(WrongExpectedVersionError);
  }
  const large = jsonEvent({ type: 'Large', data: { text: 'x'.repeat(1024 * 1024) } });
  await expect(client.appendToStream(stream, large)).rejects.toBeInstanceOf(MaxAppendSizeExceededError);
});

test('a repeated append is answered as the first time', async () => {
  const stream = freshStream();
  const events = numbered(2);
  const answer = await client.appendToStream(stream, events, { streamState: NO_STREAM });
  expect(await client.appendToStream(stream, events, { streamState: NO_STREAM })).toEqual(answer);
  expect(await client.appendToStream(stream, events)).toEqual(answer);
});

test('$all is read both ways, from positions and with filters', async () => {
  const stream = await streamOf(4);
  const events = await collect(client.readAll({ filter: streamNameFilter({ prefixes: [stream] }) }));
  expect(events.map(({ event }) => event?.revision)).toEqual([0n, 1n, 2n, 3n]);
  const position = events[1]!.event!.position!;
  expect(
    await collect(client.readAll({ fromPosition: position, filter: streamNameFilter({ regex: `^${stream}$` }), maxCount: 2 })),
  ).toHaveLength(2);
  expect(await collect(client.readAll({ fromPosition: END, direction: BACKWARDS, maxCount: 3 }))).toHaveLength(3);
  expect(await collect(client.readAll({ filter: eventTypeFilter({ prefixes: ['No such type'] }) }))).toEqual([]);
  expect((await collect(client.readAll({ fromPosition: START, maxCount: 1 })))[0]?.event?.position?.commit).toBe(1n);
});

test('metadata, delete and tombstone do as they should', async () => {
  const stream = await streamOf(3);
  await client.setStreamMetadata(stream, { maxCount: 2 });
  expect(await client.getStreamMetadata(stream)).toMatchObject({ metadata: { maxCount: 2 } });
  expect(await numbersOf(client.readStream(stream))).toEqual([1, 2]);
  await client.deleteStream(stream);
  await expect(collect(client.readStream(stream))).rejects.toBeInstanceOf(StreamNotFoundError);
  await client.appendToStream(stream, numbered(1, 9), { streamState: 2n });
  expect(await numbersOf(client.readStream(stream))).toEqual([9]);
  await expect(client.deleteStream(stream, { expectedRevision: 0n })).rejects.toBeInstanceOf(WrongExpectedVersionError);
  await client.tombstoneStream(stream);
  await expect(collect(client.readStream(stream))).rejects.toBeInstanceOf(StreamDeletedError);
  await expect(client.appendToStream(stream, numbered(1))).rejects.toBeInstanceOf(StreamDeletedError);
});

test('subscriptions catch up, tell where, and go on', async () => {
  const stream = await streamOf(2);
  const seen: number[] = [];
  const caughtUp: unknown[] = [];
  const checkpoints: unknown[] = [];
  const one = client.subscribeToStream(stream);
  one.on('data', ({ event }) => seen.push((event?.data as { n: number }).n));
  one.on('caughtUp', (at) => caughtUp.push(at));
  const every = client.subscribeToAll({
    filter: streamNameFilter({
      prefixes: [stream],
      checkpointReached: async (_subscription, position) => {
        checkpoints.push(position);
      },
    }),
  });
  every.on('data', ({ event }) => seen.push(100 + (event?.data as { n: number }).n));
  every.on('caughtUp', (at) => caughtUp.push(at));
  await until(() => caughtUp.length === 2);
  await client.appendToStream(stream, numbered(1, 2));
  await until(() => seen.length === 6);
  expect(seen.sort((a, b) => a - b)).toEqual([0, 1, 2, 100, 101, 102]);
  expect(caughtUp).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ revision: 1n }),
      expect.objectContaining({ position: expect.anything() as unknown }),
    ]),
  );
  expect(checkpoints.length).toBeGreaterThan(0);
  await one.unsubscribe();
  await every.unsubscribe();
});

test('what the node does not do is told as unsupported', async () => {
  await expect(client.multiStreamAppend([])).rejects.toMatchObject({ type: 'unsupported' });
});
