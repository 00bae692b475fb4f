import { EventStoreDBClient, jsonEvent, NO_STREAM } from '@eventstore/db-client';
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { interleaved, load } from './measure';
import { perSecond, ratio, type Figure, type Scenario } from './scenario';

const body = { orderId: randomUUID(), text: 'x'.repeat(200) };
const metadata = { correlationId: randomUUID() };

/** Appends one event of about 300 bytes to a new stream, through the client. */
export const appendThrough = (client: EventStoreDBClient) => (): Promise<unknown> =>
  client.appendToStream(`bench-${randomUUID()}`, jsonEvent({ type: 'OrderPaid', data: body, metadata }), { expectedRevision: NO_STREAM });

/** Inserts the same event into a table like the node's, one row a statement and a transaction. */
export const insertInto = async (pool: Pool): Promise<() => Promise<unknown>> => {
  await pool.query('CREATE TABLE raw (LIKE events INCLUDING ALL)');
  const bytes = [body, metadata].map((json) => Buffer.from(JSON.stringify(json)));
  let position = 0;
  return () =>
    pool.query({
      name: 'raw',
      text: 'INSERT INTO raw VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)',
      values: [(position += 1), `bench-${randomUUID()}`, 0, randomUUID(), 'OrderPaid', true, Date.now(), ...bytes],
    });
};

export const appends: Scenario = {
  name: 'appends',
  title: 'Appends through the client against the node',
  raw: 'single-row INSERTs of the same event into a table like the node’s, at the same concurrency',
  run: async (parts, { rounds, stretchMs }) => {
    const node = await parts.node();
    const insert = await insertInto(parts.pool(node.database, 64));
    const client = EventStoreDBClient.connectionString(node.connectionString);
    parts.onEnd(() => client.dispose());
    const append = appendThrough(client);
    await load(16, stretchMs, append);
    await load(16, stretchMs, insert);
    const figures: Figure[] = [];
    for (const inFlight of [1, 16, 64]) {
      const rate = (work: () => Promise<unknown>) => async () => (await load(inFlight, stretchMs, work)).perSecond;
      const { raw, ours, ratios } = await interleaved(rounds, rate(insert), rate(append));
      figures.push(perSecond(`appends, ${inFlight} in flight`, ours), perSecond(`raw inserts, ${inFlight} in flight`, raw));
      figures.push(inFlight === 64 ? ratio('ratio, 64 in flight', ratios, 0.6, 1) : ratio(`ratio, ${inFlight} in flight`, ratios));
    }
    return figures;
  },
};
