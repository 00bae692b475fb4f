import { allServices } from '@qiyue/all-in-one';
import { EventStoreDBClient } from '@eventstore/db-client';
import { connectEventStore, subscribe } from '@qiyue/event-store';
import { startOwnProjections, type AnyReadModel } from '@qiyue/projections';
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { interleaved, timed } from './measure';
import { perSecond, ratio, type Scenario } from './scenario';
import { filledDatabase } from './stored';

/** Compliance's own read model of who is suspended, one row an account. */
const standings = (): AnyReadModel => {
  const model = allServices
    .find(({ name }) => name === 'compliance')
    ?.readModels.find(({ own }) => own.some(({ category }) => category === 'standing'));
  if (model === undefined) throw new Error('compliance has no read model of standings');
  return model;
};

/** Copies the rows of a filled table by 500, one statement and one transaction each, on one connection. */
const bulkInsert = async (pool: Pool, model: AnyReadModel, count: number): Promise<number> => {
  const table = `raw_${randomUUID().replaceAll('-', '')}`;
  await pool.query(`CREATE TABLE ${table} AS SELECT * FROM ${model.name} WHERE false`);
  const keys = model.shape.key.map(({ name }) => `"${name}"`).join(', ');
  await pool.query(`ALTER TABLE ${table} ADD PRIMARY KEY (${keys})`);
  const names = model.shape.columns.map(({ name }) => `"${name}"`).join(', ');
  const { rows } = await pool.query<unknown[]>({ text: `SELECT ${names} FROM ${model.name} LIMIT 500`, rowMode: 'array' });
  const columns = model.shape.columns.map(({ type }, at) => rows.map((row) => (type === 'jsonb' ? JSON.stringify(row[at]) : row[at])));
  const keyAt = model.shape.columns.findIndex(({ name }) => name === model.shape.key[0]?.name);
  const arrays = model.shape.columns.map(({ type }, at) => `$${at + 1}::${type}[]`).join(', ');
  const text = `INSERT INTO ${table} (${names}) SELECT * FROM unnest(${arrays})`;
  return timed(count, async () => {
    for (let at = 0; at < count; at += rows.length) {
      const values = columns.map((column, index) => (index === keyAt ? column.map(() => randomUUID()) : column));
      await pool.query({ name: table.slice(0, 60), text, values });
    }
  });
};

const readAll = async (client: EventStoreDBClient, count: number): Promise<number> =>
  timed(count, async () => {
    let read = 0;
    for await (const _resolved of client.readAll({ maxCount: count })) read += 1;
    if (read !== count) throw new Error(`${read} events of ${count}`);
  });

export const rebuild: Scenario = {
  name: 'rebuild',
  title: 'A read model rebuilt from its own events, into a shadow table and swapped in',
  raw: 'the client alone reading the same events from $all; the same rows inserted by 500',
  run: async (parts, { rounds, count }) => {
    const events = count(50_000, 500);
    const node = await parts.node(await filledDatabase(parts, events));
    const raw = EventStoreDBClient.connectionString(node.connectionString);
    parts.onEnd(() => raw.dispose());
    const client = connectEventStore(node.connectionString);
    parts.onEnd(() => client.dispose());
    const pool = parts.pool(await parts.freshDatabase('rebuild'), 8);
    const model = standings();
    const projections = await startOwnProjections({ pool, models: [model], subscribe: (options) => subscribe({ client, ...options }) });
    parts.onEnd(() => projections.stop());
    await projections.ready();
    const rates: { read: number; insert: number }[] = [];
    const limits = async (): Promise<number> => {
      const rate = { read: await readAll(raw, events), insert: await bulkInsert(pool, model, events) };
      rates.push(rate);
      return Math.min(rate.read, rate.insert);
    };
    await limits();
    rates.length = 0;
    const { ours, ratios } = await interleaved(rounds, limits, () => timed(events, () => projections.rebuild(model)));
    return [
      perSecond('rebuild', ours),
      perSecond(
        'raw read',
        rates.map(({ read }) => read),
      ),
      perSecond(
        'raw bulk insert',
        rates.map(({ insert }) => insert),
      ),
      ratio('ratio to the slower', ratios, 0.5, 0.9),
    ];
  },
};
