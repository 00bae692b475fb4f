import fc from 'fast-check';
import { LegalHoliday } from 'tyme4ts';
import { dayNumber, dayOfNumber, weekday } from './shanghai-date';
import { calendarInfo, isWorkingDay, shanghaiDate, startOfShanghaiDay } from './index';

const daysFrom = (first: string, last: string): string[] =>
  Array.from({ length: dayNumber(last) - dayNumber(first) + 1 }, (_, index) => dayOfNumber(dayNumber(first) + index));

describe('the Shanghai day', () => {
  test('the day begins at 00:00 in Shanghai and ends a millisecond before the next', () => {
    expect(startOfShanghaiDay('2026-03-06')).toBe('2026-03-05T16:00:00.000Z');
    expect(shanghaiDate('2026-03-05T15:59:59.999Z')).toBe('2026-03-05');
    expect(shanghaiDate('2026-03-05T16:00:00.000Z')).toBe('2026-03-06');
    expect(shanghaiDate('2025-12-31T16:00:00.000Z')).toBe('2026-01-01');
  });

  test('it is the day the tz database gives, at any instant since 1992', () => {
    const format = new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Shanghai', year: 'numeric', month: '2-digit', day: '2-digit' });
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(1992, 0, 1), max: Date.UTC(2200, 0, 1) }), (ms) => {
        const at = new Date(ms).toISOString();
        expect(shanghaiDate(at)).toBe(format.format(ms));
        expect(shanghaiDate(startOfShanghaiDay(shanghaiDate(at)))).toBe(shanghaiDate(at));
      }),
    );
  });

  test('weekdays are counted right before 1970 as well', () => {
    expect(['2026-03-06', '1970-01-01', '1969-12-31', '1900-01-01'].map((day) => weekday(dayNumber(day)))).toEqual([5, 4, 3, 1]);
  });

  test.each(['', '2026-3-6', '2026-02-30', '2026-13-01', '20260306', '2026-03-06T00:00Z', '２０２６-03-06'])(
    '%p is refused, for it is no day',
    (day) => {
      expect(() => isWorkingDay(day)).toThrow(TypeError);
      expect(() => startOfShanghaiDay(day)).toThrow(TypeError);
    },
  );
});

describe('working days of mainland China', () => {
  test('at Spring Festival 2026 the fifteenth to the twenty-third of February is off, and the Saturdays around it are worked', () => {
    expect(daysFrom('2026-02-13', '2026-03-01').filter(isWorkingDay)).toEqual([
      '2026-02-13',
      '2026-02-14',
      '2026-02-24',
      '2026-02-25',
      '2026-02-26',
      '2026-02-27',
      '2026-02-28',
    ]);
  });

  test('at National Day 2026 the first week is off, with make-up days on a Sunday before and a Saturday after', () => {
    expect(daysFrom('2026-09-19', '2026-10-11').filter(isWorkingDay)).toEqual([
      '2026-09-20',
      '2026-09-21',
      '2026-09-22',
      '2026-09-23',
      '2026-09-24',
      '2026-09-28',
      '2026-09-29',
      '2026-09-30',
      '2026-10-08',
      '2026-10-09',
      '2026-10-10',
    ]);
  });

  test('the data knows 2004 to 2026; other years are provisional', () => {
    const official = Array.from({ length: 60 }, (_, index) => 1990 + index).filter((year) => calendarInfo(year).status === 'official');
    expect([official.at(0), official.at(-1), official.length]).toEqual([2004, 2026, 23]);
    expect(calendarInfo(2027)).toEqual({ version: expect.stringMatching(/^chinese-days@\d+\.\d+\.\d+$/) as string, status: 'provisional' });
  });

  test('in a year that is not covered Monday to Friday is worked, even on a festival', () => {
    expect(isWorkingDay('2027-10-01')).toBe(true);
    expect(daysFrom('2028-01-01', '2028-01-09').filter((day) => !isWorkingDay(day))).toEqual([
      '2028-01-01',
      '2028-01-02',
      '2028-01-08',
      '2028-01-09',
    ]);
  });

  test('an independent calendar agrees on every day from 2004 to 2026 but the two where it is known to be wrong', () => {
    const other = (day: string): boolean => {
      const [year, month, date] = day.split('-').map(Number);
      const dayOfWeek = weekday(dayNumber(day));
      return LegalHoliday.fromYmd(year!, month!, date!)?.isWork() ?? (dayOfWeek !== 0 && dayOfWeek !== 6);
    };
    const differing = daysFrom('2004-01-01', '2026-12-31').filter((day) => isWorkingDay(day) !== other(day));
    // Both are make-up days of the State Council's notice for 2013 that tyme4ts 1.5 leaves out.
    expect(differing).toEqual(['2013-04-07', '2013-10-12']);
  });
});
