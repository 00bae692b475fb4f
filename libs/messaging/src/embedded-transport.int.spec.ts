import pg from 'pg';
import { embeddedTransport, type LogTransport } from './index';
import { embeddedBroker, Reading, sampleEnvelope, sampleStream, temporaryDatabase, transportContract, uniqueName, until } from './testing';

const serverUrl = process.env['QIYUE_TEST_POSTGRES_URL'] ?? '';

transportContract('embedded', () => embeddedBroker(serverUrl));

describe('the embedded log', () => {
  let database: Awaited<ReturnType<typeof temporaryDatabase>>;
  let pool: pg.Pool;
  let transport: LogTransport;
  let topic: string;
  beforeEach(async () => {
    database = await temporaryDatabase(serverUrl, 'log');
    pool = new pg.Pool({ connectionString: database.url, max: 4 });
    // So slow a poll that only notifications can be what wakes readers.
    transport = embeddedTransport({ pool, pollMs: 600_000, heartbeatMs: 50, sessionMs: 2_000 });
    topic = uniqueName('topic');
    await transport.ensureTopics([topic], 4);
  });
  afterEach(async () => {
    await transport.close();
    await pool.end();
    await database.drop();
  });

  test('twelve groups of a process live on four connections, and a fact reaches all by notification alone', async () => {
    const readings = Array.from({ length: 12 }, () => new Reading(topic));
    await Promise.all(readings.map((reading) => reading.member(transport)));
    await transport.publish(topic, sampleStream('lamp-1', 3));
    await until('all groups', () => readings.every(({ messages }) => messages.length === 3));
    expect(pool.totalCount).toBeLessThanOrEqual(4);
  });
  test('what one group does to an envelope, no other group sees', async () => {
    const clean = new Reading(topic);
    const dirty = new Reading(topic);
    await dirty.member(transport, 'a', async ({ messages }) => {
      for (const { envelope } of messages) Object.assign(envelope!.data as object, { watt: -1 });
    });
    await clean.member(transport);
    await transport.publish(topic, [sampleEnvelope({ sequence: 0 })]);
    await until('both', () => clean.messages.length + dirty.messages.length === 2);
    expect(clean.messages[0]?.envelope?.data).toEqual({ watt: 5 });
  });
  test('the listening connection is made anew when the server drops it', async () => {
    const reading = new Reading(topic);
    await reading.member(transport);
    await transport.publish(topic, sampleStream('lamp-1', 1));
    await until('the first', () => reading.messages.length === 1);
    const listeners = async (): Promise<number[]> =>
      (
        await pool.query<{ pid: number }>(`SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`)
      ).rows.map(({ pid }) => pid);
    const [before] = await listeners();
    await pool.query('SELECT pg_terminate_backend($1)', [before]);
    // Told while nobody listened: found by the look that follows every new connection.
    await transport.publish(topic, [sampleEnvelope({ sequence: 1, previous: 0 })]);
    await until('a new listener', async () => (await listeners()).some((pid) => pid !== before));
    await until('the second', () => reading.messages.length === 2);
    await transport.publish(topic, [sampleEnvelope({ sequence: 2, previous: 1 })]);
    await until('the third', () => reading.messages.length === 3);
  });
  test('records that were dropped from the front are passed as an empty run, so that a reader comes to the end', async () => {
    await transport.publish(topic, sampleStream('lamp-1', 3));
    await pool.query('DELETE FROM bus_message');
    const runs: string[] = [];
    await transport.consume({
      group: uniqueName('group'),
      topics: [topic],
      startAt: async () => undefined,
      onBatch: async ({ from, next, messages }) => void runs.push(`${from}-${next}:${messages.length}`),
    });
    await until('the empty run', () => runs.length > 0);
    expect(runs).toEqual(['0-3:0']);
    expect([...(await transport.bounds(topic)).values()].find(({ next }) => next > 0n)).toEqual({ first: 3n, next: 3n });
  });
  test('a topic with more partitions than one notification can name wakes its readers all the same', async () => {
    const wide = uniqueName('wide');
    await transport.ensureTopics([wide], 400);
    const reading = new Reading(wide);
    await reading.member(transport);
    await until(
      'the lease of all',
      async () => (await pool.query<{ n: number }>('SELECT count(*)::int AS n FROM bus_lease')).rows[0]?.n === 400,
    );
    await transport.publish(
      wide,
      Array.from({ length: 3_000 }, (_, at) => sampleEnvelope({ stream: `lamp-${at}`, sequence: 0 })),
    );
    await until('all records', () => reading.messages.length === 3_000);
  });
  test('nothing can be consumed once it is closed, and closing twice is closing once', async () => {
    await transport.close();
    await expect(new Reading(topic).member(transport)).rejects.toThrow('closed');
    await transport.close();
  });
});
