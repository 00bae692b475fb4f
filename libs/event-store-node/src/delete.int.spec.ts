import {
  ANY,
  BACKWARDS,
  END,
  EventStoreDBClient,
  NO_STREAM,
  STREAM_EXISTS,
  StreamDeletedError,
  StreamNotFoundError,
  WrongExpectedVersionError,
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

const streamOf = async (count: number): Promise<string> => {
  const stream = freshStream();
  await client.appendToStream(stream, numbered(count));
  return stream;
};

const lastOfAll = async () => (await collect(client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 })))[0]?.event;

describe('a delete', () => {
  test('hides the stream, and an append brings it back with its revisions going on', async () => {
    const stream = await streamOf(3);
    const { position } = await client.deleteStream(stream);
    expect((await lastOfAll())?.position).toEqual(position);
    await expect(collect(client.readStream(stream))).rejects.toBeInstanceOf(StreamNotFoundError);
    expect(await client.appendToStream(stream, numbered(2, 10), { expectedRevision: 2n })).toMatchObject({ nextExpectedRevision: 4n });
    expect(numbers(await collect(client.readStream(stream)))).toEqual([10, 11]);
    expect(revisions(await collect(client.readStream(stream)))).toEqual([3, 4]);
    expect(await client.getStreamMetadata(stream)).toMatchObject({ metadata: { truncateBefore: 3 } });
  });

  test.each([
    ['no stream', NO_STREAM],
    ['any', ANY],
  ] as const)('is undone by an append that expects %s', async (_case, expectedRevision) => {
    const stream = await streamOf(2);
    await client.deleteStream(stream);
    expect(await client.appendToStream(stream, numbered(1, 5), { expectedRevision })).toMatchObject({ nextExpectedRevision: 2n });
    expect(numbers(await collect(client.readStream(stream)))).toEqual([5]);
  });

  test('is not undone by an append that expects the stream to exist', async () => {
    const stream = await streamOf(1);
    await client.deleteStream(stream);
    await expect(client.appendToStream(stream, numbered(1), { expectedRevision: STREAM_EXISTS })).rejects.toBeInstanceOf(
      StreamDeletedError,
    );
  });

  test('can be repeated, and each append after it brings the stream back once', async () => {
    const stream = await streamOf(1);
    await client.deleteStream(stream);
    await client.deleteStream(stream);
    await client.appendToStream(stream, numbered(1, 1));
    await client.deleteStream(stream);
    await expect(collect(client.readStream(stream))).rejects.toBeInstanceOf(StreamNotFoundError);
    await client.appendToStream(stream, numbered(1, 2));
    expect(revisions(await collect(client.readStream(stream)))).toEqual([2]);
  });

  test('replaces the metadata the stream had', async () => {
    const stream = await streamOf(3);
    await client.setStreamMetadata(stream, { maxCount: 1 });
    await client.deleteStream(stream);
    await client.appendToStream(stream, numbered(3, 10));
    expect(numbers(await collect(client.readStream(stream)))).toEqual([10, 11, 12]);
  });

  test('is undone by setting metadata, which then holds', async () => {
    const stream = await streamOf(2);
    await client.deleteStream(stream);
    await client.setStreamMetadata(stream, { maxCount: 1 });
    expect(await collect(client.readStream(stream))).toEqual([]);
    expect(await client.getStreamMetadata(stream)).toMatchObject({ metadata: { maxCount: 1, truncateBefore: 2 } });
    await client.appendToStream(stream, numbered(2, 10), { expectedRevision: 1n });
    expect(numbers(await collect(client.readStream(stream)))).toEqual([11]);
  });

  test('with the wrong revision is refused and hides nothing', async () => {
    const stream = await streamOf(2);
    for (const expectedRevision of [NO_STREAM, 0n, 2n] as const) {
      const error = await client.deleteStream(stream, { expectedRevision }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(WrongExpectedVersionError);
      expect(error).toMatchObject({ streamName: stream, actualVersion: 1n });
    }
    expect(await collect(client.readStream(stream))).toHaveLength(2);
    await client.deleteStream(stream, { expectedRevision: 1n });
  });

  test('of a stream that never was is refused', async () => {
    const error = await client.deleteStream(freshStream()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WrongExpectedVersionError);
    expect(error).toMatchObject({ actualVersion: 'no_stream' });
  });

  test('shows in $all as a metadata event', async () => {
    const stream = await streamOf(1);
    await client.deleteStream(stream);
    expect(await lastOfAll()).toMatchObject({ streamId: `$$${stream}`, type: '$metadata', isJson: true });
  });

  test('of metadata is denied', async () => {
    const stream = await streamOf(1);
    await client.setStreamMetadata(stream, {});
    await expect(client.deleteStream(`$$${stream}`)).rejects.toMatchObject({ type: 'access-denied' });
  });
});

describe('a tombstone', () => {
  test('ends the stream and its metadata for ever', async () => {
    const stream = await streamOf(2);
    const { position } = await client.tombstoneStream(stream, { expectedRevision: 1n });
    expect(await lastOfAll()).toMatchObject({ streamId: stream, type: '$streamDeleted', revision: 2n ** 63n - 1n, position });
    for (const expectedRevision of [ANY, NO_STREAM, STREAM_EXISTS, 1n] as const) {
      const error = await client.appendToStream(stream, numbered(1), { expectedRevision }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(StreamDeletedError);
      expect(error).toMatchObject({ streamName: stream });
    }
    await expect(client.tombstoneStream(stream)).rejects.toBeInstanceOf(StreamDeletedError);
    await expect(client.deleteStream(stream)).rejects.toBeInstanceOf(StreamDeletedError);
    await expect(client.setStreamMetadata(stream, { maxCount: 1 })).rejects.toBeInstanceOf(StreamDeletedError);
    await expect(client.getStreamMetadata(stream)).rejects.toBeInstanceOf(StreamDeletedError);
  });

  test('can be set on a stream that never was, or that was deleted', async () => {
    const [never, deleted] = [freshStream(), await streamOf(1)];
    await client.deleteStream(deleted);
    await client.tombstoneStream(never, { expectedRevision: NO_STREAM });
    await client.tombstoneStream(deleted);
    for (const stream of [never, deleted]) {
      await expect(collect(client.readStream(stream))).rejects.toBeInstanceOf(StreamDeletedError);
      await expect(client.appendToStream(stream, numbered(1), { expectedRevision: NO_STREAM })).rejects.toBeInstanceOf(StreamDeletedError);
    }
  });

  test('with the wrong revision is refused', async () => {
    const stream = await streamOf(2);
    for (const expectedRevision of [NO_STREAM, 0n, 2n] as const) {
      await expect(client.tombstoneStream(stream, { expectedRevision })).rejects.toBeInstanceOf(WrongExpectedVersionError);
    }
    await expect(client.tombstoneStream(freshStream(), { expectedRevision: STREAM_EXISTS as never })).rejects.toBeInstanceOf(
      WrongExpectedVersionError,
    );
    expect(await collect(client.readStream(stream))).toHaveLength(2);
  });
});
