import fc from 'fast-check';
import type { LogMessage } from './log-transport';
import { afterFailures, routesOf, sortBatch, type SortInput } from './sort-batch';
import type { Position } from './relay-options';
import { placing, sampleEnvelope, sampleStream } from './testing-envelopes';

const lit = { service: 'lamp', name: 'LampLit', version: 1 };
const routeOf = routesOf([lit], [lit, { service: 'lamp', name: 'LampSold', version: 1 }]);
const at = (place: number): Position => ({ commit: BigInt(place), prepare: BigInt(place) });
/** Records of one partition, in the places 1, 2, 3 … as one relay tells them; `place` and `previous` are told where they matter. */
const messages = (
  ...envelopes: (Parameters<typeof sampleEnvelope>[0] & { readonly place?: number; readonly after?: number })[]
): LogMessage[] =>
  envelopes.map(({ place, after, ...of }, index) => {
    const here = place ?? index + 1;
    const previous = after ?? here - 1;
    const placed = { position: `${here}:${here}`, ...(previous === 0 ? {} : { previousposition: `${previous}:${previous}` }) };
    return { offset: BigInt(index), key: of.stream ?? 'lamp-1', envelope: { ...sampleEnvelope(of), ...placed } };
  });
const sort = (input: Partial<SortInput>) =>
  sortBatch({ messages: [], last: undefined, parked: new Set(), atStart: true, routeOf, ...input });
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
  test('facts in the order of the store are handled, whatever their streams, and the last place is remembered', () => {
    const sorted = sort({ messages: messages({ sequence: 0 }, { stream: 'lamp-2', sequence: 7 }, { sequence: 4 }) });
    expect(sorted.items.map(({ verdict }) => verdict)).toEqual(['handle', 'handle', 'handle']);
    expect(sorted.last).toEqual(at(3));
  });
  test('a fact told twice is handled once, in one batch or over two', () => {
    expect(verdicts({ messages: messages({ sequence: 0, place: 1 }, { sequence: 0, place: 1 }) })).toEqual(['handle', 'duplicate']);
    expect(verdicts({ messages: messages({ sequence: 0, place: 1 }), last: at(1) })).toEqual(['duplicate']);
  });
  test('an earlier fact that comes again later is a duplicate, not a step back', () => {
    const sorted = sort({ messages: messages({ sequence: 5, place: 6 }, { sequence: 3, place: 3 }), last: at(5) });
    expect(sorted.items.map(({ verdict }) => verdict)).toEqual(['handle', 'duplicate']);
    expect(sorted.last).toEqual(at(6));
  });
  test('two facts of one append stand behind each other by the second half of their places', () => {
    const [one, two] = messages({ sequence: 0 }, { sequence: 1 }) as [LogMessage, LogMessage];
    const placed = (message: LogMessage, position: string): LogMessage => ({ ...message, envelope: { ...message.envelope!, position } });
    expect(
      verdicts({ messages: [placed(one, '9:7'), placed({ ...two, envelope: { ...two.envelope!, previousposition: '9:7' } }, '9:8')] }),
    ).toEqual(['handle', 'handle']);
  });
  test('a fact that says something was told in between halts, though its own stream misses nothing; what stands before it is sorted', () => {
    const sorted = sort({ messages: messages({ sequence: 0 }, { stream: 'lamp-2', sequence: 0, place: 3 }, { sequence: 1, place: 4 }) });
    expect(sorted.items).toHaveLength(1);
    expect(sorted.halt).toEqual({ offset: 1n, problem: 'lamp-2@0 was told after 2:2, but 1:1 was seen last' });
    expect(sorted.last).toEqual(at(1));
  });
  test('the first fact of a partition halts a group that saw the beginning of the log, if it says that another was told before', () => {
    expect(sort({ messages: messages({ sequence: 7, place: 9 }), atStart: true }).halt?.problem).toContain('nothing was seen last');
    expect(verdicts({ messages: messages({ sequence: 7, place: 9, after: 0 }), atStart: true })).toEqual(['handle']);
  });
  test('a partition that is taken up in its middle is fine for a group that began there, and is guarded from then on', () => {
    const sorted = sort({ messages: messages({ sequence: 7, place: 9 }, { sequence: 9, place: 12, after: 10 }), atStart: false });
    expect(sorted.items.map(({ verdict }) => verdict)).toEqual(['handle']);
    expect(sorted.halt?.offset).toBe(1n);
  });
  test('a fact that names nothing before it, or something long passed, proves nothing and is handled', () => {
    const [silent] = messages({ sequence: 3, place: 9, after: 0 });
    expect(verdicts({ messages: [silent!], last: at(5) })).toEqual(['handle']);
    expect(verdicts({ messages: messages({ sequence: 3, place: 9, after: 2 }), last: at(5) })).toEqual(['handle']);
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
  test('places beyond what a double can count are told apart', () => {
    const huge = 9_007_199_254_740_993n;
    const [message] = messages({ sequence: 1 });
    const envelope = { ...message!.envelope!, position: `${huge}:${huge}`, previousposition: `${huge - 1n}:${huge - 1n}` };
    const before = { commit: huge - 1n, prepare: huge - 1n };
    expect(verdicts({ messages: [{ ...message!, envelope }], last: before })).toEqual(['handle']);
    expect(verdicts({ messages: [{ ...message!, envelope }], last: { commit: huge, prepare: huge } })).toEqual(['duplicate']);
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
        const original = placing(1)(Array.from({ length: 6 }, (_, index) => streams.flatMap((stream) => stream[index] ?? [])).flat());
        // The relay starts again from an earlier place, any number of times, as it does after a crash.
        const log = cuts.reduce(
          (told, cut) =>
            [...told, ...original.slice(cut % original.length, Math.min(original.length, (cut % original.length) + 3))].slice(0),
          [...original],
        );
        const handled: string[] = [];
        let last: Position | undefined;
        for (let from = 0, turn = 0; from < log.length; turn += 1) {
          const size = sizes[turn % sizes.length]!;
          const run = log
            .slice(from, from + size)
            .map((envelope, index): LogMessage => ({ offset: BigInt(from + index), key: envelope.subject, envelope }));
          const sorted = sort({ messages: run, last, atStart: from === 0 });
          expect(sorted.halt).toBeUndefined();
          last = sorted.last;
          handled.push(...sorted.items.filter(({ verdict }) => verdict === 'handle').map(({ message }) => message.envelope!.id));
          from += size;
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
      { sequence: 1, place: 3 },
      { sequence: 1, place: 3 },
      { sequence: 2, place: 4 },
    ),
  }).items;
  test('the failed event is parked, later ones of its key wait, all others stay as they were', () => {
    const after = afterFailures(sorted, new Map([['lamp-1', { offset: 2n, reason: 'TypeError', attempts: 3 }]]));
    expect(after.map(({ verdict }) => verdict)).toEqual(['handle', 'handle', 'park', 'duplicate', 'behind']);
    expect(after[2]).toMatchObject({ reason: 'TypeError', attempts: 3 });
  });
});
