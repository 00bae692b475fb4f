import fc from 'fast-check';
import pg from 'pg';
import { embeddedBroker, fakeStore, gate, Reading, temporaryDatabase, until, uniqueName, type Broker, type FakeStore } from './testing';
import { resetRelay, startRelay, WrongPartitionCount, type LogTransport, type Relay, type RelayOptions, type RelayProblem } from './index';
import { lamp } from './testing-lamp';
import { published, Type } from '@qiyue/decider';

const serverUrl = process.env['QIYUE_TEST_POSTGRES_URL'] ?? '';

describe('the relay', () => {
  let broker: Broker;
  let database: Awaited<ReturnType<typeof temporaryDatabase>>;
  let pool: pg.Pool;
  let transport: LogTransport;
  let topic: string;
  let store: FakeStore;
  const relays: Relay[] = [];
  const problems: RelayProblem[] = [];

  beforeAll(async () => {
    broker = await embeddedBroker(serverUrl);
    transport = (await broker.connect()).transport;
  });
  beforeEach(async () => {
    database = await temporaryDatabase(serverUrl, 'relay');
    pool = new pg.Pool({ connectionString: database.url, max: 8 });
    topic = uniqueName('lamp');
    store = fakeStore();
    problems.length = 0;
  });
  afterEach(async () => {
    await Promise.all(relays.splice(0).map((relay) => relay.stop()));
    await pool.end();
    await database.drop();
  });
  afterAll(async () => broker.close());

  const start = async (over: Partial<RelayOptions> = {}): Promise<Relay> => {
    const relay = await startRelay({ service: 'lamp', subscribe: store.subscribe, transport, pool, declarations: [lamp], topic, partitions: 4, standbyMs: 20, onProblem: (problem) => problems.push(problem), ...over });
    relays.push(relay);
    return relay;
  };
  const told = async (): Promise<readonly string[]> => {
    const reading = new Reading(topic);
    const count = [...(await transport.head(topic)).values()].reduce((sum, head) => sum + Number(head), 0);
    const consumer = await reading.member(transport);
    await until('the whole topic', () => reading.messages.length >= count);
    await consumer.stop();
    return reading.messages.map(({ envelope }) => envelope!.id);
  };
  const light = (stream = 'lamp-1', times = 1): void => {
    for (let at = 0; at < times; at += 1) store.append(stream, 'LampLit', { watt: at });
  };
  const quiet = (relay: Relay): Promise<boolean> => until('the relay to be caught up', () => relay.caughtUp());

  test('events become facts on the topic, in order, internal ones left out', async () => {
    light();
    store.append('lamp-1', 'LampDusted', {});
    const relay = await start();
    light('lamp-1', 2);
    await quiet(relay);
    expect(await told()).toEqual(['lamp-1@0', 'lamp-1@2', 'lamp-1@3']);
    expect(relay.health()).toEqual({ state: 'leading', published: 3, reconciled: 0 });
  });
  test('a relay that starts again goes on where it stopped, and names the fact before across the restart', async () => {
    light('lamp-1', 2);
    const first = await start();
    await quiet(first);
    await first.stop();
    light();
    const second = await start();
    await quiet(second);
    expect(await told()).toEqual(['lamp-1@0', 'lamp-1@1', 'lamp-1@2']);
    expect(second.health()).toMatchObject({ published: 1, reconciled: 0 });
    expect([...(await transport.tail(topic)).values()][0]).toMatchObject({ previoussequence: '1' });
  });
  test('more events than fit one batch are told all', async () => {
    for (let at = 0; at < 1_234; at += 1) light(`lamp-${at % 17}`);
    await quiet(await start());
    expect(await told()).toHaveLength(1_234);
  });
  test('caught up is never said while something stored is not on the bus', async () => {
    const go = gate();
    const slow: LogTransport = { ...bound(transport), publish: async (name, messages) => go.opened.then(() => transport.publish(name, messages)) };
    const relay = await start({ transport: slow });
    expect(await relay.caughtUp()).toBe(true);
    light();
    expect(await relay.caughtUp()).toBe(false);
    go.open();
    await quiet(relay);
    expect(await told()).toEqual(['lamp-1@0']);
  });

  describe('after a crash', () => {
    test('a batch that was published but not saved is not told twice', async () => {
      light('lamp-1', 3);
      light('lamp-2', 3);
      await quiet(await start());
      await relays.pop()?.stop();
      // As it was before the save: the process died in between.
      await pool.query('UPDATE relay_position SET commit_position = NULL, prepare_position = NULL; DELETE FROM published_tail');
      light('lamp-2');
      const relay = await start();
      await quiet(relay);
      expect((await told()).toSorted()).toEqual(['lamp-1@0', 'lamp-1@1', 'lamp-1@2', 'lamp-2@0', 'lamp-2@1', 'lamp-2@2', 'lamp-2@3']);
      expect(relay.health()).toMatchObject({ published: 1, reconciled: 6 });
    });
    test('a bus that took only a part of the last batch gets the rest', async () => {
      const streams = ['lamp-1', 'lamp-2', 'lamp-3', 'lamp-4', 'lamp-5'];
      for (const stream of streams) light(stream, 2);
      let failed = false;
      const flaky: LogTransport = {
        ...bound(transport),
        publish: async (name, messages) => {
          if (failed) return transport.publish(name, messages);
          failed = true;
          await transport.publish(name, messages.slice(0, 5));
          throw Object.assign(new Error('gone'), { code: 'ECONNRESET' });
        },
      };
      const dying = await start({ transport: flaky, standbyMs: 60_000 });
      await until('the failure', () => problems.length > 0);
      await dying.stop();
      await quiet(await start());
      const ids = await told();
      expect(new Set(ids).size).toBe(10);
      for (const stream of streams) expect([...new Set(ids.filter((id) => id.startsWith(`${stream}@`)))]).toEqual([`${stream}@0`, `${stream}@1`]);
    });
    test('an answer of the bus that was lost makes duplicates with the same id at most, never a gap', async () => {
      light('lamp-1', 4);
      let lost = 0;
      const forgetful: LogTransport = {
        ...bound(transport),
        publish: async (name, messages) => {
          await transport.publish(name, messages);
          if ((lost += 1) <= 2) throw new Error('no answer');
        },
      };
      await quiet(await start({ transport: forgetful }));
      const ids = await told();
      expect(ids).toHaveLength(12);
      expect([...new Set(ids)]).toEqual(['lamp-1@0', 'lamp-1@1', 'lamp-1@2', 'lamp-1@3']);
    });
    test('at whatever point, any number of times, every fact is on the bus, in order, and once without the duplicates', async () => {
      const stream = fc.constantFrom('lamp-1', 'lamp-2', 'lamp-3', 'lamp-4', 'lamp-5');
      const round = fc.record({ happens: fc.array(stream, { maxLength: 8 }), dusted: fc.array(stream, { maxLength: 2 }), dies: fc.option(fc.record({ before: fc.nat(8), forgets: fc.boolean() }), { nil: undefined }) });
      await fc.assert(
        fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 5 }), async (rounds) => {
          topic = uniqueName('lamp');
          store = fakeStore();
          await resetRelay(pool, 'lamp');
          for (const { happens, dusted, dies } of [...rounds, { happens: [], dusted: [], dies: undefined }]) {
            let dead = false;
            const mortal: LogTransport = {
              ...bound(transport),
              publish: async (name, messages) => {
                if (dies === undefined) return transport.publish(name, messages);
                if (!dead) await transport.publish(name, dies.forgets ? messages : messages.slice(0, dies.before));
                dead = true;
                throw new Error('dead');
              },
            };
            for (const name of happens) light(name);
            for (const name of dusted) store.append(name, 'LampDusted', {});
            const relay = await start({ transport: mortal });
            await until('the death or the end', async () => dead || relay.caughtUp());
            await relays.pop()?.stop();
          }
          const ids = await told();
          const stored = store.events.filter(({ type }) => type === 'LampLit').map(({ id }) => id);
          expect([...new Set(ids)].toSorted()).toEqual(stored.toSorted());
          for (const name of new Set(store.events.map((event) => event.stream))) {
            const once = [...new Set(ids.filter((id) => id.startsWith(`${name}@`)))];
            expect(once).toEqual(stored.filter((id) => id.startsWith(`${name}@`)));
          }
        }),
        { numRuns: 12 },
      );
    }, 120_000);
    test('a bus that has lost what was told halts the relay instead of hiding it', async () => {
      light();
      await quiet(await start());
      await relays.pop()?.stop();
      topic = uniqueName('another-bus');
      const relay = await start();
      expect(relay.health()).toMatchObject({ state: 'halted', problem: expect.stringContaining('lost') });
      expect(await relay.caughtUp()).toBe(false);
      expect(problems.filter(({ kind }) => kind === 'halted')).toHaveLength(1);
    });
  });

  describe('leading', () => {
    test('of two relays one leads, and when it stops the other goes on', async () => {
      const first = await start();
      const second = await start();
      expect([first.health().state, second.health().state]).toEqual(['leading', 'standby']);
      expect(await second.caughtUp()).toBe(false);
      light();
      await quiet(first);
      await first.stop();
      light();
      await quiet(second);
      expect(await told()).toEqual(['lamp-1@0', 'lamp-1@1']);
      expect(store.running()).toBe(1);
    });
    test('when the leader loses its connection, another takes over, and the old one cannot save any more', async () => {
      const go = gate();
      let held = 0;
      const hesitant: LogTransport = {
        ...bound(transport),
        publish: async (name, messages) => {
          held += 1;
          await go.opened;
          await transport.publish(name, messages);
        },
      };
      const old = await start({ transport: hesitant, standbyMs: 60_000 });
      light('lamp-1', 2);
      await until('the old leader to be in the middle', () => held === 1);
      await pool.query(`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`);
      const fresh = await start();
      light('lamp-1');
      await quiet(fresh);
      const { rows: before } = await pool.query('SELECT epoch, commit_position FROM relay_position');
      go.open();
      await until('the old one to find out', () => problems.some(({ kind }) => kind === 'fenced'));
      await until('the old one to let go', () => store.running() === 1);
      expect((await pool.query('SELECT epoch, commit_position FROM relay_position')).rows).toEqual(before);
      expect(old.health().state).toBe('standby');
      // What the old one still published are duplicates of what was told: same ids, after the originals.
      expect((await told()).slice(0, 3)).toEqual(['lamp-1@0', 'lamp-1@1', 'lamp-1@2']);
      expect(new Set(await told()).size).toBe(3);
    });
    test('relays of different services do not stand in each other\'s way', async () => {
      const other = await start({ service: 'chair', declarations: [], topic: uniqueName('chair') });
      expect([(await start()).health().state, other.health().state]).toEqual(['leading', 'leading']);
    });
  });

  describe('an event that cannot be told', () => {
    test('halts the relay and says which, tells what stands before it and nothing behind it', async () => {
      light();
      store.append('lamp-1', 'LampEaten', {});
      light('lamp-2');
      const relay = await start();
      await until('the halt', () => relay.health().state === 'halted');
      expect(relay.health().problem).toContain('lamp-1@1 LampEaten');
      expect(await relay.caughtUp()).toBe(false);
      expect(await told()).toEqual(['lamp-1@0']);
    });
    test('is said once, however often it is tried', async () => {
      store.append('lamp-1', 'LampLit', { watt: -1 });
      await start();
      const epoch = async (): Promise<number> => Number((await pool.query<{ epoch: string }>('SELECT epoch FROM relay_position')).rows[0]?.epoch);
      await until('several terms', async () => (await epoch()) > 4);
      expect(problems.filter(({ kind }) => kind === 'halted')).toHaveLength(1);
    });
    test('is told by a process that knows it, as the halted one steps down', async () => {
      light();
      store.append('lamp-1', 'LampEaten', { by: 'moth' });
      light();
      const old = await start();
      await until('the halt', () => old.health().state === 'halted');
      const newer = { ...lamp, events: { ...lamp.events, LampEaten: published({ service: 'lamp', name: 'LampEaten', version: 1, schema: Type.Object({ by: Type.String() }) }) } };
      const fresh = await start({ declarations: [newer] });
      await quiet(fresh);
      expect(await told()).toEqual(['lamp-1@0', 'lamp-1@1', 'lamp-1@2']);
      await until('the old one to stand by', () => old.health().state === 'standby');
    });
    test('that the subscription itself cannot read halts as well', async () => {
      const relay = await start({
        subscribe: (options) => {
          queueMicrotask(() => options.onTrouble({ kind: 'failed', error: Object.assign(new Error('li@example.com'), { name: 'UnreadableEvent' }) }));
          return store.subscribe(options);
        },
      });
      await until('the halt', () => relay.health().state === 'halted');
      expect(relay.health().problem).toBe('an event cannot be read: UnreadableEvent');
    });
  });

  test('a service that would tell another\'s facts does not start', async () => {
    await expect(start({ service: 'chair' })).rejects.toThrow(TypeError);
  });
  test('a topic with another number of partitions stops the start', async () => {
    await transport.ensureTopics([topic], 3);
    await expect(start()).rejects.toThrow(WrongPartitionCount);
  });
  test('an outage of the bus delays facts and loses none', async () => {
    const connection = await broker.connect();
    const relay = await start({ transport: connection.transport });
    const outage = await broker.outage();
    light('lamp-1', 3);
    await until('a failed try', () => problems.some(({ kind }) => kind === 'retried'));
    await outage.end();
    await quiet(relay);
    expect([...new Set(await told())]).toEqual(['lamp-1@0', 'lamp-1@1', 'lamp-1@2']);
  });
});

/** A transport's verbs, to replace one of them. */
const bound = (transport: LogTransport): LogTransport => ({
  ensureTopics: (...args) => transport.ensureTopics(...args),
  publish: (...args) => transport.publish(...args),
  tail: (topic) => transport.tail(topic),
  head: (topic) => transport.head(topic),
  bounds: (topic) => transport.bounds(topic),
  consume: (options) => transport.consume(options),
  close: () => transport.close(),
});
