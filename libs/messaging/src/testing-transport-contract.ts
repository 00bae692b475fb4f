import fc from 'fast-check';
import { PartitionLost, WrongPartitionCount, type LogBatch, type LogTransport } from './log-transport';
import { partitionOf } from './partition-of';
import { Reading, uniqueName, type Broker } from './testing-broker';
import { sampleEnvelope, sampleStream } from './testing-envelopes';
import { gate, until } from './testing-support';

export interface ContractOptions {
  /** Longest time for one rule, in milliseconds; brokers that take long to form a group need more. 30,000 unless told. */
  readonly timeoutMs?: number;
}

const PARTITIONS = 4;
const keys = ['lamp-1', 'lamp-2', 'lamp-3', 'lamp-4', 'lamp-5', 'lamp-6', 'lamp-7', 'lamp-8'];
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
    const read = async (reading: Reading, count: number): Promise<void> => void (await wait(`${count} records, ${reading.messages.length} so far`, () => reading.messages.length >= count));

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
        const consumer = await new Reading(topic).member(transport, 'a', async ({ partition, messages }) => void found.push(...messages.map(({ key }): [string, number] => [key, partition])));
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
        expect(reading.messages.map(({ envelope, raw }) => envelope?.sequence ?? raw)).toEqual(['0', 'not json {', '{"specversion":"1.0","sequence":"-1"}', '1']);
      });
    });

    describe('a group', () => {
      rule('a member gets every record once, in the order of each key', async () => {
        const topic = await newTopic();
        const reading = new Reading(topic);
        const consumer = await reading.member(transport, 'a', undefined, { batchSize: 7 });
        await fill(topic, 10);
        await fill(topic, 0);
        await read(reading, 80);
        await consumer.stop();
        expect(reading.messages).toHaveLength(80);
        expectAll(reading, 10);
      });
      rule('groups do not take records from each other', async () => {
        const topic = await newTopic();
        const [one, two] = [new Reading(topic), new Reading(topic)];
        const consumers = [await one.member(transport), await two.member(transport)];
        await fill(topic, 3);
        await Promise.all([read(one, 24), read(two, 24)]);
        await Promise.all(consumers.map((consumer) => consumer.stop()));
        expectAll(one, 3);
        expectAll(two, 3);
      });
      rule('reading starts where the consumer says, not where anybody remembers', async () => {
        const topic = await newTopic();
        await transport.publish(topic, sampleStream('lamp-1', 6));
        const home = partitionOf('lamp-1', PARTITIONS);
        const group = uniqueName('group');
        const whole = new Reading(topic, group);
        const before = await whole.member(transport);
        await read(whole, 6);
        await before.stop();
        const again = new Reading(topic, group).startAt(home, (await transport.bounds(topic)).get(home)!.first + 4n);
        const after = await again.member(transport);
        await read(again, 2);
        await after.stop();
        expect(again.sequencesOf('lamp-1')).toEqual(['4', '5']);
      });
      rule('a failed batch comes again from the place the consumer names, and nothing is skipped', async () => {
        const topic = await newTopic();
        const reading = new Reading(topic);
        let failures = 0;
        const consumer = await reading.member(transport, 'a', async () => {
          if (failures < 3) throw new Error(`no ${(failures += 1)}`);
        });
        await fill(topic, 4);
        await read(reading, 32);
        await consumer.stop();
        expect(failures).toBe(3);
        expect(reading.errors.length).toBeGreaterThanOrEqual(3);
        expectAll(reading, 4);
      });
      rule('a partition that keeps failing does not hold up the others', async () => {
        const topic = await newTopic();
        const reading = new Reading(topic);
        const bad = partitionOf('lamp-1', PARTITIONS);
        const well = keys.filter((key) => partitionOf(key, PARTITIONS) !== bad);
        const consumer = await reading.member(transport, 'a', async ({ partition }) => {
          if (partition === bad) throw new Error('never');
        });
        await fill(topic, 3);
        await read(reading, well.length * 3);
        await consumer.stop();
        expect(new Set(reading.messages.map(({ key }) => key))).toEqual(new Set(well));
      });
      rule('two members share the partitions and nothing is lost', async () => {
        const topic = await newTopic();
        const reading = new Reading(topic);
        const [a, b] = [await reading.member(transport, 'a'), await reading.member((await broker.connect()).transport, 'b')];
        await wait('both to have a share', () => a.assigned().length > 0 && b.assigned().length > 0 && a.assigned().length + b.assigned().length === PARTITIONS);
        await fill(topic, 5);
        await read(reading, 40);
        await Promise.all([a.stop(), b.stop()]);
        expectAll(reading, 5);
        expect(new Set(reading.readers.map(({ by }) => by))).toEqual(new Set(['a', 'b']));
      });
      rule('a member that leaves hands its partitions over', async () => {
        const topic = await newTopic();
        const reading = new Reading(topic);
        const [a, b] = [await reading.member(transport, 'a'), await reading.member((await broker.connect()).transport, 'b')];
        await fill(topic, 2);
        await read(reading, 16);
        await a.stop();
        await wait('the other to have all', () => b.assigned().length === PARTITIONS);
        await transport.publish(topic, keys.map((key) => sampleEnvelope({ stream: key, sequence: 2, previous: 1 })));
        await read(reading, 24);
        await b.stop();
        expectAll(reading, 3);
      });
      rule('when a member dies, another takes over and nothing is lost', async () => {
        const topic = await newTopic();
        const reading = new Reading(topic);
        const mortal = await broker.connect();
        const a = await reading.member(mortal.transport, 'a');
        const b = await reading.member(transport, 'b');
        await wait('both to have a share', () => a.assigned().length > 0 && b.assigned().length > 0);
        await fill(topic, 2);
        await read(reading, 16);
        await mortal.die();
        await transport.publish(topic, keys.map((key) => sampleEnvelope({ stream: key, sequence: 2, previous: 1 })));
        await read(reading, 24);
        await b.stop();
        expectAll(reading, 3);
      });
      rule('a slow member that says it lives keeps its partition', async () => {
        const topic = await newTopic(1);
        const reading = new Reading(topic);
        const go = gate();
        let beats = 0;
        const slow = async (batch: LogBatch): Promise<void> => {
          const done = go.opened.then(() => 'done');
          while ((await Promise.race([done, new Promise((resolve) => setTimeout(resolve, broker.sessionMs / 20))])) !== 'done') {
            await batch.heartbeat();
            beats += 1;
          }
        };
        const members = [await reading.member(transport, 'a', slow), await reading.member((await broker.connect()).transport, 'b', slow)];
        await wait('the partition to be with one of them', () => members.flatMap((member) => member.assigned()).length === 1);
        await transport.publish(topic, sampleStream('lamp-1', 1));
        await wait('two sessions to pass', () => beats > 45);
        expect(reading.messages).toHaveLength(0);
        go.open();
        await read(reading, 1);
        await Promise.all(members.map((member) => member.stop()));
        expect(reading.readers).toHaveLength(1);
      });
      rule('a member that hangs in silence loses its partition to another, and is told so', async () => {
        const topic = await newTopic(1);
        const reading = new Reading(topic);
        const go = gate();
        let told: unknown;
        const hanging = await broker.connect();
        const a = await reading.member(hanging.transport, 'a', async (batch) => {
          await go.opened;
          await batch.heartbeat().catch((error: unknown) => (told = error));
        });
        await transport.publish(topic, sampleStream('lamp-1', 2));
        await wait('the partition to be with the first', () => a.assigned().length === 1);
        const b = await reading.member(transport, 'b');
        await read(reading, 2);
        expect(reading.readers.map(({ by }) => by)).toEqual(['b']);
        go.open();
        await wait('the first to hear of it', () => told);
        expect(told).toBeInstanceOf(PartitionLost);
        await Promise.all([a.stop(), b.stop()]);
        expect(reading.sequencesOf('lamp-1')).toEqual(['0', '1']);
      });
      rule('stopping waits for the running batch, and nothing comes after it', async () => {
        const topic = await newTopic();
        const reading = new Reading(topic);
        const go = gate();
        let began = 0;
        const consumer = await reading.member(transport, 'a', async () => {
          began += 1;
          await go.opened;
        });
        await transport.publish(topic, sampleStream('lamp-1', 1));
        await wait('a batch', () => began === 1);
        const stopped = consumer.stop();
        go.open();
        await stopped;
        expect(reading.messages).toHaveLength(1);
        await transport.publish(topic, sampleStream('lamp-1', 1));
        expect(began).toBe(1);
      });
      rule('after an outage of the broker reading goes on by itself and nothing is lost', async () => {
        const topic = await newTopic();
        const reading = new Reading(topic);
        const consumer = await reading.member(transport);
        await fill(topic, 2);
        await read(reading, 16);
        const outage = await broker.outage();
        const late = keys.map((key) => sampleEnvelope({ stream: key, sequence: 2, previous: 1 }));
        const duringOutage = transport.publish(topic, late).then(() => true, () => false);
        await outage.end();
        if (!(await duringOutage)) await wait('publishing to work again', () => transport.publish(topic, late).then(() => true, () => false));
        await wait('the late records', () => keys.every((key) => reading.sequencesOf(key).includes('2')));
        await consumer.stop();
        for (const key of keys) expect([...new Set(reading.sequencesOf(key))]).toEqual(['0', '1', '2']);
      });
    });
  });
};
