import fc from 'fast-check';
import { WrongPartitionCount, type LogTransport } from './log-transport';
import { partitionOf } from './partition-of';
import { Reading, uniqueName, type Broker } from './testing-broker';
import { sampleEnvelope, sampleStream } from './testing-envelopes';
import { contractKeys as keys, contractPartitions as PARTITIONS, groupRules } from './testing-group-contract';
import { until } from './testing-support';

export interface ContractOptions {
  /** Longest time for one rule, in milliseconds; brokers that take long to form a group need more. 30,000 unless told. */
  readonly timeoutMs?: number;
}

const sequences = (count: number): string[] => Array.from({ length: count }, (_, at) => String(at));

/** A Jest suite with what every transport promises. Call it at the top of a spec: `transportContract('embedded', () => embeddedBroker(url))`. */
export const transportContract = (name: string, openBroker: () => Promise<Broker>, options: ContractOptions = {}): void => {
  const timeoutMs = options.timeoutMs ?? 30_000;
  const wait = <T>(what: string, check: () => T | Promise<T>): Promise<NonNullable<T>> => until(what, check, timeoutMs * 0.8);

  describe(`the ${name} transport`, () => {
    let broker: Broker;
    let transport: LogTransport;
    beforeAll(async () => {
      broker = await openBroker();
      transport = (await broker.connect()).transport;
    }, timeoutMs);
    afterAll(async () => broker.close(), timeoutMs);

    const rule = (what: string, run: () => Promise<void>): void => test(what, run, timeoutMs);
    const newTopic = async (partitions = PARTITIONS): Promise<string> => {
      const topic = uniqueName('topic');
      await transport.ensureTopics([topic], partitions);
      return topic;
    };
    const fill = async (topic: string, each: number): Promise<void> => {
      const streams = keys.map((key) => sampleStream(key, each));
      // Interleaved, as facts of many streams are.
      await transport.publish(topic, Array.from({ length: each }, (_, at) => streams.map((stream) => stream[at]!)).flat());
    };
    const expectAll = (reading: Reading, each: number): void => {
      for (const key of keys) expect(reading.sequencesOf(key)).toEqual(sequences(each));
    };
    const read = async (reading: Reading, count: number): Promise<void> =>
      void (await wait(`${count} records, ${reading.messages.length} so far`, () => reading.messages.length >= count));

    describe('topics', () => {
      rule('a topic made twice is one topic', async () => {
        const topic = await newTopic();
        await transport.publish(topic, [sampleEnvelope({ sequence: 0 })]);
        await transport.ensureTopics([topic], PARTITIONS);
        expect([...(await transport.head(topic)).values()].reduce((sum, head) => sum + head, 0n)).toBe(1n);
      });
      rule('a topic with another number of partitions is refused, because keys would move', async () => {
        const topic = await newTopic();
        await expect(transport.ensureTopics([topic], PARTITIONS + 1)).rejects.toThrow(WrongPartitionCount);
      });
      rule('a topic nobody made is refused, not made by the way', async () => {
        await expect(transport.publish(uniqueName('nowhere'), [sampleEnvelope({ sequence: 0 })])).rejects.toThrow();
        await expect(new Reading(uniqueName('nowhere')).member(transport)).rejects.toThrow();
      });
    });

    describe('the log', () => {
      rule('an empty topic has no last record and both ends at the same place', async () => {
        const topic = await newTopic();
        expect(await transport.tail(topic)).toEqual(new Map());
        const bounds = await transport.bounds(topic);
        expect([...bounds.keys()].sort()).toEqual([0, 1, 2, 3]);
        for (const { first, next } of bounds.values()) expect(first).toBe(next);
      });
      rule('head and tail show what was published before the call', async () => {
        const topic = await newTopic();
        await transport.publish(topic, sampleStream('lamp-1', 3));
        const home = partitionOf('lamp-1', PARTITIONS);
        const [head, tail, bounds] = [await transport.head(topic), await transport.tail(topic), await transport.bounds(topic)];
        expect(tail).toEqual(new Map([[home, sampleStream('lamp-1', 3)[2]]]));
        expect(head.size).toBe(PARTITIONS);
        expect(head.get(home)).toBe(bounds.get(home)?.next);
        expect(bounds.get(home)!.next - bounds.get(home)!.first).toBe(3n);
      });
      rule('publishing nothing does nothing', async () => {
        const topic = await newTopic();
        await transport.publish(topic, []);
        expect(await transport.tail(topic)).toEqual(new Map());
      });
      rule('every record of a key stands in the partition that Kafka would choose', async () => {
        const topic = await newTopic();
        await fill(topic, 2);
        const found: [string, number][] = [];
        const consumer = await new Reading(topic).member(
          transport,
          'a',
          async ({ partition, messages }) => void found.push(...messages.map(({ key }): [string, number] => [key, partition])),
        );
        await wait('all records', () => found.length >= keys.length * 2);
        await consumer.stop();
        for (const [key, partition] of found) expect(partition).toBe(partitionOf(key, PARTITIONS));
      });
      rule('an envelope comes out as it went in, whatever text it holds', async () => {
        const topic = await newTopic();
        const sent: unknown[] = [];
        await fc.assert(
          fc.asyncProperty(fc.jsonValue(), fc.string({ unit: 'binary' }), async (value, text) => {
            const envelope = sampleEnvelope({ sequence: sent.length, data: { value, text, nul: '\u0000', huge: '9007199254740993' } });
            sent.push(JSON.parse(JSON.stringify(envelope)));
            await transport.publish(topic, [envelope]);
          }),
          { numRuns: 40 },
        );
        const reading = new Reading(topic);
        const consumer = await reading.member(transport);
        await read(reading, sent.length);
        await consumer.stop();
        expect(reading.messages.map(({ envelope }) => envelope)).toEqual(sent);
      });
      rule('what was published stays when the connection is opened anew', async () => {
        const topic = await newTopic();
        const first = await broker.connect();
        await first.transport.publish(topic, sampleStream('lamp-1', 5));
        await first.transport.close();
        const reading = new Reading(topic);
        const consumer = await reading.member((await broker.connect()).transport);
        await read(reading, 5);
        await consumer.stop();
        expect(reading.sequencesOf('lamp-1')).toEqual(sequences(5));
      });
      rule('publishers at the same time leave no gap and keep the order of each key', async () => {
        const topic = await newTopic();
        const reading = new Reading(topic);
        const consumer = await reading.member(transport);
        const other = (await broker.connect()).transport;
        await Promise.all(
          keys.map(async (key, lane) => {
            const stream = sampleStream(key, 60);
            for (let at = 0; at < 60; at += 6) await (lane % 2 === 0 ? transport : other).publish(topic, stream.slice(at, at + 6));
          }),
        );
        await read(reading, keys.length * 60);
        await consumer.stop();
        expectAll(reading, 60);
        const bounds = await transport.bounds(topic);
        expect([...bounds.values()].reduce((sum, { first, next }) => sum + next - first, 0n)).toBe(BigInt(keys.length * 60));
      });
      rule('a record of one megabyte passes', async () => {
        const topic = await newTopic();
        const text = 'x'.repeat(1_000_000);
        await transport.publish(topic, [sampleEnvelope({ sequence: 0, data: { text } }), sampleEnvelope({ sequence: 1, previous: 0 })]);
        const reading = new Reading(topic);
        const consumer = await reading.member(transport);
        await read(reading, 2);
        await consumer.stop();
        expect((reading.messages[0]?.envelope?.data as { text: string }).text).toHaveLength(1_000_000);
      });
      rule('a record published twice is there twice, because only consumers can tell', async () => {
        const topic = await newTopic();
        await transport.publish(topic, sampleStream('lamp-1', 2));
        await transport.publish(topic, sampleStream('lamp-1', 2));
        const reading = new Reading(topic);
        const consumer = await reading.member(transport);
        await read(reading, 4);
        await consumer.stop();
        expect(reading.sequencesOf('lamp-1')).toEqual(['0', '1', '0', '1']);
      });
      rule('a record that is no envelope arrives as what it is, and others flow', async () => {
        const topic = await newTopic();
        await transport.publish(topic, [sampleEnvelope({ sequence: 0 })]);
        const partition = partitionOf('lamp-1', PARTITIONS);
        await broker.writeRaw(topic, partition, 'lamp-1', 'not json {');
        await broker.writeRaw(topic, partition, 'lamp-1', '{"specversion":"1.0","sequence":"-1"}');
        await transport.publish(topic, [sampleEnvelope({ sequence: 1, previous: 0 })]);
        const reading = new Reading(topic);
        const consumer = await reading.member(transport);
        await read(reading, 4);
        await consumer.stop();
        expect(reading.messages.map(({ envelope, raw }) => envelope?.sequence ?? raw)).toEqual([
          '0',
          'not json {',
          '{"specversion":"1.0","sequence":"-1"}',
          '1',
        ]);
      });
    });

    groupRules({ rule, wait, newTopic, fill, expectAll, read, broker: () => broker, transport: () => transport });
  });
};
