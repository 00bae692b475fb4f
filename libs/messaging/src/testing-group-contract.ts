import { PartitionLost, type LogBatch, type LogTransport } from './log-transport';
import { partitionOf } from './partition-of';
import { Reading, uniqueName, type Broker } from './testing-broker';
import { sampleEnvelope, sampleStream } from './testing-envelopes';
import { gate } from './testing-support';

export const contractPartitions = 4;
export const contractKeys = ['lamp-1', 'lamp-2', 'lamp-3', 'lamp-4', 'lamp-5', 'lamp-6', 'lamp-7', 'lamp-8'];

/** What the rules of the contract work with. */
export interface ContractKit {
  rule(what: string, run: () => Promise<void>): void;
  wait<T>(what: string, check: () => T | Promise<T>): Promise<NonNullable<T>>;
  /** A topic of its own for a rule; `contractPartitions` partitions unless told. */
  newTopic(partitions?: number): Promise<string>;
  /** Publishes the first `each` facts of every one of `contractKeys`. */
  fill(topic: string, each: number): Promise<void>;
  expectAll(reading: Reading, each: number): void;
  /** Waits for that many records. */
  read(reading: Reading, count: number): Promise<void>;
  broker(): Broker;
  transport(): LogTransport;
}

const PARTITIONS = contractPartitions;
const keys = contractKeys;

/** The rules about groups: sharing, handing over, dying, hanging, outages. */
export const groupRules = ({ rule, wait, newTopic, fill, expectAll, read, broker, transport }: ContractKit): void => {
  describe('a group', () => {
    rule('a member gets every record once, in the order of each key', async () => {
      const topic = await newTopic();
      const reading = new Reading(topic);
      const consumer = await reading.member(transport(), 'a', undefined, { batchSize: 7 });
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
      const consumers = [await one.member(transport()), await two.member(transport())];
      await fill(topic, 3);
      await Promise.all([read(one, 24), read(two, 24)]);
      await Promise.all(consumers.map((consumer) => consumer.stop()));
      expectAll(one, 3);
      expectAll(two, 3);
    });
    rule('reading starts where the consumer says, not where anybody remembers', async () => {
      const topic = await newTopic();
      await transport().publish(topic, sampleStream('lamp-1', 6));
      const home = partitionOf('lamp-1', PARTITIONS);
      const group = uniqueName('group');
      const whole = new Reading(topic, group);
      const before = await whole.member(transport());
      await read(whole, 6);
      await before.stop();
      const again = new Reading(topic, group).startAt(home, (await transport().bounds(topic)).get(home)!.first + 4n);
      const after = await again.member(transport());
      await read(again, 2);
      await after.stop();
      expect(again.sequencesOf('lamp-1')).toEqual(['4', '5']);
    });
    rule('a failed batch comes again from the place the consumer names, and nothing is skipped', async () => {
      const topic = await newTopic();
      const reading = new Reading(topic);
      let failures = 0;
      const consumer = await reading.member(transport(), 'a', async () => {
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
      const consumer = await reading.member(transport(), 'a', async ({ partition }) => {
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
      const [a, b] = [await reading.member(transport(), 'a'), await reading.member((await broker().connect()).transport, 'b')];
      await wait(
        'both to have a share',
        () => a.assigned().length > 0 && b.assigned().length > 0 && a.assigned().length + b.assigned().length === PARTITIONS,
      );
      await fill(topic, 5);
      await read(reading, 40);
      await Promise.all([a.stop(), b.stop()]);
      expectAll(reading, 5);
      expect(new Set(reading.readers.map(({ by }) => by))).toEqual(new Set(['a', 'b']));
    });
    rule('a member that leaves hands its partitions over', async () => {
      const topic = await newTopic();
      const reading = new Reading(topic);
      const [a, b] = [await reading.member(transport(), 'a'), await reading.member((await broker().connect()).transport, 'b')];
      await fill(topic, 2);
      await read(reading, 16);
      await a.stop();
      await wait('the other to have all', () => b.assigned().length === PARTITIONS);
      await transport().publish(
        topic,
        keys.map((key) => sampleEnvelope({ stream: key, sequence: 2, previous: 1 })),
      );
      await read(reading, 24);
      await b.stop();
      expectAll(reading, 3);
    });
    rule('when a member dies, another takes over and nothing is lost', async () => {
      const topic = await newTopic();
      const reading = new Reading(topic);
      const mortal = await broker().connect();
      const a = await reading.member(mortal.transport, 'a');
      const b = await reading.member(transport(), 'b');
      await wait('both to have a share', () => a.assigned().length > 0 && b.assigned().length > 0);
      await fill(topic, 2);
      await read(reading, 16);
      await mortal.die();
      await transport().publish(
        topic,
        keys.map((key) => sampleEnvelope({ stream: key, sequence: 2, previous: 1 })),
      );
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
        while ((await Promise.race([done, new Promise((resolve) => setTimeout(resolve, broker().sessionMs / 20))])) !== 'done') {
          await batch.heartbeat();
          beats += 1;
        }
      };
      const members = [await reading.member(transport(), 'a', slow), await reading.member((await broker().connect()).transport, 'b', slow)];
      await wait('the partition to be with one of them', () => members.flatMap((member) => member.assigned()).length === 1);
      await transport().publish(topic, sampleStream('lamp-1', 1));
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
      const hanging = await broker().connect();
      const a = await reading.member(hanging.transport, 'a', async (batch) => {
        await go.opened;
        await batch.heartbeat().catch((error: unknown) => (told = error));
      });
      await transport().publish(topic, sampleStream('lamp-1', 2));
      await wait('the partition to be with the first', () => a.assigned().length === 1);
      const b = await reading.member(transport(), 'b');
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
      const consumer = await reading.member(transport(), 'a', async () => {
        began += 1;
        await go.opened;
      });
      await transport().publish(topic, sampleStream('lamp-1', 1));
      await wait('a batch', () => began === 1);
      const stopped = consumer.stop();
      go.open();
      await stopped;
      expect(reading.messages).toHaveLength(1);
      await transport().publish(topic, sampleStream('lamp-1', 1));
      expect(began).toBe(1);
    });
    rule('after an outage of the broker reading goes on by itself and nothing is lost', async () => {
      const topic = await newTopic();
      const reading = new Reading(topic);
      const consumer = await reading.member(transport());
      await fill(topic, 2);
      await read(reading, 16);
      const outage = await broker().outage();
      const late = keys.map((key) => sampleEnvelope({ stream: key, sequence: 2, previous: 1 }));
      const duringOutage = transport()
        .publish(topic, late)
        .then(
          () => true,
          () => false,
        );
      await outage.end();
      if (!(await duringOutage))
        await wait('publishing to work again', () =>
          transport()
            .publish(topic, late)
            .then(
              () => true,
              () => false,
            ),
        );
      await wait('the late records', () => keys.every((key) => reading.sequencesOf(key).includes('2')));
      await consumer.stop();
      for (const key of keys) expect([...new Set(reading.sequencesOf(key))]).toEqual(['0', '1', '2']);
    });
  });
};
