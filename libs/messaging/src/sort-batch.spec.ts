import fc from 'fast-check';
import type { LogMessage } from './log-transport';
import { afterFailures, routesOf, sortBatch, type SortInput } from './sort-batch';
import { sampleEnvelope, sampleStream } from './testing-envelopes';

const lit = { service: 'lamp', name: 'LampLit', version: 1 };
const routeOf = routesOf([lit], [lit, { service: 'lamp', name: 'LampSold', version: 1 }]);
const messages = (...envelopes: Parameters<typeof sampleEnvelope>[0][]): LogMessage[] =>
  envelopes.map((of, at) => ({ offset: BigInt(at), key: of.stream ?? 'lamp-1', envelope: sampleEnvelope(of) }));
const sort = (input: Partial<SortInput>) =>
  sortBatch({ messages: [], seen: new Map(), parked: new Set(), fromStart: true, routeOf, ...input });
const verdicts = (input: Partial<SortInput>) => sort(input).items.map(({ verdict }) => verdict);

describe('which way a fact goes', () => {
  test.each([
    ['qiyue.lamp.LampLit.v1', 'handle'],
    ['qiyue.lamp.LampLit.v2', 'unknown-version'],
    ['qiyue.lamp.LampSold.v1', 'pass'],
    ['qiyue.lamp.LampSold.v9', 'pass'],
    ['qiyue.lamp.LampEaten.v1', 'unrouted'],
    ['qiyue.chair.LampLit.v1', 'unrouted'],
    ['com.example.thing', 'unrouted'],
    ['', 'unrouted'],
  ])('%s: %s', (type, route) => expect(routeOf(type)).toBe(route));
});

describe('sorting a batch', () => {
  test('facts of a stream in order are handled, and the last is remembered', () => {
    const sorted = sort({ messages: messages({ sequence: 0 }, { sequence: 3, previous: 0 }, { sequence: 4, previous: 3 }) });
    expect(sorted.items.map(({ verdict }) => verdict)).toEqual(['handle', 'handle', 'handle']);
    expect(sorted.seen).toEqual(new Map([['lamp-1', 4n]]));
  });
  test('a fact told twice is handled once, in one batch or over two', () => {
    expect(verdicts({ messages: messages({ sequence: 0 }, { sequence: 0 }) })).toEqual(['handle', 'duplicate']);
    expect(verdicts({ messages: messages({ sequence: 0 }), seen: new Map([['lamp-1', 0n]]) })).toEqual(['duplicate']);
  });
  test('an earlier fact that comes again later is a duplicate, not a step back', () => {
    const sorted = sort({
      messages: messages({ sequence: 5, previous: 4 }, { sequence: 3, previous: 2 }),
      seen: new Map([['lamp-1', 4n]]),
    });
    expect(sorted.items.map(({ verdict }) => verdict)).toEqual(['handle', 'duplicate']);
    expect(sorted.seen).toEqual(new Map([['lamp-1', 5n]]));
  });
  test('a fact that says something was told in between halts, and what stands before it is sorted', () => {
    const sorted = sort({ messages: messages({ sequence: 0 }, { sequence: 2, previous: 1 }, { stream: 'lamp-2', sequence: 0 }) });
    expect(sorted.items).toHaveLength(1);
    expect(sorted.halt?.offset).toBe(1n);
    expect(sorted.halt?.problem).toContain('lamp-1');
    expect(sorted.seen).toEqual(new Map([['lamp-1', 0n]]));
  });
  test('a stream whose owner forgot what it told before halts as well', () => {
    expect(sort({ messages: messages({ sequence: 5 }), seen: new Map([['lamp-1', 4n]]) }).halt).toBeDefined();
  });
  test('a stream that begins in its middle halts a group that saw the beginning of the log', () => {
    expect(sort({ messages: messages({ sequence: 7, previous: 6 }), fromStart: true }).halt).toBeDefined();
  });
  test('a stream that begins in its middle is fine for a group that began there too, and is guarded from then on', () => {
    const sorted = sort({ messages: messages({ sequence: 7, previous: 6 }, { sequence: 9, previous: 8 }), fromStart: false });
    expect(sorted.items.map(({ verdict }) => verdict)).toEqual(['handle']);
    expect(sorted.halt?.offset).toBe(1n);
  });
  test('facts of a parked key wait, facts of others are handled, facts without use pass', () => {
    const sold = 'qiyue.lamp.LampSold.v1';
    expect(
      verdicts({
        messages: messages({ sequence: 0 }, { stream: 'lamp-2', sequence: 0 }, { sequence: 1, previous: 0, type: sold }),
        parked: new Set(['lamp-1']),
      }),
    ).toEqual(['behind', 'handle', 'pass']);
  });
  test('an unknown version parks its key, and what follows waits behind it', () => {
    const input = {
      messages: messages({ sequence: 0 }, { sequence: 1, previous: 0, type: 'qiyue.lamp.LampLit.v2' }, { sequence: 2, previous: 1 }),
    };
    expect(verdicts(input)).toEqual(['handle', 'park', 'behind']);
    expect(sort(input).items[1]?.reason).toBe('unknown-version');
  });
  test('a record that is no envelope, or stands under another key than its stream, parks the key it came under', () => {
    const [good] = messages({ sequence: 0 });
    expect(
      sort({
        messages: [
          { offset: 0n, key: 'lamp-1', envelope: undefined, raw: 'x' },
          { ...good!, offset: 1n },
        ],
      }).items.map(({ verdict, reason }) => [verdict, reason]),
    ).toEqual([
      ['park', 'unreadable'],
      ['behind', undefined],
    ]);
    expect(sort({ messages: [{ ...good!, key: 'lamp-9' }] }).items[0]).toMatchObject({ verdict: 'park', reason: 'wrong-key' });
  });
  test('a fact nobody has declared is unrouted but still counts as seen', () => {
    const sorted = sort({ messages: messages({ sequence: 0, type: 'qiyue.lamp.LampEaten.v1' }, { sequence: 1, previous: 0 }) });
    expect(sorted.items.map(({ verdict }) => verdict)).toEqual(['unrouted', 'handle']);
  });
  test('revisions beyond what a double can count are told apart', () => {
    const huge = 9_007_199_254_740_993n;
    expect(verdicts({ messages: messages({ sequence: huge, previous: huge - 1n }), seen: new Map([['lamp-1', huge - 1n]]) })).toEqual([
      'handle',
    ]);
  });

  test('however often and late a log repeats itself, every fact is handled once and in order', () => {
    const scenario = fc.record({
      lengths: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 }),
      cuts: fc.array(fc.nat(100), { maxLength: 6 }),
      sizes: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 }),
    });
    fc.assert(
      fc.property(scenario, ({ lengths, cuts, sizes }) => {
        const streams = lengths.map((length, at) => sampleStream(`lamp-${at}`, length));
        const original = Array.from({ length: 6 }, (_, at) => streams.flatMap((stream) => stream[at] ?? [])).flat();
        // The relay starts again from an earlier place, any number of times, as it does after a crash.
        const log = cuts.reduce(
          (told, cut) =>
            [...told, ...original.slice(cut % original.length, Math.min(original.length, (cut % original.length) + 3))].slice(0),
          [...original],
        );
        const handled: string[] = [];
        const memory = new Map<string, bigint>();
        for (let at = 0, turn = 0; at < log.length; turn += 1) {
          const size = sizes[turn % sizes.length]!;
          const run = log
            .slice(at, at + size)
            .map((envelope, index): LogMessage => ({ offset: BigInt(at + index), key: envelope.subject, envelope }));
          const sorted = sort({ messages: run, seen: memory });
          expect(sorted.halt).toBeUndefined();
          for (const [stream, sequence] of sorted.seen) memory.set(stream, sequence);
          handled.push(...sorted.items.filter(({ verdict }) => verdict === 'handle').map(({ message }) => message.envelope!.id));
          at += size;
        }
        expect([...handled].sort()).toEqual(original.map(({ id }) => id).sort());
        for (const stream of streams)
          expect(handled.filter((id) => id.startsWith(`${stream[0]!.subject}@`))).toEqual(stream.map(({ id }) => id));
      }),
    );
  });
});

describe('after failures', () => {
  const sorted = sort({
    messages: messages(
      { sequence: 0 },
      { stream: 'lamp-2', sequence: 0 },
      { sequence: 1, previous: 0 },
      { sequence: 1, previous: 0 },
      { sequence: 2, previous: 1 },
    ),
  }).items;
  test('the failed event is parked, later ones of its key wait, all others stay as they were', () => {
    const after = afterFailures(sorted, new Map([['lamp-1', { offset: 2n, reason: 'TypeError', attempts: 3 }]]));
    expect(after.map(({ verdict }) => verdict)).toEqual(['handle', 'handle', 'park', 'duplicate', 'behind']);
    expect(after[2]).toMatchObject({ reason: 'TypeError', attempts: 3 });
  });
});
