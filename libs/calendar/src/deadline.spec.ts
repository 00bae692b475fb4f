import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { dayNumber, dayOfNumber } from './shanghai-date';
import { calendarDaysAfter, deadlineAfter, isBefore, isWorkingDay, shanghaiDate, startOfShanghaiDay } from './index';

describe('deadlines in working days', () => {
  test.each([
    // caused at (Shanghai)            N   last day      until
    ['2026-03-02T10:00+08:00', 3, '2026-03-05', '2026-03-05T16:00:00.000Z'], // Monday
    ['2026-03-02T00:00+08:00', 3, '2026-03-05', '2026-03-05T16:00:00.000Z'], // first instant of Monday
    ['2026-03-02T23:59:59.999+08:00', 3, '2026-03-05', '2026-03-05T16:00:00.000Z'], // last instant of Monday
    ['2026-03-03T00:00+08:00', 3, '2026-03-06', '2026-03-06T16:00:00.000Z'], // a millisecond later
    ['2026-03-05T10:00+08:00', 3, '2026-03-10', '2026-03-10T16:00:00.000Z'], // over a weekend
    ['2026-03-07T10:00+08:00', 3, '2026-03-11', '2026-03-11T16:00:00.000Z'], // from a Saturday
    ['2026-02-13T10:00+08:00', 1, '2026-02-14', '2026-02-14T16:00:00.000Z'], // make-up Saturday counts
    ['2026-02-13T10:00+08:00', 3, '2026-02-25', '2026-02-25T16:00:00.000Z'], // over Spring Festival
    ['2026-02-18T10:00+08:00', 7, '2026-03-03', '2026-03-03T16:00:00.000Z'], // from within it, make-up day 28 February
    ['2026-09-29T10:00+08:00', 3, '2026-10-09', '2026-10-09T16:00:00.000Z'], // over National Day
    ['2026-10-08T10:00+08:00', 3, '2026-10-12', '2026-10-12T16:00:00.000Z'], // make-up Saturday 10 October counts, Sunday does not
    ['2025-12-30T10:00+08:00', 3, '2026-01-05', '2026-01-05T16:00:00.000Z'], // over New Year, make-up Sunday 4 January
    ['2026-03-02T10:00+08:00', 0, '2026-03-02', '2026-03-02T16:00:00.000Z'], // the end of the day itself
  ])('%s plus %i working days ends with %s', (at, workingDays, lastDay, until) => {
    expect(deadlineAfter(at, workingDays)).toEqual({
      until,
      workingDays,
      lastDay,
      calendar: { version: expect.any(String) as string, status: 'official' },
    });
  });

  test('the last instant of the last day is in time, the next one is not', () => {
    const { until } = deadlineAfter('2026-03-02T10:00+08:00', 3);
    expect(isBefore('2026-03-05T23:59:59.999+08:00', until)).toBe(true);
    expect(isBefore('2026-03-06T00:00:00.000+08:00', until)).toBe(false);
  });

  test('a deadline is provisional as soon as one day looked at is in a year not covered', () => {
    expect(deadlineAfter('2026-12-28T10:00+08:00', 3).calendar.status).toBe('official');
    expect(deadlineAfter('2026-12-28T10:00+08:00', 4).calendar.status).toBe('provisional');
    expect(deadlineAfter('2026-12-31T23:59:59.999+08:00', 1).calendar.status).toBe('provisional');
    expect(deadlineAfter('2027-03-01T10:00+08:00', 0).calendar.status).toBe('provisional');
    expect(deadlineAfter('2003-12-31T10:00+08:00', 1)).toMatchObject({ lastDay: '2004-01-02', calendar: { status: 'official' } });
  });

  test('a term that is negative, broken or beyond ten years is refused', () => {
    for (const n of [-1, 0.5, Number.NaN, Infinity, 3_661]) {
      expect(() => deadlineAfter('2026-03-02T10:00Z', n)).toThrow(RangeError);
      expect(() => calendarDaysAfter('2026-03-02T10:00Z', n)).toThrow(RangeError);
    }
    expect(() => deadlineAfter('2026-03-02', 3)).toThrow(TypeError);
  });

  const anyInstant = fc.integer({ min: Date.UTC(2004, 0, 1), max: Date.UTC(2030, 0, 1) }).map((ms) => new Date(ms).toISOString());

  test('exactly N working days lie between the cause and the deadline, and the last of them is its last day', () => {
    fc.assert(
      fc.property(anyInstant, fc.integer({ min: 1, max: 40 }), (at, n) => {
        const { lastDay, until } = deadlineAfter(at, n);
        const days: string[] = [];
        for (let day = dayNumber(shanghaiDate(at)) + 1; day <= dayNumber(lastDay); day += 1) days.push(dayOfNumber(day));
        expect(days.filter(isWorkingDay)).toHaveLength(n);
        expect(isWorkingDay(lastDay)).toBe(true);
        expect(until).toBe(startOfShanghaiDay(dayOfNumber(dayNumber(lastDay) + 1)));
      }),
    );
  });

  test('a later cause, or a longer term, never ends earlier', () => {
    fc.assert(
      fc.property(anyInstant, anyInstant, fc.integer({ min: 0, max: 30 }), (a, b, n) => {
        const [first, second] = isBefore(a, b) ? [a, b] : [b, a];
        expect(isBefore(deadlineAfter(second, n).until, deadlineAfter(first, n).until)).toBe(false);
        expect(isBefore(deadlineAfter(first, n).until, deadlineAfter(first, n + 1).until)).toBe(true);
      }),
    );
  });
});

describe('deadlines in plain days', () => {
  test.each([
    ['2026-03-02T10:00+08:00', 15, '2026-03-17', '2026-03-17T16:00:00.000Z'],
    ['2026-03-02T23:59:59.999+08:00', 15, '2026-03-17', '2026-03-17T16:00:00.000Z'],
    ['2026-03-03T00:00+08:00', 15, '2026-03-18', '2026-03-18T16:00:00.000Z'],
    ['2026-12-25T10:00+08:00', 15, '2027-01-09', '2027-01-09T16:00:00.000Z'],
    ['2024-02-28T10:00+08:00', 1, '2024-02-29', '2024-02-29T16:00:00.000Z'],
    ['2026-03-02T10:00+08:00', 0, '2026-03-02', '2026-03-02T16:00:00.000Z'],
  ])('%s plus %i days ends with %s, holidays or not', (at, days, lastDay, until) => {
    expect(calendarDaysAfter(at, days)).toEqual({
      until,
      calendarDays: days,
      lastDay,
      calendar: { version: 'gregorian', status: 'official' },
    });
  });
});

describe('the server zone', () => {
  // The zone is fixed when a process starts, so each zone gets a process; the sources are compiled as production compiles them.
  const script = `
    const { transformFileSync } = require('@swc/core');
    require.extensions['.ts'] = (module, file) =>
      module._compile(transformFileSync(file, { swcrc: false, jsc: { parser: { syntax: 'typescript' }, target: 'es2023' }, module: { type: 'commonjs' } }).code, file);
    const { deadlineAfter, calendarDaysAfter, isWorkingDay, shanghaiDate, instant } = require(process.argv[1]);
    const out = [new Date(2026, 0, 1).getTimezoneOffset()];
    for (let hour = 0; hour < 24 * 400; hour += 7) {
      const at = new Date(Date.UTC(2025, 11, 1, hour)).toISOString();
      out.push([instant(at), deadlineAfter(at, 3), calendarDaysAfter(at, 15).until, isWorkingDay(shanghaiDate(at))]);
    }
    process.stdout.write(JSON.stringify(out));`;
  const answersIn = (zone: string): unknown[] => {
    const run = spawnSync(process.execPath, ['-e', script, join(__dirname, 'index.ts')], {
      env: { ...process.env, TZ: zone },
      encoding: 'utf8',
      cwd: __dirname,
    });
    if (run.status !== 0) throw new Error(run.stderr);
    return JSON.parse(run.stdout) as unknown[];
  };

  test('the same answers come out in Shanghai, Los Angeles, Kiritimati and Lord Howe', () => {
    const [offset, ...expected] = answersIn('Asia/Shanghai');
    expect(offset).toBe(-480);
    for (const zone of ['America/Los_Angeles', 'Pacific/Kiritimati', 'Australia/Lord_Howe']) {
      const [otherOffset, ...answers] = answersIn(zone);
      expect(otherOffset).not.toBe(-480);
      expect(answers).toEqual(expected);
    }
  });
});
