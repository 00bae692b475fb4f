import { randomBytes, randomUUID } from 'node:crypto';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { EventStoreDBClient, jsonEvent, NO_STREAM, START } from '@eventstore/db-client';
import { Pool } from 'pg';
import { startEventStoreNode } from './node';
import { databaseUrl, dropDatabase } from './schema';

// Appends through the node against single-row INSERTs of the same event straight into PostgreSQL, with the same number in
// flight, in turns and in the same run, so that the ratios mean something on any machine. The node has a thread of its own,
// as it has a process of its own in earnest. Set POSTGRES_URL to run it.

const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 1);
const ROUNDS = 3;
const BODY = { orderId: randomUUID(), text: 'x'.repeat(200) };
const META = { correlationId: randomUUID() };

/** How often `work` completes in a second with `inFlight` of it going on at a time. */
const rate = async (inFlight: number, work: () => Promise<unknown>): Promise<number> => {
  let done = 0;
  const startedAt = performance.now();
  const until = startedAt + SECONDS * 1000;
  const worker = async (): Promise<void> => {
    while (performance.now() < until) {
      await work();
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return done / ((performance.now() - startedAt) / 1000);
};

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const rawInserts = async (pool: Pool): Promise<() => Promise<unknown>> => {
  await pool.query('CREATE TABLE raw (LIKE events INCLUDING ALL)');
  const [data, metadata] = [JSON.stringify(BODY), JSON.stringify(META)].map((text) => Buffer.from(text));
  let position = 0;
  return () =>
    pool.query({
      name: 'raw',
      text: 'INSERT INTO raw VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)',
      values: [position++, `order-${randomUUID()}`, 0, randomUUID(), 'OrderPaid', true, Date.now(), data, metadata],
    });
};

const startNodeThread = async (postgresUrl: string, database: string): Promise<{ connectionString: string; stop: () => Promise<void> }> => {
  const thread = new Worker(__filename, { workerData: { postgresUrl, database } });
  const connectionString = await new Promise<string>((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
  });
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      thread.once('exit', () => resolve());
      thread.postMessage('stop');
    });
  return { connectionString, stop };
};

const compare = async (connectionString: string, pool: Pool): Promise<void> => {
  const client = EventStoreDBClient.connectionString(connectionString);
  const insert = await rawInserts(pool);
  const append = (): Promise<unknown> =>
    client.appendToStream(`order-${randomUUID()}`, jsonEvent({ type: 'OrderPaid', data: BODY, metadata: META }), {
      expectedRevision: NO_STREAM,
    });
  await rate(16, append);
  await rate(16, insert);
  for (const inFlight of [1, 16, 64]) {
    const rounds: { inserts: number; appends: number }[] = [];
    for (let round = 0; round < ROUNDS; round += 1)
      rounds.push({ inserts: await rate(inFlight, insert), appends: await rate(inFlight, append) });
    const [appends, inserts] = [median(rounds.map((round) => round.appends)), median(rounds.map((round) => round.inserts))];
    const ratio = median(rounds.map((round) => round.appends / round.inserts));
    console.log(
      `${String(inFlight).padStart(2)} in flight: ${Math.round(appends)} appends/s, ${Math.round(inserts)} raw inserts/s, ratio ${ratio.toFixed(2)}`,
    );
  }
  const startedAt = performance.now();
  let count = 0;
  for await (const _event of client.readAll({ fromPosition: START })) count += 1;
  console.log(`${Math.round(count / ((performance.now() - startedAt) / 1000))} events/s read from $all (${count} events)`);
  await client.dispose();
};

const main = async (): Promise<void> => {
  const postgresUrl = process.env['POSTGRES_URL'];
  if (!postgresUrl) throw new Error('POSTGRES_URL is not set');
  const database = `esn_bench_${randomBytes(6).toString('hex')}`;
  const node = await startNodeThread(postgresUrl, database);
  const pool = new Pool({ connectionString: databaseUrl(postgresUrl, database), max: 64 });
  try {
    await compare(node.connectionString, pool);
  } finally {
    await pool.end();
    await node.stop();
    await dropDatabase(postgresUrl, database);
  }
};

const nodeThread = async (options: { readonly postgresUrl: string; readonly database: string }): Promise<void> => {
  const node = await startEventStoreNode({ ...options, port: 0, insecure: true });
  parentPort?.once('message', () => void node.stop().then(() => process.exit(0)));
  parentPort?.postMessage(node.connectionString);
};

(isMainThread ? main() : nodeThread(workerData as { postgresUrl: string; database: string })).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
