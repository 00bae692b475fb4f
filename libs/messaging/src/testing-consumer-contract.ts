import type { LogTransport } from './log-transport';
import { partitionOf } from './partition-of';
import { uniqueName, type Broker } from './testing-broker';
import { sampleEnvelope, sampleStream } from './testing-envelopes';
import { SampleService } from './testing-service';
import { gate, until } from './testing-support';
import type { ContractOptions } from './testing-transport-contract';

const PARTITIONS = 4;

/** A Jest suite with what consumers promise on top of any transport. `serverUrl` is a PostgreSQL without a database name. */
export const consumerContract = (
  name: string,
  openBroker: () => Promise<Broker>,
  serverUrl: string,
  options: ContractOptions = {},
): void => {
  const timeoutMs = options.timeoutMs ?? 30_000;
  const wait = <T>(what: string, check: () => T | Promise<T>): Promise<NonNullable<T>> => until(what, check, timeoutMs * 0.8);

  describe(`consumers on the ${name} transport`, () => {
    let broker: Broker;
    let transport: LogTransport;
    let service: SampleService;
    beforeAll(async () => {
      broker = await openBroker();
      transport = (await broker.connect()).transport;
    }, timeoutMs);
    beforeEach(async () => {
      const topic = uniqueName('facts');
      await transport.ensureTopics([topic], PARTITIONS);
      service = await SampleService.open(serverUrl, topic);
    }, timeoutMs);
    afterEach(async () => service.close(), timeoutMs);
    afterAll(async () => broker.close(), timeoutMs);

    const rule = (what: string, run: () => Promise<void>): void => test(what, run, timeoutMs);
    const ids = (stream: string, count: number): string[] => Array.from({ length: count }, (_, at) => `${stream}@${at}`);
    const publish = (...messages: Parameters<typeof sampleEnvelope>[0][]): Promise<void> =>
      service.tell(transport, messages.map(sampleEnvelope));
    const quiet = (handle: Awaited<ReturnType<SampleService['project']>>): Promise<boolean> => service.quiet(handle, timeoutMs * 0.8);

    describe.each(['project', 'react'] as const)('that %s', (kind) => {
      rule('handle every fact once, in the order of its stream', async () => {
        const handle = await service[kind](transport);
        for (const stream of ['lamp-1', 'lamp-2', 'lamp-3']) await service.tell(transport, sampleStream(stream, 20));
        await quiet(handle);
        for (const stream of ['lamp-1', 'lamp-2', 'lamp-3']) expect(await service.effects(stream)).toEqual(ids(stream, 20));
        expect(await handle.stats()).toMatchObject({
          lag: 0,
          handled: 60,
          duplicates: 0,
          parkedKeys: 0,
          deadLetters: 0,
          unrouted: 0,
          halted: [],
        });
      });
      rule('drop what comes twice, however late', async () => {
        const stream = sampleStream('lamp-1', 6);
        await service.tell(transport, stream);
        const handle = await service[kind](transport);
        await quiet(handle);
        await service.tell(transport, [...stream.slice(2), ...stream, stream[0]!]);
        await publish({ sequence: 6, previous: 5 });
        await quiet(handle);
        expect(await service.effects()).toEqual(ids('lamp-1', 7));
        expect((await handle.stats()).duplicates).toBe(11);
      });
      rule('go on where the group stopped', async () => {
        await service.tell(transport, sampleStream('lamp-1', 3));
        const first = await service[kind](transport);
        await quiet(first);
        await first.stop();
        await publish({ sequence: 3, previous: 2 });
        const second = await service[kind](transport);
        await quiet(second);
        expect(await service.effects()).toEqual(ids('lamp-1', 4));
      });
      rule('pass known facts they have no use for, and write down those nobody declared', async () => {
        const handle = await service[kind](transport);
        await publish(
          { sequence: 0, type: 'qiyue.lamp.LampSold.v3' },
          { sequence: 1, previous: 0, type: 'qiyue.lamp.LampEaten.v1' },
          { sequence: 2, previous: 1, type: 'com.example.other' },
          { sequence: 3, previous: 2 },
        );
        await quiet(handle);
        expect(await service.effects()).toEqual(['lamp-1@3']);
        expect((await handle.stats()).unrouted).toBe(2);
        expect(service.problems.filter((problem) => problem.kind === 'unrouted').map(({ eventId }) => eventId)).toEqual([
          'lamp-1@1',
          'lamp-1@2',
        ]);
      });
      rule('park the key of a version they do not know, and handle the others', async () => {
        const handle = await service[kind](transport);
        await publish({ sequence: 0 }, { sequence: 1, previous: 0, type: 'qiyue.lamp.LampLit.v2' }, { sequence: 2, previous: 1 });
        await service.tell(transport, sampleStream('lamp-2', 3));
        await quiet(handle);
        expect(await service.effects('lamp-1')).toEqual(['lamp-1@0']);
        expect(await service.effects('lamp-2')).toEqual(ids('lamp-2', 3));
        expect(await handle.list()).toMatchObject([
          { key: 'lamp-1', events: 2, first: { eventId: 'lamp-1@1', type: 'qiyue.lamp.LampLit.v2', reason: 'unknown-version' } },
        ]);
      });
      rule('park the key of a poisonous fact after bounded tries, keep its order, and handle the others', async () => {
        let tries = 0;
        const poison = async (stream: string): Promise<void> => {
          if (stream !== 'lamp-1') return;
          tries += 1;
          throw Object.assign(new TypeError('li@example.com'), { code: 'bad' });
        };
        const handle = await service[kind](transport, {
          apply: async (tx, envelopes) => {
            for (const envelope of envelopes) {
              await poison(envelope.subject);
              await service.write(tx, [envelope]);
            }
          },
          react: async (envelope) => {
            await poison(envelope.subject);
            await service.write(service.pool, [envelope]);
          },
        });
        for (let at = 0; at < 5; at += 1)
          await service.tell(
            transport,
            ['lamp-1', 'lamp-2', 'lamp-3'].map((stream) => sampleStream(stream, 5)[at]!),
          );
        await quiet(handle);
        expect(await service.effects('lamp-1')).toEqual([]);
        expect(await service.effects('lamp-2')).toEqual(ids('lamp-2', 5));
        expect(await service.effects('lamp-3')).toEqual(ids('lamp-3', 5));
        expect(await handle.list()).toMatchObject([
          { key: 'lamp-1', events: 5, first: { eventId: 'lamp-1@0', reason: 'TypeError/bad', attempts: 3 } },
        ]);
        expect(tries).toBeGreaterThanOrEqual(3);
        expect(JSON.stringify([service.problems, await handle.list()])).not.toContain('li@example');
      });
      rule('park a record that is no envelope with its whole text', async () => {
        const handle = await service[kind](transport);
        await broker.writeRaw(service.topic, partitionOf('lamp-1', PARTITIONS), 'lamp-1', 'poison {');
        await publish({ sequence: 0 }, { stream: 'lamp-2', sequence: 0 });
        await quiet(handle);
        expect(await service.effects()).toEqual(['lamp-2@0']);
        expect(await handle.list()).toMatchObject([{ key: 'lamp-1', events: 2, first: { reason: 'unreadable' } }]);
        expect((await service.pool.query<{ envelope: string }>('SELECT envelope FROM dead_letter')).rows).toEqual([
          { envelope: 'poison {' },
        ]);
      });
      rule('halt the partition, loudly, when any fact of it says that another was told before it and never came', async () => {
        const handle = await service[kind](transport);
        const isNear = (stream: string): boolean => partitionOf(stream, PARTITIONS) === partitionOf('lamp-1', PARTITIONS);
        const others = Array.from({ length: 20 }, (_, at) => `lamp-${at + 2}`);
        const [nearby, elsewhere] = [others.find(isNear)!, others.find((stream) => !isNear(stream))!];
        await publish({ sequence: 0 });
        service.placed([sampleEnvelope({ sequence: 1 })]);
        await publish({ stream: nearby, sequence: 0 }, { sequence: 2 }, { stream: elsewhere, sequence: 0 });
        await wait('the halt', () => service.problems.some((problem) => problem.kind === 'halted'));
        await wait('the other partition to flow', async () => (await service.effects(elsewhere)).length === 1);
        expect(await service.effects('lamp-1')).toEqual(['lamp-1@0']);
        expect(await handle.caughtUp()).toBe(false);
        // Not even the stream that misses nothing goes on: what was lost may have been the last that its own stream ever told.
        expect(await service.effects(nearby)).toEqual([]);
        expect((await handle.stats()).halted).toEqual([expect.stringContaining(`${nearby}@0 was told after 2:2, but 1:1 was seen last`)]);
        expect(service.problems.filter((problem) => problem.kind === 'halted')).toHaveLength(1);
      });
      rule('start behind the last fact if told so, and take the partition up in its middle then', async () => {
        await service.tell(transport, sampleStream('lamp-1', 4));
        const handle = await service[kind](transport, { startFrom: 'latest' });
        expect(await handle.caughtUp()).toBe(true);
        await publish({ sequence: 4, previous: 3 });
        service.placed([sampleEnvelope({ sequence: 5 })]);
        await publish({ sequence: 6, previous: 5 });
        await wait('the halt at the next gap', () => service.problems.some((problem) => problem.kind === 'halted'));
        expect(await service.effects()).toEqual(['lamp-1@4']);
      });
      rule('are not caught up while a fact published before the question is being handled', async () => {
        const go = gate();
        let began = false;
        const hold = async (): Promise<void> => {
          began = true;
          await go.opened;
        };
        const handle = await service[kind](transport, {
          apply: async (tx, envelopes) => {
            await hold();
            await service.write(tx, envelopes);
          },
          react: async (envelope) => {
            await hold();
            await service.write(service.pool, [envelope]);
          },
        });
        expect(await handle.caughtUp()).toBe(true);
        await publish({ sequence: 0 });
        expect(await handle.caughtUp()).toBe(false);
        await wait('the handler', () => began);
        expect(await handle.caughtUp()).toBe(false);
        go.open();
        await quiet(handle);
        expect(await service.effects()).toEqual(['lamp-1@0']);
      });
      rule('share the work of a group, and lose nothing when one of them dies', async () => {
        const mortal = await broker.connect();
        await service[kind](mortal.transport);
        const handle = await service[kind](transport);
        const streams = Array.from({ length: 8 }, (_, at) => `lamp-${at}`);
        for (const stream of streams) await service.tell(transport, sampleStream(stream, 5));
        await quiet(handle);
        await mortal.die();
        for (const stream of streams) await publish({ stream, sequence: 5, previous: 4 });
        await quiet(handle);
        for (const stream of streams) expect([...new Set(await service.effects(stream))]).toEqual(ids(stream, 6));
        // A projection writes in the transaction of its position, so not even a death doubles an effect.
        if (kind === 'project') expect(await service.effects()).toHaveLength(48);
      });
      rule('wait out an outage of the broker', async () => {
        const handle = await service[kind](transport);
        await publish({ sequence: 0 });
        await quiet(handle);
        const outage = await broker.outage();
        await outage.end();
        await wait('publishing to work again', () =>
          publish({ sequence: 1, previous: 0 }).then(
            () => true,
            () => false,
          ),
        );
        await quiet(handle);
        expect(await service.effects()).toEqual(ids('lamp-1', 2));
      });
    });
  });
};
