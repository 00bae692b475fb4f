import fc from 'fast-check';
import { addDays, addMinutes, addMs, epochMs, instant, isBefore } from './index';

describe('instants', () => {
  test.each([
    ['2026-03-06T00:00+08:00', '2026-03-05T16:00:00.000Z'],
    ['2026-03-06T00:00:00Z', '2026-03-06T00:00:00.000Z'],
    ['2026-03-05T23:59:59.999+08:00', '2026-03-05T15:59:59.999Z'],
    ['2026-03-05T12:00:00.123456789-0330', '2026-03-05T15:30:00.123Z'],
    ['2026-03-05T24:00:00+08:00', '2026-03-05T16:00:00.000Z'],
    ['2024-02-29T00:00Z', '2024-02-29T00:00:00.000Z'],
    ['0050-01-01T00:00Z', '0050-01-01T00:00:00.000Z'],
  ])('%s is the instant %s', (text, expected) => expect(instant(text)).toBe(expected));

  test.each([
    '',
    '2026-03-06',
    '2026-03-06T00:00',
    '2026-03-06T00:00:00',
    '2026-02-30T00:00Z',
    '2025-02-29T00:00Z',
    '2026-13-01T00:00Z',
    '2026-00-01T00:00Z',
    '2026-03-06T24:01Z',
    '2026-03-06T25:00Z',
    '2026-03-06T00:60Z',
    '2026-03-06T23:59:60Z',
    '2026-03-06T00:00+24:00',
    '2026-03-06T00:00+08:60',
    'Fri, 06 Mar 2026 00:00:00 GMT',
    '1772726400000',
    '+002026-03-06T00:00Z',
    ' 2026-03-06T00:00Z',
    '2026-03-06T00:00Z\n',
    `2026-03-06T00:00:00.${'0'.repeat(100_000)}Z`,
  ])('%p is refused, for it is no instant with an offset', (text) => expect(() => instant(text)).toThrow(TypeError));

  test('a value that is not text is refused', () => {
    for (const value of [undefined, null, 5, {}, ['2026-03-06T00:00Z'], new Date(0)]) {
      expect(() => instant(value as unknown as string)).toThrow(TypeError);
    }
  });

  const anyMs = fc.integer({ min: -60_000_000_000_000, max: 250_000_000_000_000 });

  test('every instant reads back as itself, whatever offset it was written with', () => {
    fc.assert(
      fc.property(anyMs, fc.integer({ min: -23 * 60 - 59, max: 23 * 60 + 59 }), (ms, offset) => {
        const local = new Date(ms + offset * 60_000).toISOString().slice(0, -1);
        const abs = Math.abs(offset);
        const text = `${local}${offset < 0 ? '-' : '+'}${String(Math.floor(abs / 60)).padStart(2, '0')}:${String(abs % 60).padStart(2, '0')}`;
        expect(epochMs(text)).toBe(ms);
        expect(instant(text)).toBe(new Date(ms).toISOString());
        expect(instant(instant(text))).toBe(instant(text));
      }),
    );
  });

  test('an instant is before another exactly when it is earlier, and never before itself', () => {
    fc.assert(
      fc.property(anyMs, anyMs, (a, b) => {
        const [first, second] = [new Date(a).toISOString(), new Date(b).toISOString()];
        expect(isBefore(first, second)).toBe(a < b);
        expect(isBefore(first, first)).toBe(false);
      }),
    );
    expect(isBefore('2026-03-06T00:00:00+08:00', '2026-03-05T16:00:00.000Z')).toBe(false);
  });

  test('what is added can be taken away again', () => {
    fc.assert(
      fc.property(anyMs, fc.integer({ min: -10_000, max: 10_000 }), (ms, n) => {
        const at = new Date(ms).toISOString();
        expect(addDays(addDays(at, n), -n)).toBe(at);
        expect(addMinutes(addMinutes(at, n), -n)).toBe(at);
        expect(epochMs(addMs(at, n)) - epochMs(at)).toBe(n);
      }),
    );
    expect(addDays('2026-12-31T16:00:00.000Z', 1)).toBe('2027-01-01T16:00:00.000Z');
  });

  test('a part of a unit and a year beyond 9999 are refused', () => {
    const at = '2026-03-06T00:00:00.000Z';
    for (const n of [0.5, Number.NaN, Infinity, Number.MAX_SAFE_INTEGER]) expect(() => addMs(at, n)).toThrow(RangeError);
    expect(() => addDays('9999-12-31T00:00:00.000Z', 1)).toThrow(RangeError);
    expect(() => addDays('0000-01-01T00:00:00.000Z', -1)).toThrow(RangeError);
    expect(() => addDays(at, 0.1)).toThrow(RangeError);
  });
});
