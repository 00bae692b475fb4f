import { startKafka, whyNoKafka } from '@qiyue/local-kafka';
import { embeddedTransport, kafkaTransport, type LogTransport } from '@qiyue/messaging';
import { Kafka, logLevel } from 'kafkajs';
import { join } from 'node:path';
import type { Pool } from 'pg';
import type { Parts } from './parts';

/** A bus that facts travel on, opened for a scenario. */
export interface Bus {
  readonly name: string;
  /** Where a process finds it; empty for the embedded one, which is in its PostgreSQL. */
  readonly brokers: string;
  readonly transport: LogTransport;
  /** Reads so many records of a topic and nothing else, as fast as the bus's own client can. */
  consumeRaw(topic: string, count: number): Promise<void>;
}

interface BusKind {
  readonly name: 'embedded' | 'kafka';
  /** Why it cannot run here. */
  whyNot(): Promise<string | undefined>;
  open(parts: Parts): Promise<Bus>;
}

/** How a platform opens its bus; undefined for the embedded one, which it has by itself. */
export const openTransportOf = (bus: string, brokers: string): (() => Promise<LogTransport>) | undefined =>
  bus === 'kafka' ? () => Promise.resolve(kafkaTransport({ brokers: [brokers] })) : undefined;

const readPages = async (pool: Pool, topic: string): Promise<number> => {
  const { rows: partitions } = await pool.query<{ topic: number; partition: number }>(
    'SELECT p.topic, p.partition FROM bus_partition p JOIN bus_topic t ON t.id = p.topic WHERE t.name = $1',
    [topic],
  );
  let read = 0;
  for (const { topic: id, partition } of partitions) {
    for (let next = '0', page = -1; page !== 0;) {
      const { rows } = await pool.query<{ offset: string; envelope: string }>({
        name: 'page',
        text: 'SELECT "offset", envelope FROM bus_message WHERE topic = $1 AND partition = $2 AND "offset" >= $3 ORDER BY "offset" LIMIT 500',
        values: [id, partition, next],
      });
      page = rows.length;
      read += page;
      next = String(BigInt(rows.at(-1)?.offset ?? next) + 1n);
    }
  }
  return read;
};

const embedded: BusKind = {
  name: 'embedded',
  whyNot: () => Promise.resolve(undefined),
  open: async (parts) => {
    const pool = parts.pool(await parts.freshDatabase('bus'), 8);
    const transport = embeddedTransport({ pool });
    parts.onEnd(() => transport.close());
    const consumeRaw = async (topic: string, count: number): Promise<void> => {
      const read = await readPages(pool, topic);
      if (read !== count) throw new Error(`${topic} holds ${read} records, not ${count}`);
    };
    return { name: 'embedded', brokers: '', transport, consumeRaw };
  },
};

const consumeWithKafkajs = async (client: Kafka, topic: string, count: number): Promise<void> => {
  const consumer = client.consumer({ groupId: `bench-${process.hrtime.bigint()}` });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    let read = 0;
    const eachBatch = async ({ batch }: { readonly batch: { readonly messages: readonly unknown[] } }): Promise<void> => {
      read += batch.messages.length;
      if (read >= count) resolve();
    };
    consumer.run({ autoCommit: false, eachBatch }).catch(reject);
  });
  await consumer.disconnect();
};

const kafka: BusKind = {
  name: 'kafka',
  whyNot: async () => {
    const why = await whyNoKafka();
    return why === undefined ? undefined : `no Java 17/Maven: ${why}`;
  },
  open: async (parts) => {
    const broker = await startKafka({ dataDir: join(parts.folder, `kafka-${process.hrtime.bigint()}`) });
    parts.onEnd(() => broker.stop());
    const transport = kafkaTransport({ brokers: [broker.brokers] });
    parts.onEnd(() => transport.close());
    const client = new Kafka({ brokers: [broker.brokers], logLevel: logLevel.NOTHING });
    return { name: 'Kafka', brokers: broker.brokers, transport, consumeRaw: (topic, count) => consumeWithKafkajs(client, topic, count) };
  },
};

/** Every bus there is, in the order they are measured. */
export const buses = { embedded, kafka } as const satisfies Readonly<Record<string, BusKind>>;
