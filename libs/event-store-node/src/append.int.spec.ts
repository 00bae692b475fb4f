import { randomUUID } from 'node:crypto';
import {
  ANY,
  type AppendExpectedRevision,
  binaryEvent,
  BACKWARDS,
  EventStoreDBClient,
  jsonEvent,
  MaxAppendSizeExceededError,
  NO_STREAM,
  STREAM_EXISTS,
  StreamNotFoundError,
  WrongExpectedVersionError,
  START,
} from '@eventstore/db-client';
import { collect, connect, freshStream, numbered, numbers, revisions } from './spec-client';
import { startTestNode, type TestNode } from './testing';

let server: TestNode;
let client: EventStoreDBClient;

beforeAll(async () => {
  server = await startTestNode();
  client = connect(server.connectionString);
});
afterAll(async () => {
  await client.dispose();
  await server.stop();
});

// Credentials given with a call make the client use Append instead of BatchAppend. An insecure client does not send them.
const UNARY = { credentials: { username: 'nobody', password: 'nothing' } };

describe.each([
  ['BatchAppend', {}],
  ['Append', UNARY],
])('%s', (_name, path) => {
  test('the answer tells the revision and position of the last event', async () => {
    const stream = freshStream();
    const first = await client.appendToStream(stream, numbered(3), { expectedRevision: NO_STREAM, ...path });
    const second = await client.appendToStream(stream, numbered(1, 3), { expectedRevision: 2n, ...path });
    expect([first.success, first.nextExpectedRevision, second.nextExpectedRevision]).toEqual([true, 2n, 3n]);
    const events = await collect(client.readStream(stream));
    expect(numbers(events)).toEqual([0, 1, 2, 3]);
    expect([first.position, second.position]).toEqual([events[2]?.event?.position, events[3]?.event?.position]);
  });

  test.each<[string, AppendExpectedRevision, bigint]>([
    ['no stream, and there is one', NO_STREAM, 1n],
    ['a revision behind the head', 0n, 1n],
    ['a revision ahead of the head', 9n, 1n],
    ['the greatest revision there is', 2n ** 63n - 2n, 1n],
  ])('an append that expects %s is refused', async (_case, expectedRevision, actualVersion) => {
    const stream = freshStream();
    await client.appendToStream(stream, numbered(2));
    const refused = await client.appendToStream(stream, numbered(1), { expectedRevision, ...path }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(WrongExpectedVersionError);
    expect(refused).toMatchObject({ streamName: stream, actualVersion, expectedVersion: expectedRevision });
    expect(await collect(client.readStream(stream))).toHaveLength(2);
  });

  test.each<[string, AppendExpectedRevision]>([
    ['a revision', 0n],
    ['that the stream exists', STREAM_EXISTS],
  ])('an append to a new stream that expects %s is refused', async (_case, expectedRevision) => {
    const stream = freshStream();
    const refused = await client.appendToStream(stream, numbered(1), { expectedRevision, ...path }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(WrongExpectedVersionError);
    expect(refused).toMatchObject({ actualVersion: 'no_stream', expectedVersion: expectedRevision });
    await expect(collect(client.readStream(stream))).rejects.toBeInstanceOf(StreamNotFoundError);
  });

  test.each<[string, AppendExpectedRevision]>([
    ['any', ANY],
    ['that the stream exists', STREAM_EXISTS],
    ['the head', 1n],
  ])('an append that expects %s goes on after the head', async (_case, expectedRevision) => {
    const stream = freshStream();
    await client.appendToStream(stream, numbered(2));
    expect(await client.appendToStream(stream, numbered(1, 2), { expectedRevision, ...path })).toMatchObject({ nextExpectedRevision: 2n });
  });

  test('a stream that has metadata only does exist', async () => {
    const stream = freshStream();
    await client.setStreamMetadata(stream, { maxCount: 5 });
    expect(await client.appendToStream(stream, numbered(1), { expectedRevision: STREAM_EXISTS, ...path })).toMatchObject({
      nextExpectedRevision: 0n,
    });
  });

  test.each<[string, AppendExpectedRevision]>([
    ['any', ANY],
    ['no stream', NO_STREAM],
    ['that the stream exists', STREAM_EXISTS],
    ['a revision', 1n],
  ])(
    'an append repeated with the same ids, expecting %s, is answered as the first time and changes nothing',
    async (_case, expectedRevision) => {
      const stream = freshStream();
      if (expectedRevision !== NO_STREAM) await client.appendToStream(stream, numbered(2));
      const events = numbered(2, 10);
      const first = await client.appendToStream(stream, events, { expectedRevision, ...path });
      await client.appendToStream(stream, numbered(1, 20));
      const again = await client.appendToStream(stream, events, { expectedRevision, ...path });
      expect(again).toEqual(first);
      expect(numbers(await collect(client.readStream(stream)))).toEqual([...(expectedRevision === NO_STREAM ? [] : [0, 1]), 10, 11, 20]);
    },
  );

  test('an append of which only the beginning was written before is refused', async () => {
    const stream = freshStream();
    const events = numbered(3);
    await client.appendToStream(stream, events.slice(0, 2), { expectedRevision: NO_STREAM });
    for (const expectedRevision of [ANY, NO_STREAM] as const) {
      await expect(client.appendToStream(stream, events, { expectedRevision, ...path })).rejects.toBeInstanceOf(WrongExpectedVersionError);
    }
    expect(await collect(client.readStream(stream))).toHaveLength(2);
  });

  test('an append that is the beginning of one written before is a repetition of it', async () => {
    const stream = freshStream();
    const events = numbered(3);
    await client.appendToStream(stream, events, { expectedRevision: NO_STREAM });
    expect(await client.appendToStream(stream, events.slice(0, 2), { expectedRevision: NO_STREAM, ...path })).toMatchObject({
      nextExpectedRevision: 1n,
    });
  });

  test('the same id in another stream is another event', async () => {
    const [one, other] = [freshStream(), freshStream()];
    const events = numbered(1);
    await client.appendToStream(one, events);
    expect(await client.appendToStream(other, events, { expectedRevision: ANY, ...path })).toMatchObject({ nextExpectedRevision: 0n });
  });

  test('the same id behind the head, expecting the head, is written again', async () => {
    const stream = freshStream();
    const events = numbered(1);
    await client.appendToStream(stream, events, { expectedRevision: NO_STREAM });
    expect(await client.appendToStream(stream, events, { expectedRevision: 0n, ...path })).toMatchObject({ nextExpectedRevision: 1n });
  });

  test('more bytes than the limit are refused, as many are not', async () => {
    const [small, large] = [freshStream(), freshStream()];
    const event = (bytes: number): ReturnType<typeof binaryEvent> =>
      binaryEvent({ type: 'Blob', data: new Uint8Array(bytes), metadata: new Uint8Array(100) });
    const limit = 1024 * 1024;
    await client.appendToStream(small, event(limit - 100 - 8), { ...path });
    const refused = await client.appendToStream(large, event(limit - 100 - 7), { ...path }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(MaxAppendSizeExceededError);
    expect(refused).toMatchObject({ maxAppendSize: limit });
    await expect(client.appendToStream(large, [event(limit / 2), event(limit / 2)], { ...path })).rejects.toBeInstanceOf(
      MaxAppendSizeExceededError,
    );
    await expect(collect(client.readStream(large))).rejects.toBeInstanceOf(StreamNotFoundError);
  });

  test('an empty append changes nothing', async () => {
    const stream = freshStream();
    await client.appendToStream(stream, numbered(2));
    expect(await client.appendToStream(stream, [], { expectedRevision: 1n, ...path })).toMatchObject({
      success: true,
      nextExpectedRevision: 1n,
    });
    await expect(client.appendToStream(stream, [], { expectedRevision: 0n, ...path })).rejects.toBeInstanceOf(WrongExpectedVersionError);
  });

  test.each([
    ['too long', 'a'.repeat(1025)],
    ['only U+0000', '\0'],
    ['with U+0000 in it', 'nul\0nul'],
    ['of no stream', '$$'],
  ])('a stream name %s is refused', async (_case, stream) => {
    await expect(client.appendToStream(stream, numbered(1), { ...path })).rejects.toThrow();
  });

  test('an event id that is no UUID is refused', async () => {
    await expect(client.appendToStream(freshStream(), [{ ...numbered(1)[0]!, id: 'not-a-uuid' }], { ...path })).rejects.toThrow();
    expect(await client.appendToStream(freshStream(), numbered(1), { ...path })).toMatchObject({ success: true });
  });
});

test('what was written is read back byte for byte', async () => {
  const stream = `写-${randomUUID()}-"'\\%_`;
  const [jsonId, binaryId] = [randomUUID(), randomUUID()];
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  await client.appendToStream(stream, [
    jsonEvent({ id: jsonId, type: '订单 Paid', data: { text: '契约 "\\ \u0001 🌩', n: 1.5 }, metadata: { who: '客户' } }),
    binaryEvent({ id: binaryId, type: 'Blob', data: bytes, metadata: Uint8Array.of(0, 255, 128) }),
  ]);
  const [json, binary] = await collect(client.readStream(stream));
  expect(json?.event).toMatchObject({
    streamId: stream,
    id: jsonId,
    type: '订单 Paid',
    isJson: true,
    data: { text: '契约 "\\ \u0001 🌩', n: 1.5 },
    metadata: { who: '客户' },
    revision: 0n,
  });
  expect(binary?.event).toMatchObject({ id: binaryId, isJson: false, revision: 1n });
  expect(Buffer.from(binary?.event?.data as Uint8Array)).toEqual(Buffer.from(bytes));
  expect(Buffer.from(binary?.event?.metadata as Uint8Array)).toEqual(Buffer.of(0, 255, 128));
  expect(json?.event?.created).toBeInstanceOf(Date);
});

test('an append in several messages is one append', async () => {
  const [stream, refused] = [freshStream(), freshStream()];
  await client.appendToStream(stream, numbered(100), { expectedRevision: NO_STREAM, batchAppendSize: 500 });
  await expect(client.appendToStream(stream, numbered(100), { expectedRevision: NO_STREAM, batchAppendSize: 500 })).rejects.toBeInstanceOf(
    WrongExpectedVersionError,
  );
  const large = Array.from({ length: 12 }, () => binaryEvent({ type: 'Blob', data: new Uint8Array(100_000) }));
  await expect(client.appendToStream(refused, large, { batchAppendSize: 200_000 })).rejects.toBeInstanceOf(MaxAppendSizeExceededError);
  expect(revisions(await collect(client.readStream(stream)))).toEqual(Array.from({ length: 100 }, (_, index) => index));
});

test('with throwOnAppendFailure off, a refused append is an answer', async () => {
  const quiet = connect(`${server.connectionString}&throwOnAppendFailure=false`);
  const stream = freshStream();
  await quiet.appendToStream(stream, numbered(1));
  expect(await quiet.appendToStream(stream, numbered(1), { expectedRevision: NO_STREAM })).toMatchObject({ success: false });
  await quiet.dispose();
});

test('of 64 appends that expect the same revision one wins, and the losers can go on until all are written', async () => {
  const stream = freshStream();
  const append = async (n: number): Promise<void> => {
    for (let expectedRevision: bigint | typeof NO_STREAM = NO_STREAM; ;) {
      try {
        await client.appendToStream(stream, numbered(1, n), { expectedRevision });
        return;
      } catch (error) {
        if (!(error instanceof WrongExpectedVersionError)) throw error;
        expectedRevision = error.actualVersion as bigint | typeof NO_STREAM;
      }
    }
  };
  await Promise.all(Array.from({ length: 64 }, (_, n) => append(n)));
  const events = await collect(client.readStream(stream));
  expect(revisions(events)).toEqual(Array.from({ length: 64 }, (_, index) => index));
  expect(new Set(numbers(events)).size).toBe(64);
});

test('64 concurrent appends that expect any revision all go into one stream, each once', async () => {
  const stream = freshStream();
  const answers = await Promise.all(Array.from({ length: 64 }, (_, n) => client.appendToStream(stream, numbered(2, n * 2))));
  expect(new Set(answers.map((answer) => answer.nextExpectedRevision)).size).toBe(64);
  const events = await collect(client.readStream(stream));
  expect(numbers(events).sort((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 128 }, (_, n) => n));
});

test('the same append sent twice at the same time is written once', async () => {
  const stream = freshStream();
  const events = numbered(3);
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => client.appendToStream(stream, events, { expectedRevision: NO_STREAM })),
  );
  expect(new Set(answers.map((answer) => String(answer.nextExpectedRevision)))).toEqual(new Set(['2']));
  expect(await collect(client.readStream(stream))).toHaveLength(3);
});

test('positions in $all follow one another without gaps', async () => {
  await Promise.all(Array.from({ length: 50 }, () => client.appendToStream(freshStream(), numbered(2))));
  const positions = (await collect(client.readAll({ fromPosition: START }))).map(({ event }) => Number(event?.position?.commit));
  expect(positions).toEqual(Array.from({ length: positions.length }, (_, index) => index + 1));
  const [last] = await collect(client.readAll({ direction: BACKWARDS, fromPosition: 'end', maxCount: 1 }));
  expect(Number(last?.event?.position?.commit)).toBe(positions.length);
});

test('an append to $all is denied', async () => {
  await expect(client.appendToStream('$all', numbered(1))).rejects.toMatchObject({ type: 'access-denied' });
});
