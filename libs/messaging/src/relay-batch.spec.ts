import fc from 'fast-check';
import type { Envelope } from '@qiyue/contracts';
import { placeOf } from './envelope-of';
import { partitionOf } from './partition-of';
import { planRelay } from './relay-batch';
import type { Position } from './relay-options';
import { lamp } from './testing-lamp';
import { fakeStore } from './testing-source';

const PARTITIONS = 3;
const plan = (store: ReturnType<typeof fakeStore>, over: Partial<Parameters<typeof planRelay>[0]> = {}) =>
  planRelay({ events: store.events, streams: [lamp], tails: new Map(), onBus: new Map(), partitions: PARTITIONS, ...over });

describe('planning what to tell', () => {
  test('facts name the fact before them, over internal events in between', () => {
    const store = fakeStore();
    for (const type of ['LampLit', 'LampDusted', 'LampLit']) store.append('lamp-1', type, type === 'LampLit' ? { watt: 1 } : {});
    const { envelopes, tails, upTo } = plan(store);
    expect(envelopes.map(({ sequence, previoussequence }) => [sequence, previoussequence])).toEqual([
      ['0', undefined],
      ['2', '0'],
    ]);
    expect(tails).toEqual(new Map([['lamp-1', 2n]]));
    expect(upTo).toEqual(store.events[2]?.position);
  });
  test('facts name the fact before them in their partition, whatever its stream, and the first names what the bus ended with', () => {
    const store = fakeStore();
    for (const stream of ['lamp-1', 'lamp-2', 'lamp-1']) store.append(stream, 'LampLit', { watt: 1 });
    store.append('lamp-1', 'LampDusted', {});
    store.append('lamp-3', 'LampLit', { watt: 1 });
    const onBus = new Map([[0, { commit: 4n, prepare: 3n }]]);
    const planned = plan(store, { partitions: 1, onBus });
    expect(planned.envelopes.map(({ position, previousposition }) => [position, previousposition])).toEqual([
      ['10:10', '4:3'],
      ['20:20', '10:10'],
      ['30:30', '20:20'],
      ['50:50', '30:30'],
    ]);
    expect(planned.onBus).toEqual(new Map([[0, { commit: 50n, prepare: 50n }]]));
    expect(onBus).toEqual(new Map([[0, { commit: 4n, prepare: 3n }]]));
  });
  test('internal events move the place although nothing is told', () => {
    const store = fakeStore();
    store.append('lamp-1', 'LampDusted', {});
    expect(plan(store)).toMatchObject({ envelopes: [], told: undefined, upTo: { commit: 10n } });
  });
  test('an event that cannot be told ends the plan before it', () => {
    const store = fakeStore();
    store.append('lamp-1', 'LampLit', { watt: 1 });
    store.append('lamp-1', 'LampEaten', {});
    store.append('lamp-2', 'LampLit', { watt: 1 });
    const { envelopes, upTo, stuck } = plan(store);
    expect(envelopes).toHaveLength(1);
    expect(upTo).toEqual(store.events[0]?.position);
    expect(stuck?.message).toContain('LampEaten');
  });
  test('what the bus holds already is not told again, but is remembered', () => {
    const store = fakeStore();
    for (let at = 0; at < 3; at += 1) store.append('lamp-1', 'LampLit', { watt: at });
    const onBus = new Map([[partitionOf('lamp-1', PARTITIONS), { commit: 20n, prepare: 20n }]]);
    const { envelopes, skipped, tails } = plan(store, { onBus });
    expect(skipped).toBe(2);
    expect(envelopes.map(({ sequence, previoussequence }) => [sequence, previoussequence])).toEqual([['2', '1']]);
    expect(tails).toEqual(new Map([['lamp-1', 2n]]));
  });

  test('wherever a relay dies and in whatever pieces the bus took its last batch, everything is told once, in order, with the same ids', () => {
    const kinds = ['LampLit', 'LampDusted'] as const;
    const history = fc.array(
      fc.record({ stream: fc.constantFrom('lamp-1', 'lamp-2', 'lamp-3', 'lamp-4'), kind: fc.constantFrom(...kinds) }),
      { minLength: 1, maxLength: 30 },
    );
    const deaths = fc.array(
      fc.record({
        size: fc.integer({ min: 1, max: 9 }),
        saved: fc.boolean(),
        reached: fc.array(fc.nat(9), { minLength: PARTITIONS, maxLength: PARTITIONS }),
      }),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(history, deaths, (happened, crashes) => {
        const store = fakeStore();
        for (const { stream, kind } of happened) store.append(stream, kind, kind === 'LampLit' ? { watt: 1 } : {});
        const bus: Envelope[] = [];
        let at = 0;
        let tails = new Map<string, bigint>();
        const run = (size: number, reached: (partition: number) => number, saved: boolean): void => {
          const onBus = new Map<number, Position>(bus.map((envelope) => [partitionOf(envelope.subject, PARTITIONS), placeOf(envelope)]));
          const events = store.events.slice(at, at + size);
          const planned = plan(store, { events, tails, onBus });
          for (let partition = 0; partition < PARTITIONS; partition += 1) {
            bus.push(
              ...planned.envelopes
                .filter(({ subject }) => partitionOf(subject, PARTITIONS) === partition)
                .slice(0, saved ? undefined : reached(partition)),
            );
          }
          if (!saved) return;
          at += events.length;
          tails = new Map([...tails, ...planned.tails]);
        };
        for (const { size, saved, reached } of crashes) run(size, (partition) => reached[partition] ?? 0, saved);
        while (at < store.events.length) run(7, () => Infinity, true);
        const told = store.events.filter(({ type }) => type === 'LampLit');
        expect(bus.map(({ id }) => id).sort()).toEqual(told.map(({ id }) => id).sort());
        for (const stream of new Set(happened.map((one) => one.stream))) {
          const facts = bus.filter(({ subject }) => subject === stream);
          expect(facts.map(({ id }) => id)).toEqual(told.filter((event) => event.stream === stream).map(({ id }) => id));
          facts.forEach((fact, index) => expect(fact.previoussequence).toBe(facts[index - 1]?.sequence));
        }
        for (let partition = 0; partition < PARTITIONS; partition += 1) {
          const facts = bus.filter(({ subject }) => partitionOf(subject, PARTITIONS) === partition);
          facts.forEach((fact, index) => expect(fact.previousposition).toBe(facts[index - 1]?.position));
        }
      }),
    );
  });
});
