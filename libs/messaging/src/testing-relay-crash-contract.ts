import fc from 'fast-check';
import { resetRelay } from './operations';
import type { Broker } from './testing-broker';
import { fakeStore } from './testing-source';
import { until } from './testing-support';
import { RelayStage } from './testing-relay-stage';

/** A Jest suite with what holds when relays die at any point, on any transport. */
export const relayCrashContract = (name: string, openBroker: () => Promise<Broker>, serverUrl: string): void => {
  describe(`the relay on the ${name} transport after a crash`, () => {
    const stage = new RelayStage(serverUrl, openBroker).install();

    test('a batch that was published but not saved is not told twice', async () => {
      stage.light('lamp-1', 3);
      stage.light('lamp-2', 3);
      await stage.quiet(await stage.start());
      await stage.stopLast();
      // As it was before the save: the process died in between.
      await stage.pool.query('UPDATE relay_position SET commit_position = NULL, prepare_position = NULL; DELETE FROM published_tail');
      stage.light('lamp-2');
      const relay = await stage.start();
      await stage.quiet(relay);
      expect((await stage.told()).toSorted()).toEqual(['lamp-1@0', 'lamp-1@1', 'lamp-1@2', 'lamp-2@0', 'lamp-2@1', 'lamp-2@2', 'lamp-2@3']);
      expect(relay.health()).toMatchObject({ published: 1, reconciled: 6 });
    });
    test('a bus that took only a part of the last batch gets the rest', async () => {
      const streams = ['lamp-1', 'lamp-2', 'lamp-3', 'lamp-4', 'lamp-5'];
      for (const stream of streams) stage.light(stream, 2);
      let failed = false;
      const flaky = stage.but({
        publish: async (name, messages) => {
          if (failed) return stage.transport.publish(name, messages);
          failed = true;
          await stage.transport.publish(name, messages.slice(0, 5));
          throw Object.assign(new Error('gone'), { code: 'ECONNRESET' });
        },
      });
      const dying = await stage.start({ transport: flaky, standbyMs: 60_000 });
      await until('the failure', () => stage.problems.length > 0);
      await dying.stop();
      await stage.quiet(await stage.start());
      const ids = await stage.told();
      expect(new Set(ids).size).toBe(10);
      for (const stream of streams)
        expect([...new Set(ids.filter((id) => id.startsWith(`${stream}@`)))]).toEqual([`${stream}@0`, `${stream}@1`]);
    });
    test('an answer of the bus that was lost makes duplicates with the same id at most, never a gap', async () => {
      stage.light('lamp-1', 4);
      let lost = 0;
      const forgetful = stage.but({
        publish: async (name, messages) => {
          await stage.transport.publish(name, messages);
          if ((lost += 1) <= 2) throw new Error('no answer');
        },
      });
      await stage.quiet(await stage.start({ transport: forgetful }));
      const ids = await stage.told();
      expect(ids).toHaveLength(12);
      expect([...new Set(ids)]).toEqual(['lamp-1@0', 'lamp-1@1', 'lamp-1@2', 'lamp-1@3']);
    });
    test('at whatever point, any number of times, every fact is on the bus, in order, and once without the duplicates', async () => {
      const stream = fc.constantFrom('lamp-1', 'lamp-2', 'lamp-3', 'lamp-4', 'lamp-5');
      const round = fc.record({
        happens: fc.array(stream, { maxLength: 8 }),
        dusted: fc.array(stream, { maxLength: 2 }),
        dies: fc.option(fc.record({ before: fc.nat(8), forgets: fc.boolean() }), { nil: undefined }),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 5 }), async (rounds) => {
          stage.newBus();
          stage.store = fakeStore();
          await resetRelay(stage.pool, 'lamp');
          for (const { happens, dusted, dies } of [...rounds, { happens: [], dusted: [], dies: undefined }]) {
            let dead = false;
            const mortal = stage.but({
              publish: async (name, messages) => {
                if (dies === undefined) return stage.transport.publish(name, messages);
                if (!dead) await stage.transport.publish(name, dies.forgets ? messages : messages.slice(0, dies.before));
                dead = true;
                throw new Error('dead');
              },
            });
            for (const name of happens) stage.light(name);
            for (const name of dusted) stage.store.append(name, 'LampDusted', {});
            const relay = await stage.start({ transport: mortal });
            await until('the death or the end', async () => dead || relay.caughtUp());
            await stage.stopLast();
          }
          const ids = await stage.told();
          const stored = stage.store.events.filter(({ type }) => type === 'LampLit').map(({ id }) => id);
          expect([...new Set(ids)].toSorted()).toEqual(stored.toSorted());
          for (const name of new Set(stage.store.events.map((event) => event.stream))) {
            const once = [...new Set(ids.filter((id) => id.startsWith(`${name}@`)))];
            expect(once).toEqual(stored.filter((id) => id.startsWith(`${name}@`)));
          }
        }),
        { numRuns: 12 },
      );
    }, 120_000);
    test('a bus that has lost what was told halts the relay instead of hiding it', async () => {
      stage.light();
      await stage.quiet(await stage.start());
      await stage.stopLast();
      stage.newBus();
      const relay = await stage.start();
      expect(relay.health()).toMatchObject({ state: 'halted', problem: expect.stringContaining('lost') });
      expect(await relay.caughtUp()).toBe(false);
      expect(stage.problems.filter(({ kind }) => kind === 'halted')).toHaveLength(1);
    });
  });
};
