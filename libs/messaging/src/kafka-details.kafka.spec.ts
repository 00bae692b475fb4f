import { Kafka, logLevel, Partitioners, type Producer } from 'kafkajs';
import { kafkaTransport, type LogBatch, type LogTransport } from './index';
import { gate, kafkaBroker, Reading, sampleEnvelope, sampleStream, uniqueName, until, type Broker } from './testing';
import { partitionOf } from './partition-of';

const brokers = process.env['KAFKA_BROKERS'] ?? '';
const PARTITIONS = 4;
const keys = Array.from({ length: 8 }, (_, at) => `lamp-${at + 1}`);

describe('the log on Kafka', () => {
  const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING });
  let broker: Broker;
  let transport: LogTransport;
  let topic: string;
  beforeAll(async () => {
    broker = await kafkaBroker(brokers);
    transport = (await broker.connect()).transport;
  });
  beforeEach(async () => {
    topic = uniqueName('topic');
    await transport.ensureTopics([topic], PARTITIONS);
  });
  afterAll(() => broker.close());

  const fill = (from: number, to: number): Promise<void> =>
    transport.publish(
      topic,
      Array.from({ length: to - from }, (_, at) =>
        keys.map((stream) => sampleEnvelope({ stream, sequence: from + at, previous: from + at === 0 ? undefined : from + at - 1 })),
      ).flat(),
    );
  const transactional = async (): Promise<Producer> => {
    const producer = kafka.producer({
      transactionalId: uniqueName('tx'),
      maxInFlightRequests: 1,
      idempotent: true,
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    return producer;
  };
  const sequences = (count: number): string[] => Array.from({ length: count }, (_, at) => String(at));

  test('a record is structured CloudEvents, and its headers say what it is and of whom, without the data', async () => {
    const envelope = {
      ...sampleEnvelope({ sequence: 0, data: { watt: 7 } }),
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      clause: '2.2.5',
      agreementversion: 'v1',
    };
    await transport.publish(topic, [envelope]);
    const consumer = kafka.consumer({ groupId: uniqueName('raw') });
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    let seen: { key: string; value: string; headers: Record<string, string> } | undefined;
    await consumer.run({
      eachMessage: async ({ message }) => {
        const headers = Object.fromEntries(Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]));
        seen = { key: String(message.key), value: String(message.value), headers };
      },
    });
    const { key, value, headers } = await until('the record', () => seen);
    await consumer.disconnect();
    expect(key).toBe('lamp-1');
    expect(JSON.parse(value)).toEqual(envelope);
    expect(headers).toEqual({
      'content-type': 'application/cloudevents+json; charset=UTF-8',
      ce_specversion: '1.0',
      ce_id: envelope.id,
      ce_source: envelope.source,
      ce_type: envelope.type,
      ce_subject: envelope.subject,
      traceparent: envelope.traceparent,
    });
  });

  test('a topic is made to keep everything, and to take records larger than the largest event', async () => {
    const admin = kafka.admin();
    await admin.connect();
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: 2, name: topic, configNames: ['cleanup.policy', 'retention.ms', 'retention.bytes', 'max.message.bytes'] }],
    });
    await admin.disconnect();
    expect(Object.fromEntries(resources[0]!.configEntries.map(({ configName, configValue }) => [configName, configValue]))).toEqual({
      'cleanup.policy': 'delete',
      'retention.ms': '-1',
      'retention.bytes': '-1',
      'max.message.bytes': '4194304',
    });
  });

  test('two processes that make the same topics at the same instant both find them', async () => {
    const others = await Promise.all([broker.connect(), broker.connect(), broker.connect()]);
    const names = [uniqueName('a'), uniqueName('b'), uniqueName('c')];
    await Promise.all(others.map((other) => other.transport.ensureTopics(names, 2)));
    for (const name of names) expect((await transport.head(name)).size).toBe(2);
  });

  test('many large records at once are cut into as many batches as it takes, in order', async () => {
    const text = 'x'.repeat(300_000);
    await transport.publish(topic, sampleStream('lamp-1', 12, { text }));
    const reading = new Reading(topic);
    const consumer = await reading.member(transport);
    await until('all', () => reading.messages.length === 12);
    await consumer.stop();
    expect(reading.sequencesOf('lamp-1')).toEqual(sequences(12));
  });

  test('records that nobody is shown, such as those of transactions, are passed and leave no gap', async () => {
    const producer = await transactional();
    const partition = partitionOf('lamp-1', PARTITIONS);
    const reading = new Reading(topic);
    const consumer = await reading.member(transport);
    for (const [index, commits] of [true, false, true, false].entries()) {
      const transaction = await producer.transaction();
      const value = JSON.stringify(sampleEnvelope({ sequence: index }));
      await transaction.send({ topic, messages: [{ partition, key: 'lamp-1', value }] });
      await (commits ? transaction.commit() : transaction.abort());
    }
    await producer.disconnect();
    await transport.publish(topic, [sampleEnvelope({ sequence: 4 })]);
    await until('the last', () => reading.sequencesOf('lamp-1').includes('4'));
    expect(reading.sequencesOf('lamp-1')).toEqual(['0', '2', '4']);
    expect(reading.errors).toEqual([]);
    await consumer.stop();
    expect((await transport.tail(topic)).get(partition)?.sequence).toBe('4');
  });

  test('the last record is found behind those that nobody is shown', async () => {
    await transport.publish(topic, [sampleEnvelope({ sequence: 0 })]);
    const producer = await transactional();
    const transaction = await producer.transaction();
    await transaction.send({ topic, messages: [{ partition: partitionOf('lamp-1', PARTITIONS), key: 'lamp-1', value: '{}' }] });
    await transaction.abort();
    await producer.disconnect();
    expect([...(await transport.tail(topic)).values()].map(({ sequence }) => sequence)).toEqual(['0']);
  });

  test('reading the last records leaves no group behind', async () => {
    await transport.publish(topic, sampleStream('lamp-1', 2));
    await transport.tail(topic);
    const admin = kafka.admin();
    await admin.connect();
    const { groups } = await admin.listGroups();
    await admin.disconnect();
    expect(groups.filter(({ groupId }) => groupId.startsWith(topic))).toEqual([]);
  });

  test('a partition whose handler takes long holds up neither the others nor the membership', async () => {
    const reading = new Reading(topic);
    const slow = partitionOf('lamp-1', PARTITIONS);
    const go = gate();
    const beating = async (batch: LogBatch): Promise<void> => {
      if (batch.partition !== slow) return;
      const timer = setInterval(() => void batch.heartbeat().catch(() => undefined), 100);
      await go.opened;
      clearInterval(timer);
    };
    const consumer = await reading.member(transport, 'a', beating, { batchSize: 5 });
    const others = keys.filter((key) => partitionOf(key, PARTITIONS) !== slow);
    for (let round = 0; round < 10; round += 1) {
      await fill(round * 5, round * 5 + 5);
      await until('the others', () => others.every((key) => reading.sequencesOf(key).length === round * 5 + 5));
    }
    expect(reading.sequencesOf('lamp-1')).toEqual([]);
    go.open();
    await until('the slow one', () => keys.every((key) => reading.sequencesOf(key).length === 50));
    await consumer.stop();
    for (const key of keys) expect(reading.sequencesOf(key)).toEqual(sequences(50));
    expect(reading.errors).toEqual([]);
  });

  test('members that come and go while there is work lose and reorder nothing', async () => {
    const reading = new Reading(topic);
    const others = await Promise.all([broker.connect(), broker.connect()]);
    const stay = await reading.member(transport, 'a', undefined, { batchSize: 3 });
    let published = 0;
    let filling = true;
    const filler = (async () => {
      while (filling) {
        await fill(published, published + 2);
        published += 2;
      }
    })();
    for (const [index, { transport: other }] of [...others, ...others].entries()) {
      const guest = await reading.member(other, `guest ${index}`, undefined, { batchSize: 3 });
      await until('a share', () => guest.assigned().length > 0 && reading.readers.some(({ by }) => by === `guest ${index}`));
      await guest.stop();
    }
    filling = false;
    await filler;
    await until('everything', () => keys.every((key) => reading.sequencesOf(key).length === published), 60_000);
    await stay.stop();
    for (const key of keys) expect(reading.sequencesOf(key)).toEqual(sequences(published));
  });

  test('how far a group is can be seen with the tools of Kafka', async () => {
    const reading = new Reading(topic);
    const lagging = kafkaTransport({ brokers: brokers.split(','), sessionMs: 6_000, commitMs: 100 });
    const consumer = await reading.member(lagging);
    await fill(0, 5);
    await until('all', () => reading.messages.length === 40);
    const admin = kafka.admin();
    await admin.connect();
    const head = await transport.head(topic);
    await until('the broker to know', async () => {
      const [offsets] = await admin.fetchOffsets({ groupId: reading.group, topics: [topic] });
      return offsets!.partitions.every(({ partition, offset }) => BigInt(offset) === head.get(partition));
    });
    await consumer.stop();
    await lagging.close();
    await admin.disconnect();
    expect(reading.messages).toHaveLength(40);
  });

  test('a session shorter than the brokers allow is a fault that no waiting mends, and says so at the start', async () => {
    const impatient = kafkaTransport({ brokers: brokers.split(','), sessionMs: 10, heartbeatMs: 5 });
    await expect(new Reading(topic).member(impatient)).rejects.toMatchObject({ name: 'BusUnavailable', code: 'INVALID_SESSION_TIMEOUT' });
    await impatient.close();
  });

  test('nothing can be consumed once it is closed, and closing twice is closing once', async () => {
    const closing = kafkaTransport({ brokers: brokers.split(',') });
    await closing.head(topic);
    await closing.close();
    await expect(new Reading(topic).member(closing)).rejects.toThrow('closed');
    await closing.close();
  });
});
