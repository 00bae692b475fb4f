import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startKafka, type LocalKafka } from '@qiyue/local-kafka';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { Pool } from 'pg';
import { serviceNames, topicOf } from '@qiyue/contracts';
import { kafkaTransport } from '@qiyue/messaging';
import { until } from '@qiyue/messaging/testing';
import { startTwoPods, type TwoPods } from './two-pods';

describe('personal data', () => {
  const lines: string[] = [];
  let kafka: Kafka;
  let broker: LocalKafka;
  let dataDir: string;
  let pods: TwoPods;
  beforeAll(async () => {
    // A broker of its own: topics belong to one platform.
    dataDir = mkdtempSync(join(tmpdir(), 'qiyue-personal-'));
    broker = await startKafka({ dataDir });
    const brokers = [broker.brokers];
    kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING });
    pods = await startTwoPods(2, {
      logTo: { write: (line: string) => void lines.push(line) },
      openTransport: async () => kafkaTransport({ brokers, sessionMs: 30_000 }),
    });
  }, 400_000);
  afterAll(async () => {
    await pods?.stop();
    await broker?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }, 60_000);

  const everyRecord = async (): Promise<readonly { topic: string; key: string; value: string; headers: string }[]> => {
    const found: { topic: string; key: string; value: string; headers: string }[] = [];
    const consumer = kafka.consumer({ groupId: `personal-${process.pid}-${found.length}-${performance.now()}` });
    const admin = kafka.admin();
    await admin.connect();
    let expected = 0;
    for (const name of serviceNames)
      for (const { low, high } of await admin.fetchTopicOffsets(topicOf(name))) expected += Number(high) - Number(low);
    await admin.disconnect();
    await consumer.connect();
    await consumer.subscribe({ topics: serviceNames.map(topicOf), fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ topic, message: { key, value, headers } }) =>
        void found.push({ topic, key: String(key), value: String(value), headers: JSON.stringify(headers) }),
    });
    await until('every record', () => found.length >= expected, 60_000);
    await consumer.disconnect();
    return found;
  };

  const deadLetters = async (): Promise<readonly { reason: string; envelope: string }[]> => {
    const all: { reason: string; envelope: string }[] = [];
    for (const name of serviceNames) {
      const pool = new Pool({ connectionString: `${pods.first.node.postgresUrl}/${pods.first.env['DATABASE_PREFIX']}${name}`, max: 1 });
      all.push(...(await pool.query<{ reason: string; envelope: string }>('SELECT reason, envelope FROM dead_letter')).rows);
      await pool.end();
    }
    return all;
  };

  test('stands in clear neither on Kafka, nor in a log, nor in a dead letter (5.1)', async () => {
    const { crowd } = pods;
    const [one] = crowd.customers;
    const orderId = await crowd.submit(one!);
    await crowd.quiet();
    await crowd.asCustomer(one!, 'POST', '/billing/sandbox/payments', { receivableId: orderId });
    await crowd.quiet();
    // Somebody tells facts with whole, sealed data in a version that nobody knows: the consumers set them aside as dead letters.
    const told = await everyRecord();
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    for (const { topic, value } of told.filter(({ value: text }) =>
      /\.(OrderSubmitted|AccountRegistered|EmailCodeIssued)\.v1"/.test(text),
    )) {
      const envelope = JSON.parse(value) as { type: string; subject: string; id: string };
      const subject = `${envelope.subject}x`;
      const strange = {
        ...envelope,
        type: envelope.type.replace('.v1', '.v99'),
        subject,
        partitionkey: subject,
        sequence: '0',
        previoussequence: undefined,
        // Behind everything that was told, or it would pass for something told again.
        position: '9000000000000000000:9000000000000000000',
        previousposition: undefined,
      };
      await producer.send({ topic, messages: [{ key: subject, value: JSON.stringify(strange) }] });
    }
    await producer.disconnect();
    const letters = await until(
      'dead letters',
      async () => {
        const found = await deadLetters();
        return found.length >= 3 ? found : undefined;
      },
      60_000,
    );
    // A login that fails, a body that is wrong: what callers send is not repeated in the log either.
    await crowd.asCustomer(one!, 'POST', '/order/orders', { lines: '人群示例', company: one!.name });
    expect(lines.length).toBeGreaterThan(0);
    expect(told.length).toBeGreaterThan(10);
    const words = [...crowd.secrets, '示例人', '91330106MA28XXXX7E'];
    const shown = (texts: readonly string[]): readonly string[] => words.filter((word) => texts.some((text) => text.includes(word)));
    expect(shown((await everyRecord()).map((record) => JSON.stringify(record)))).toEqual([]);
    expect(shown(lines)).toEqual([]);
    expect(shown(letters.map((letter) => JSON.stringify(letter)))).toEqual([]);
    expect(new Set(letters.map(({ reason }) => reason))).toEqual(new Set(['unknown-version']));
  }, 400_000);
});
