import {
  BACKWARDS,
  END,
  EventStoreDBClient,
  FORWARDS,
  jsonEvent,
  START,
  StreamDeletedError,
  StreamNotFoundError,
  type AllStreamResolvedEvent,
  type ReadRevision,
} from '@eventstore/db-client';
import { Client } from 'pg';
import { collect, connect, freshStream, numbered, numbers, revisions } from './spec-client';
import { databaseUrl } from './schema';
import { startTestNode, type TestNode } from './testing';

let server: TestNode;
let client: EventStoreDBClient;
let nowMs = Date.parse('2026-03-01T00:00:00Z');

beforeAll(async () => {
  server = await startTestNode({ nowMs: () => nowMs });
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

const all = async (stream: string, options: Parameters<EventStoreDBClient['readAll']>[0]): Promise<AllStreamResolvedEvent[]> =>
  (await collect(client.readAll(options))).filter(({ event }) => event?.streamId === stream);

describe('a stream', () => {
  test.each<[string, { fromRevision?: ReadRevision; direction?: typeof FORWARDS | typeof BACKWARDS; maxCount?: number }, number[]]>([
    ['forwards from the start', {}, [0, 1, 2, 3, 4]],
    ['forwards from a revision, that one included', { fromRevision: 3n }, [3, 4]],
    ['forwards from just behind the last', { fromRevision: 5n }, []],
    ['forwards from far behind the last', { fromRevision: 2n ** 64n - 1n }, []],
    ['forwards from the end', { fromRevision: END }, []],
    ['forwards, two at most', { fromRevision: 1n, maxCount: 2 }, [1, 2]],
    ['backwards from the end', { direction: BACKWARDS, fromRevision: END }, [4, 3, 2, 1, 0]],
    ['backwards from a revision, that one included', { direction: BACKWARDS, fromRevision: 2n }, [2, 1, 0]],
    ['backwards from the start', { direction: BACKWARDS, fromRevision: START }, [0]],
    ['backwards from far behind the last', { direction: BACKWARDS, fromRevision: 1000n }, [4, 3, 2, 1, 0]],
    ['backwards, two at most', { direction: BACKWARDS, fromRevision: END, maxCount: 2 }, [4, 3]],
  ])('is read %s', async (_case, options, expected) => {
    expect(revisions(await collect(client.readStream(await streamOf(5), options)))).toEqual(expected);
  });

  test('of more events than fit one page is read whole, both ways', async () => {
    const stream = freshStream();
    for (let part = 0; part < 3; part += 1) await client.appendToStream(stream, numbered(500, part * 500));
    const forwards = revisions(await collect(client.readStream(stream)));
    expect(forwards).toEqual(Array.from({ length: 1500 }, (_, index) => index));
    expect(revisions(await collect(client.readStream(stream, { direction: BACKWARDS, fromRevision: END })))).toEqual(forwards.reverse());
    expect(await collect(client.readStream(stream, { maxCount: 1001 }))).toHaveLength(1001);
  });

  test('of large events is read whole, both ways', async () => {
    const stream = freshStream();
    for (let n = 0; n < 8; n += 1)
      await client.appendToStream(stream, jsonEvent({ type: 'Large', data: { n, text: 'x'.repeat(900_000) } }));
    expect(numbers(await collect(client.readStream(stream)))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(numbers(await collect(client.readStream(stream, { direction: BACKWARDS, fromRevision: END })))).toEqual([
      7, 6, 5, 4, 3, 2, 1, 0,
    ]);
    expect(numbers(await all(stream, { direction: BACKWARDS, fromPosition: END }))).toEqual([7, 6, 5, 4, 3, 2, 1, 0]);
  });

  test('that was never written is not found', async () => {
    const error = await collect(client.readStream('never-written')).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StreamNotFoundError);
    expect(error).toMatchObject({ streamName: 'never-written' });
  });

  test('carries the position of each event, the same as in $all', async () => {
    const stream = await streamOf(3);
    const positions = (await collect(client.readStream(stream))).map(({ event }) => event?.position);
    expect((await all(stream, {})).map(({ event }) => event?.position)).toEqual(positions);
    expect(positions[0]?.commit).toBe(positions[0]?.prepare);
  });
});

describe('$all', () => {
  test('is read from a position, that one included, and backwards from it, that one excluded', async () => {
    const stream = await streamOf(4);
    const positions = (await all(stream, {})).map(({ event }) => event!.position!);
    expect(revisions(await all(stream, { fromPosition: positions[2]! }))).toEqual([2, 3]);
    expect(revisions(await all(stream, { fromPosition: positions[2]!, direction: BACKWARDS }))).toEqual([1, 0]);
    expect(revisions(await all(stream, { fromPosition: END, direction: BACKWARDS }))).toEqual([3, 2, 1, 0]);
    expect(revisions(await all(stream, { fromPosition: positions[1]!, maxCount: 2 }))).toEqual([1, 2]);
    // A position between two events: its prepare part is smaller, or greater, than its commit part.
    const { commit } = positions[2]!;
    expect(revisions(await all(stream, { fromPosition: { commit, prepare: commit - 1n } }))).toEqual([2, 3]);
    expect(revisions(await all(stream, { fromPosition: { commit, prepare: commit + 1n } }))).toEqual([3]);
  });

  test('has nothing after its end nor before its start', async () => {
    expect(await collect(client.readAll({ fromPosition: END }))).toEqual([]);
    expect(await collect(client.readAll({ fromPosition: START, direction: BACKWARDS }))).toEqual([]);
    expect(await collect(client.readAll({ fromPosition: { commit: 2n ** 63n, prepare: 2n ** 63n } }))).toEqual([]);
  });

  test('shows every event of every stream in the order of the appends', async () => {
    const [one, other] = [freshStream(), freshStream()];
    for (let n = 0; n < 6; n += 1) await client.appendToStream(n % 2 ? one : other, numbered(1, n));
    const events = (await collect(client.readAll())).filter(({ event }) => event?.streamId === one || event?.streamId === other);
    expect(numbers(events)).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

describe('metadata', () => {
  test('is read back as it was set, and its newest version is the one that counts', async () => {
    const stream = await streamOf(1);
    expect(await client.getStreamMetadata(stream)).toEqual({ streamName: stream });
    await client.setStreamMetadata(stream, { maxCount: 9 });
    await client.setStreamMetadata(stream, { maxAge: 60, custom: { ours: true }, acl: { readRoles: ['x'] } }, { expectedRevision: 0n });
    expect(await client.getStreamMetadata(stream)).toMatchObject({
      metadata: { maxAge: 60, custom: { ours: true }, acl: { readRoles: ['x'] } },
    });
    expect(revisions(await collect(client.readStream(`$$${stream}`)))).toEqual([1]);
  });

  test('$maxCount leaves the newest events readable, and keeps doing so as the stream grows', async () => {
    const stream = await streamOf(5);
    await client.setStreamMetadata(stream, { maxCount: 2 });
    expect(revisions(await collect(client.readStream(stream)))).toEqual([3, 4]);
    expect(revisions(await collect(client.readStream(stream, { direction: BACKWARDS, fromRevision: END })))).toEqual([4, 3]);
    await client.appendToStream(stream, numbered(1, 5), { expectedRevision: 4n });
    expect(revisions(await collect(client.readStream(stream)))).toEqual([4, 5]);
    expect(revisions(await collect(client.readStream(stream, { fromRevision: 0n, maxCount: 1 })))).toEqual([4]);
  });

  test('$tb hides the events before it', async () => {
    const stream = await streamOf(5);
    await client.setStreamMetadata(stream, { truncateBefore: 3 });
    expect(revisions(await collect(client.readStream(stream)))).toEqual([3, 4]);
    await client.setStreamMetadata(stream, { truncateBefore: 100 });
    expect(await collect(client.readStream(stream))).toEqual([]);
    await client.setStreamMetadata(stream, { truncateBefore: 0 });
    expect(await collect(client.readStream(stream))).toHaveLength(5);
  });

  test('$maxAge hides events that are older, from one millisecond past it on', async () => {
    const stream = freshStream();
    await client.appendToStream(stream, numbered(1, 0));
    nowMs += 60_000;
    await client.appendToStream(stream, numbered(1, 1));
    await client.setStreamMetadata(stream, { maxAge: 60 });
    expect(revisions(await collect(client.readStream(stream)))).toEqual([0, 1]);
    nowMs += 1;
    expect(revisions(await collect(client.readStream(stream)))).toEqual([1]);
    expect(revisions(await collect(client.readStream(stream, { direction: BACKWARDS, fromRevision: END })))).toEqual([1]);
    nowMs += 60_000;
    expect(await collect(client.readStream(stream))).toEqual([]);
    expect(await client.appendToStream(stream, numbered(1, 2), { expectedRevision: 1n })).toMatchObject({ nextExpectedRevision: 2n });
  });

  test('hides nothing from $all', async () => {
    const stream = await streamOf(4);
    await client.setStreamMetadata(stream, { maxCount: 1 });
    expect(revisions(await all(stream, {}))).toEqual([0, 1, 2, 3]);
    expect((await all(`$$${stream}`, {})).map(({ event }) => event?.type)).toEqual(['$metadata']);
  });

  test.each([
    ['no JSON', 'nonsense'],
    ['a limit that is no number', { $maxCount: 'two' }],
    ['an array', []],
  ])('that is %s limits nothing', async (_case, data) => {
    const stream = await streamOf(3);
    await client.appendToStream(`$$${stream}`, jsonEvent({ type: '$metadata', data: data as never }));
    expect(await collect(client.readStream(stream))).toHaveLength(3);
  });
});

describe('links', () => {
  test('are resolved when asked for, and only then', async () => {
    const [target, links] = [await streamOf(2), freshStream('links')];
    await client.appendToStream(links, jsonEvent({ type: '$>', data: `1@${target}` as never }));
    // The client writes JSON, which quotes the text; the server's links are bare text.
    const sql = new Client({ connectionString: databaseUrl(server.postgresUrl, server.database) });
    await sql.connect();
    await sql.query('UPDATE events SET data = $2 WHERE stream = $1', [links, Buffer.from(`1@${target}`)]);
    await sql.end();
    const [resolved] = await collect(client.readStream(links, { resolveLinkTos: true }));
    expect(resolved).toMatchObject({ event: { streamId: target, revision: 1n, data: { n: 1 } }, link: { streamId: links, revision: 0n } });
    const [bare] = await collect(client.readStream(links));
    expect(bare).toMatchObject({ event: { streamId: links, type: '$>' } });
    await client.deleteStream(target);
    const [dangling] = await collect(client.readStream(links, { resolveLinkTos: true }));
    expect([dangling?.event, dangling?.link?.streamId]).toEqual([undefined, links]);
  });
});

test('a byte changed in the database shows in the next read, whatever was read or appended before', async () => {
  const stream = freshStream();
  await client.appendToStream(stream, jsonEvent({ type: 'Sealed', data: { amount: 100 } }));
  await collect(client.readStream(stream));
  const sql = new Client({ connectionString: databaseUrl(server.postgresUrl, server.database) });
  await sql.connect();
  await sql.query(`UPDATE events SET data = set_byte(data, 10, ascii('9')) WHERE stream = $1 AND revision = 0`, [stream]);
  await sql.end();
  expect((await collect(client.readStream(stream)))[0]?.event?.data).toEqual({ amount: 900 });
  expect((await all(stream, {}))[0]?.event?.data).toEqual({ amount: 900 });
});

test('a tombstoned stream cannot be read, and says so', async () => {
  const stream = await streamOf(1);
  await client.tombstoneStream(stream);
  const error = await collect(client.readStream(stream)).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(StreamDeletedError);
  expect(error).toMatchObject({ streamName: stream });
});
