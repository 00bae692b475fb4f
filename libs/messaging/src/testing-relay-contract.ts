import { published, Type } from '@qiyue/decider';
import { WrongPartitionCount } from './log-transport';
import { uniqueName, type Broker } from './testing-broker';
import { gate, until } from './testing-support';
import { lamp } from './testing-lamp';
import { RelayStage } from './testing-relay-stage';

/** A Jest suite with what the relay promises on top of any transport. `serverUrl` is a PostgreSQL without a database name. */
export const relayContract = (name: string, openBroker: () => Promise<Broker>, serverUrl: string): void => {
  describe(`the relay on the ${name} transport`, () => {
    const stage = new RelayStage(serverUrl, openBroker).install();

    test('events become facts on the topic, in order, internal ones left out', async () => {
      stage.light();
      stage.store.append('lamp-1', 'LampDusted', {});
      const relay = await stage.start();
      stage.light('lamp-1', 2);
      await stage.quiet(relay);
      expect(await stage.told()).toEqual(['lamp-1@0', 'lamp-1@2', 'lamp-1@3']);
      expect(relay.health()).toEqual({ state: 'leading', published: 3, reconciled: 0 });
    });
    test('a relay that starts again goes on where it stopped, and names the fact before across the restart', async () => {
      stage.light('lamp-1', 2);
      const first = await stage.start();
      await stage.quiet(first);
      await first.stop();
      stage.light();
      const second = await stage.start();
      await stage.quiet(second);
      expect(await stage.told()).toEqual(['lamp-1@0', 'lamp-1@1', 'lamp-1@2']);
      expect(second.health()).toMatchObject({ published: 1, reconciled: 0 });
      expect([...(await stage.transport.tail(stage.topic)).values()][0]).toMatchObject({
        previoussequence: '1',
        previousposition: '20:20',
      });
    });
    test('more events than fit one batch are told all', async () => {
      for (let at = 0; at < 1_234; at += 1) stage.light(`lamp-${at % 17}`);
      await stage.quiet(await stage.start());
      expect(await stage.told()).toHaveLength(1_234);
    });
    test('caught up is never said while something stored is not on the bus', async () => {
      const go = gate();
      const slow = stage.but({ publish: async (name, messages) => go.opened.then(() => stage.transport.publish(name, messages)) });
      const relay = await stage.start({ transport: slow });
      expect(await relay.caughtUp()).toBe(true);
      stage.light();
      expect(await relay.caughtUp()).toBe(false);
      go.open();
      await stage.quiet(relay);
      expect(await stage.told()).toEqual(['lamp-1@0']);
    });

    describe('leading', () => {
      test('of two relays one leads, and when it stops the other goes on', async () => {
        const first = await stage.start();
        const second = await stage.start();
        expect([first.health().state, second.health().state]).toEqual(['leading', 'standby']);
        expect(await second.caughtUp()).toBe(false);
        stage.light();
        await stage.quiet(first);
        await first.stop();
        stage.light();
        await stage.quiet(second);
        expect(await stage.told()).toEqual(['lamp-1@0', 'lamp-1@1']);
        expect(stage.store.running()).toBe(1);
      });
      test('when the leader loses its connection, another takes over, and the old one cannot save any more', async () => {
        const go = gate();
        let held = 0;
        const hesitant = stage.but({
          publish: async (name, messages) => {
            held += 1;
            await go.opened;
            await stage.transport.publish(name, messages);
          },
        });
        const old = await stage.start({ transport: hesitant, standbyMs: 60_000 });
        stage.light('lamp-1', 2);
        await until('the old leader to be in the middle', () => held === 1);
        await stage.pool.query(
          `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
        );
        const fresh = await stage.start();
        stage.light('lamp-1');
        await stage.quiet(fresh);
        const { rows: before } = await stage.pool.query('SELECT epoch, commit_position FROM relay_position');
        go.open();
        await until('the old one to find out', () => stage.problems.some(({ kind }) => kind === 'fenced'));
        await until('the old one to let go', () => stage.store.running() === 1);
        expect((await stage.pool.query('SELECT epoch, commit_position FROM relay_position')).rows).toEqual(before);
        expect(old.health().state).toBe('standby');
        // What the old one still published are duplicates of what was told: same ids, after the originals.
        expect((await stage.told()).slice(0, 3)).toEqual(['lamp-1@0', 'lamp-1@1', 'lamp-1@2']);
        expect(new Set(await stage.told()).size).toBe(3);
      });
      test("relays of different services do not stand in each other's way", async () => {
        const other = await stage.start({ service: 'chair', declarations: [], topic: uniqueName('chair') });
        expect([(await stage.start()).health().state, other.health().state]).toEqual(['leading', 'leading']);
      });
    });

    describe('an event that cannot be told', () => {
      test('halts the relay and says which, tells what stands before it and nothing behind it', async () => {
        stage.light();
        stage.store.append('lamp-1', 'LampEaten', {});
        stage.light('lamp-2');
        const relay = await stage.start();
        await until('the halt', () => relay.health().state === 'halted');
        expect(relay.health().problem).toContain('lamp-1@1 LampEaten');
        expect(await relay.caughtUp()).toBe(false);
        expect(await stage.told()).toEqual(['lamp-1@0']);
      });
      test('is said once, however often it is tried', async () => {
        stage.store.append('lamp-1', 'LampLit', { watt: -1 });
        await stage.start();
        const epoch = async (): Promise<number> =>
          Number((await stage.pool.query<{ epoch: string }>('SELECT epoch FROM relay_position')).rows[0]?.epoch);
        await until('several terms', async () => (await epoch()) > 4);
        expect(stage.problems.filter(({ kind }) => kind === 'halted')).toHaveLength(1);
      });
      test('is told by a process that knows it, as the halted one steps down', async () => {
        stage.light();
        stage.store.append('lamp-1', 'LampEaten', { by: 'moth' });
        stage.light();
        const old = await stage.start();
        await until('the halt', () => old.health().state === 'halted');
        const newer = {
          ...lamp,
          events: {
            ...lamp.events,
            LampEaten: published({ service: 'lamp', name: 'LampEaten', version: 1, schema: Type.Object({ by: Type.String() }) }),
          },
        };
        const fresh = await stage.start({ declarations: [newer] });
        await stage.quiet(fresh);
        expect(await stage.told()).toEqual(['lamp-1@0', 'lamp-1@1', 'lamp-1@2']);
        await until('the old one to stand by', () => old.health().state === 'standby');
      });
      test('that the subscription itself cannot read halts as well', async () => {
        const relay = await stage.start({
          subscribe: (options) => {
            queueMicrotask(() =>
              options.onTrouble({ kind: 'failed', error: Object.assign(new Error('li@example.com'), { name: 'UnreadableEvent' }) }),
            );
            return stage.store.subscribe(options);
          },
        });
        await until('the halt', () => relay.health().state === 'halted');
        expect(relay.health().problem).toBe('an event cannot be read: UnreadableEvent');
      });
    });

    test("a service that would tell another's facts does not start", async () => {
      await expect(stage.start({ service: 'chair' })).rejects.toThrow(TypeError);
    });
    test('a topic with another number of partitions stops the start', async () => {
      await stage.transport.ensureTopics([stage.topic], 3);
      await expect(stage.start()).rejects.toThrow(WrongPartitionCount);
    });
    test('an outage of the bus delays facts and loses none', async () => {
      const connection = await stage.broker.connect();
      const relay = await stage.start({ transport: connection.transport });
      const outage = await stage.broker.outage();
      stage.light('lamp-1', 3);
      await until('a failed try', () => stage.problems.some(({ kind }) => kind === 'retried'));
      await outage.end();
      await stage.quiet(relay);
      expect([...new Set(await stage.told())]).toEqual(['lamp-1@0', 'lamp-1@1', 'lamp-1@2']);
    });
  });
};
