import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ANY,
  EventStoreDBClient,
  jsonEvent,
  NO_STREAM,
  UnavailableError,
  type AppendExpectedRevision,
  type JSONEventData,
} from '@eventstore/db-client';
import { Client } from 'pg';
import { startEventStoreNode } from './node';
import { databaseUrl, dropDatabase } from './schema';
import { collect, connect, freshStream, numbered, numbers, revisions, take, until } from './spec-client';
import { compile, startProcess, type NodeProcess } from './spec-process';
import { startTestNode, type TestNode } from './testing';
import { DatabaseInUseError } from './writer-connection';

const postgresUrl = process.env['QIYUE_TEST_POSTGRES_URL'] ?? '';
const compiled = compile();
const processes: NodeProcess[] = [];
const databases: string[] = [];

const freshDatabase = (): string => {
  const name = `esn_${randomUUID().replaceAll('-', '')}`;
  databases.push(name);
  return name;
};

const start = (database: string, port = 0, ...more: string[]): NodeProcess => {
  const started = startProcess(compiled.folder, [
    '--port',
    String(port),
    '--database',
    database,
    '--postgres-url',
    postgresUrl,
    '--insecure',
    ...more,
  ]);
  processes.push(started);
  return started;
};

const addressOf = async (node: NodeProcess): Promise<string> => /esdb:\S+/.exec(await node.ready)?.[0] ?? '';

const sql = async (database: string, text: string): Promise<unknown[]> => {
  const client = new Client({ connectionString: databaseUrl(postgresUrl, database) });
  await client.connect();
  try {
    return (await client.query(text)).rows as unknown[];
  } finally {
    await client.end();
  }
};

afterEach(async () => {
  for (const started of processes.splice(0)) {
    started.kill('SIGKILL');
    await started.ended;
  }
  for (const database of databases.splice(0)) await dropDatabase(postgresUrl, database);
});
afterAll(() => compiled.remove());

interface Intent {
  readonly stream: string;
  readonly expectedRevision: AppendExpectedRevision;
  readonly event: JSONEventData;
  acknowledged?: bigint;
}

/** Appends one after the other to a stream of its own, expecting the revision or any, until the node is gone. */
const writer = async (client: EventStoreDBClient, n: number, intents: Intent[]): Promise<void> => {
  const stream = `writer-${n}`;
  for (let revision = 0; ; revision += 1) {
    const expectedRevision = n % 2 ? ANY : revision === 0 ? NO_STREAM : BigInt(revision - 1);
    const intent: Intent = { stream, expectedRevision, event: jsonEvent({ type: 'Written', data: { n: revision } }) };
    intents.push(intent);
    try {
      intent.acknowledged = (await client.appendToStream(stream, intent.event, { expectedRevision })).nextExpectedRevision;
    } catch {
      return;
    }
  }
};

test('after kill -9 every acknowledged append is there, and repeating what was not acknowledged writes nothing twice', async () => {
  const database = freshDatabase();
  const first = start(database);
  const address = await addressOf(first);
  const client = connect(address);
  const intents: Intent[] = [];
  const writers = Promise.all(Array.from({ length: 16 }, (_, n) => writer(client, n, intents)));
  await until(() => intents.filter((intent) => intent.acknowledged !== undefined).length >= 500);
  first.kill('SIGKILL');
  await writers;
  await client.dispose();

  const again = connect(await addressOf(start(database)));
  const stored = await collect(again.readAll());
  const byId = new Map(stored.map(({ event }) => [event?.id, event]));
  const acknowledged = intents.filter((intent) => intent.acknowledged !== undefined);
  for (const { stream, event, acknowledged: revision } of acknowledged)
    expect(byId.get(event.id)).toMatchObject({ streamId: stream, revision });
  // Each stream lost at most the answer to its last append, so repeating all of them must change nothing but that.
  for (const { stream, event, expectedRevision } of intents) await again.appendToStream(stream, event, { expectedRevision });
  for (let n = 0; n < 16; n += 1) {
    const wanted = intents.filter(({ stream }) => stream === `writer-${n}`).map((_, index) => index);
    const events = await collect(again.readStream(`writer-${n}`));
    expect([revisions(events), numbers(events)]).toEqual([wanted, wanted]);
  }
  const positions = (await collect(again.readAll())).map(({ event }) => Number(event?.position?.commit));
  expect(positions).toEqual(Array.from({ length: intents.length }, (_, index) => index + 1));
  await again.dispose();
});

test('a subscription through the death of its node goes on from its position without loss', async () => {
  const database = freshDatabase();
  const first = start(database);
  const client = connect(await addressOf(first));
  await client.appendToStream('s-1', numbered(100));
  const seen = (await take(client.subscribeToAll(), 60)).map(({ event }) => event!.position!);
  first.kill('SIGKILL');
  await first.ended;
  await client.dispose();
  const again = connect(await addressOf(start(database)));
  const rest = await take(again.subscribeToAll({ fromPosition: seen.at(-1)! }), 40);
  expect(numbers(rest)).toEqual(Array.from({ length: 40 }, (_, index) => 60 + index));
  await again.dispose();
});

test('a second node on the same database waits for the first to be gone, and refuses to start if it stays', async () => {
  const server = await startTestNode();
  const { database } = server;
  const second = { postgresUrl, database, port: 0, insecure: true } as const;
  await expect(startEventStoreNode({ ...second, lockWaitMs: 100 })).rejects.toBeInstanceOf(DatabaseInUseError);
  const waiting = startEventStoreNode({ ...second, lockWaitMs: 20_000 });
  await server.node.stop();
  const node = await waiting;
  const client = connect(node.connectionString);
  expect(await client.appendToStream(freshStream(), numbered(1))).toMatchObject({ success: true });
  await client.dispose();
  await node.stop();
  await server.stop();
});

test('databases of different names share nothing', async () => {
  const [one, other] = [await startTestNode(), await startTestNode()];
  const [first, second] = [connect(one.connectionString), connect(other.connectionString)];
  await first.appendToStream('s-1', numbered(2));
  expect(await collect(second.readAll())).toEqual([]);
  expect(await second.appendToStream('s-1', numbered(1), { expectedRevision: NO_STREAM })).toMatchObject({ success: true });
  await Promise.all([first.dispose(), second.dispose()]);
  await Promise.all([one.stop(), other.stop()]);
});

describe('the process', () => {
  test('tells its address when it is ready, and on SIGTERM finishes and ends well', async () => {
    const database = freshDatabase();
    const node = start(database);
    expect(await node.ready).toBe(`event-store-node: database ${database} at ${await addressOf(node)}`);
    const client = connect(await addressOf(node));
    const appends = Array.from({ length: 50 }, () =>
      client.appendToStream(freshStream(), numbered(1)).then(
        () => 1,
        () => 0,
      ),
    );
    await appends[0];
    node.kill('SIGTERM');
    expect((await node.ended).code).toBe(0);
    const acknowledged = (await Promise.all(appends)).reduce((sum: number, one) => sum + one, 0);
    await client.dispose();
    const [{ stored }] = (await sql(database, 'SELECT count(*)::int AS stored FROM events')) as [{ stored: number }];
    expect(stored).toBeGreaterThanOrEqual(acknowledged);
  });

  test('asks for a password when it was given a user', async () => {
    const passwordFile = join(compiled.folder, 'password');
    writeFileSync(passwordFile, 'secret\n');
    const client = connect(await addressOf(start(freshDatabase(), 0, '--user', 'admin', '--password-file', passwordFile)));
    // An insecure client sends no credentials, so it stays out.
    await expect(collect(client.readAll())).rejects.toMatchObject({ type: 'access-denied' });
    await client.dispose();
  });

  test.each([
    [
      'neither insecure nor with a certificate',
      ['--port', '0', '--database', 'x', '--postgres-url', 'postgres://127.0.0.1:1'],
      'either --insecure or',
    ],
    ['half a certificate', ['--port', '0', '--database', 'x', '--tls-cert', 'x.pem'], 'go together'],
    ['a user without password', ['--port', '0', '--database', 'x', '--insecure', '--user', 'x'], 'needs --password-file'],
    [
      'no PostgreSQL where it should be',
      ['--port', '0', '--database', 'x', '--insecure', '--postgres-url', 'postgres://127.0.0.1:1'],
      'ECONNREFUSED',
    ],
    ['a port that is no number', ['--port', 'x', '--database', 'x', '--insecure'], 'not a whole number'],
  ])('with %s says so and ends', async (_case, args, message) => {
    const failed = startProcess(compiled.folder, args);
    const { code, output } = await failed.ended;
    expect(code).not.toBe(0);
    expect(output).toContain(message);
  });
});

describe('when the database fails the node', () => {
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

  const patiently = (stream: string, event: JSONEventData): Promise<unknown> =>
    until(() =>
      client.appendToStream(stream, event).then(
        (answer) => answer,
        (error: unknown) => {
          if (error instanceof UnavailableError) return undefined;
          throw error;
        },
      ),
    );

  test('a lost connection is made anew, and nothing is lost, doubled or left out of a subscription', async () => {
    const seen: unknown[] = [];
    const subscription = client.subscribeToStream('s-1');
    subscription.on('data', ({ event }) => seen.push((event?.data as { n: number }).n));
    for (let n = 0; n < 40; n += 1) {
      if (n % 10 === 5)
        await sql(
          server.database,
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'event-store-node%' AND datname = current_database()`,
        );
      const [event] = numbered(1, n) as [JSONEventData];
      await patiently('s-1', event);
    }
    const wanted = Array.from({ length: 40 }, (_, n) => n);
    expect(numbers(await collect(client.readStream('s-1')))).toEqual(wanted);
    await until(() => seen.length >= 40);
    expect(seen).toEqual(wanted);
  });

  test('a write that the database refuses fails alone', async () => {
    await sql(
      server.database,
      `
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON events FOR EACH ROW WHEN (NEW.type = 'Refused') EXECUTE FUNCTION refuse()`,
    );
    const raw = connect(server.connectionString);
    // Both kinds of append, so that the refused one ends its own call only.
    const good = Array.from({ length: 20 }, (_, n) => client.appendToStream(`good-${n}`, numbered(1)));
    const bad = raw.appendToStream('bad-1', jsonEvent({ type: 'Refused', data: {} }), { credentials: { username: 'x', password: 'x' } });
    await expect(bad).rejects.toBeInstanceOf(UnavailableError);
    expect(await Promise.all(good)).toHaveLength(20);
    expect(await client.appendToStream('good-0', numbered(1), { expectedRevision: 0n })).toMatchObject({ nextExpectedRevision: 1n });
    await raw.dispose();
  });

  test('rows written behind its back do not confuse the positions', async () => {
    await client.appendToStream('s-1', numbered(2));
    await sql(
      server.database,
      `
      INSERT INTO events (position, stream, revision, id, type, is_json, created_ms, data, metadata)
      SELECT position + 2, stream, revision + 2, gen_random_uuid(), type, is_json, created_ms, data, metadata FROM events`,
    );
    expect(await client.appendToStream('s-1', numbered(1, 9))).toMatchObject({ nextExpectedRevision: 4n, position: { commit: 5n } });
    expect(numbers(await collect(client.readStream('s-1')))).toEqual([0, 1, 0, 1, 9]);
  });

  test('a vanished database makes it unavailable, not wrong', async () => {
    await client.appendToStream('s-1', numbered(1));
    await dropDatabase(postgresUrl, server.database);
    await expect(client.appendToStream('s-1', numbered(1))).rejects.toBeInstanceOf(UnavailableError);
    const reader = connect(server.connectionString);
    await expect(collect(reader.readStream('s-1'))).rejects.toBeInstanceOf(UnavailableError);
    await reader.dispose();
  });
});

test('a node that starts on what another left behind judges as that one did', async () => {
  const server = await startTestNode();
  const { database } = server;
  const before = connect(server.connectionString);
  const events = numbered(2);
  await before.appendToStream('kept-1', events, { expectedRevision: NO_STREAM });
  await before.appendToStream('deleted-1', numbered(2));
  await before.deleteStream('deleted-1');
  await before.tombstoneStream('gone-1');
  await before.dispose();
  await server.node.stop();
  const node = await startEventStoreNode({ postgresUrl, database, port: 0, insecure: true });
  const client = connect(node.connectionString);
  await expect(client.appendToStream('gone-1', numbered(1), { expectedRevision: NO_STREAM })).rejects.toMatchObject({
    type: 'stream-deleted',
  });
  expect(await client.appendToStream('deleted-1', numbered(1, 5), { expectedRevision: NO_STREAM })).toMatchObject({
    nextExpectedRevision: 2n,
  });
  expect(numbers(await collect(client.readStream('deleted-1')))).toEqual([5]);
  expect(await client.appendToStream('kept-1', events, { expectedRevision: NO_STREAM })).toMatchObject({ nextExpectedRevision: 1n });
  expect(await client.appendToStream('kept-1', events)).toMatchObject({ nextExpectedRevision: 1n });
  await expect(client.appendToStream('kept-1', numbered(1), { expectedRevision: NO_STREAM })).rejects.toMatchObject({
    type: 'wrong-expected-version',
    actualVersion: 1n,
  });
  await client.dispose();
  await node.stop();
  await server.stop();
});
