import { allServices } from '@qiyue/all-in-one';
import { identityFacts, partitionCount, type Envelope } from '@qiyue/contracts';
import { startConsumer } from '@qiyue/messaging';
import { factsSink, migrateReadModels, type AnyReadModel } from '@qiyue/projections';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Pool } from 'pg';
import { buses, type Bus } from './buses';
import { interleaved, timed } from './measure';
import type { Parts } from './parts';
import { perSecond, ratio, type Figure, type Scenario } from './scenario';
import { told } from './told';

export const topic = 'bench.accounts.v1';
const BATCH = 500;

/** The order service's own read model of what identity tells, one row an account. */
const standing = (): AnyReadModel => {
  const model = allServices.flatMap(({ readModels }) => readModels).find(({ name }) => name === 'account_standing');
  if (model === undefined) throw new Error('the order service has no account_standing');
  return model;
};

export const acceptances = (count: number): readonly Envelope[] =>
  Array.from({ length: count }, () => {
    const accountId = randomUUID();
    const acceptedAt = new Date().toISOString();
    return told(identityFacts.AgreementAccepted, accountId, {
      accountId,
      agreementVersion: '2026-01',
      documentHash: 'a'.repeat(64),
      act: 'registration',
      acceptedAt,
    });
  });

/** Consumes the whole topic into a fresh read model: as a service does that is new. */
export const project = async (parts: Parts, bus: Bus, count: number): Promise<number> => {
  const pool = parts.pool(await parts.freshDatabase('projection'), 8);
  const model = standing();
  await migrateReadModels(pool, [model]);
  // What a start does once the log, still empty, has been replayed.
  await pool.query('UPDATE read_model_tables SET facts_ready = true');
  return timed(count, async () => {
    const consumer = await startConsumer({
      transport: bus.transport,
      pool,
      group: `bench-${randomUUID()}`,
      topics: [topic],
      handles: [identityFacts.AgreementAccepted],
      mode: 'projection',
      apply: factsSink([model]),
    });
    while (!(await consumer.caughtUp())) await pause(5);
    const { rows } = await pool.query<{ n: string }>(`SELECT count(*) AS n FROM ${model.name}`);
    if (Number(rows[0]?.n) !== count) throw new Error(`${rows[0]?.n} rows of ${count}`);
    await consumer.stop();
  });
};

/** The same rows, by themselves: batches of 500, one statement and one transaction each, on one connection. */
export const bulkInsert = async (pool: Pool, count: number): Promise<number> => {
  const { shape } = standing();
  const table = `raw_${randomUUID().replaceAll('-', '')}`;
  await pool.query(
    `CREATE TABLE ${table} ("accountId" text COLLATE "C" PRIMARY KEY, "acceptedVersion" text, "declinedVersion" text, "verifiedName" text, suspended boolean)`,
  );
  const text = `INSERT INTO ${table} SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[])`;
  const size = Math.min(BATCH, count);
  const same = (value: unknown): unknown[] => Array.from({ length: size }, () => value);
  if (shape.columns.length !== 5) throw new Error('account_standing has other columns by now');
  return timed(count, async () => {
    for (let at = 0; at < count; at += size) {
      const ids = Array.from({ length: size }, () => randomUUID());
      await pool.query({ name: table.slice(0, 60), text, values: [ids, same('2026-01'), same(null), same(null), same(false)] });
    }
  });
};

const measure = async (parts: Parts, bus: Bus, rounds: number, count: number): Promise<readonly Figure[]> => {
  await bus.transport.ensureTopics([topic], partitionCount);
  await bus.transport.publish(topic, acceptances(count));
  const pool = parts.pool(await parts.freshDatabase('bulk'), 1);
  const rates: { consume: number; insert: number }[] = [];
  const raw = async (): Promise<number> => {
    const rate = { consume: await timed(count, () => bus.consumeRaw(topic, count)), insert: await bulkInsert(pool, count) };
    rates.push(rate);
    return Math.min(rate.consume, rate.insert);
  };
  await raw();
  await project(parts, bus, count);
  rates.length = 0;
  const { ours, ratios } = await interleaved(rounds, raw, () => project(parts, bus, count));
  return [
    perSecond('projection', ours),
    perSecond(
      'raw consume',
      rates.map(({ consume }) => consume),
    ),
    perSecond(
      'raw bulk insert',
      rates.map(({ insert }) => insert),
    ),
    ratio('ratio to the slower', ratios, 0.5, 0.9),
  ];
};

const projectionOf = (kind: keyof typeof buses, title: string, raw: string): Scenario => ({
  name: `projection-${kind}`,
  title,
  raw,
  skipped: () => buses[kind].whyNot(),
  run: async (parts, { rounds, count }) => measure(parts, await buses[kind].open(parts), rounds, count(100_000, 200)),
});

export const projectionEmbedded = projectionOf(
  'embedded',
  'Facts of another service into a read model, from the embedded bus',
  'pages of the log read by themselves; the same rows inserted by 500',
);
export const projectionKafka = projectionOf(
  'kafka',
  'Facts of another service into a read model, from Kafka',
  'kafkajs alone, reading the topic; the same rows inserted by 500',
);
