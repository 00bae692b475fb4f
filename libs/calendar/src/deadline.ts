import type { Instant } from './instant';
import { dayNumber, dayOfNumber, shanghaiDate, startOfShanghaiDay, type ShanghaiDate } from './shanghai-date';
import { calendarInfo, isWorkingDay, type CalendarInfo } from './working-days';

/** A deadline counted in working days. Computed once, when its cause happens, and stored: a replay needs no calendar. */
export interface Deadline {
  /** Exclusive end: 24:00 in Shanghai of `lastDay`. In time is `isBefore(at, until)`. */
  readonly until: Instant;
  readonly workingDays: number;
  /** The N-th working day. */
  readonly lastDay: ShanghaiDate;
  readonly calendar: CalendarInfo;
}

/** A deadline counted in plain days. The calendar is always official: no holiday can move it. */
export interface CalendarDaysDeadline {
  /** Exclusive end: 24:00 in Shanghai of `lastDay`. */
  readonly until: Instant;
  readonly calendarDays: number;
  readonly lastDay: ShanghaiDate;
  readonly calendar: CalendarInfo;
}

/** No term of an agreement is longer than ten years; a bound keeps a wrong parameter from counting for minutes. */
const LONGEST_TERM_DAYS = 3_660;

const checkTerm = (n: number): void => {
  if (!Number.isInteger(n) || n < 0 || n > LONGEST_TERM_DAYS) {
    throw new RangeError(`a term is a whole number of days from 0 to ${LONGEST_TERM_DAYS}, not ${n}`);
  }
};

const endOf = (day: ShanghaiDate): Instant => startOfShanghaiDay(dayOfNumber(dayNumber(day) + 1));

/** Every day looked at after day number `from`, up to and including the N-th working day. */
const daysUntilWorked = (from: number, workingDays: number): ShanghaiDate[] => {
  const days: ShanghaiDate[] = [];
  for (let counted = 0, n = from + 1; counted < workingDays; n += 1) {
    const day = dayOfNumber(n);
    days.push(day);
    if (isWorkingDay(day)) counted += 1;
  }
  return days;
};

/**
 * "Within N working days of `at`": the day of `at` is not counted, the deadline is the end (24:00, Shanghai) of the N-th
 * working day after it. N = 0 gives the end of the day of `at`. The status is provisional when any day counted, or
 * passed over while counting, lies in a year whose arrangement is not known.
 * @throws RangeError when `workingDays` is not a whole number from 0 to 3660. TypeError when `at` is not an instant.
 */
export const deadlineAfter = (at: Instant, workingDays: number): Deadline => {
  checkTerm(workingDays);
  const days = daysUntilWorked(dayNumber(shanghaiDate(at)), workingDays);
  const lastDay = days.at(-1) ?? shanghaiDate(at);
  const infos = (days.length === 0 ? [lastDay] : days).map((day) => calendarInfo(Number(day.slice(0, 4))));
  const calendar = infos.find((info) => info.status === 'provisional') ?? calendarInfo(Number(lastDay.slice(0, 4)));
  return { until: endOf(lastDay), workingDays, lastDay, calendar };
};

/**
 * "N days after `at`" in plain days: the day of `at` is not counted, the end is 24:00 in Shanghai of the N-th day.
 * @throws RangeError when `days` is not a whole number from 0 to 3660. TypeError when `at` is not an instant.
 */
export const calendarDaysAfter = (at: Instant, days: number): CalendarDaysDeadline => {
  checkTerm(days);
  const lastDay = dayOfNumber(dayNumber(shanghaiDate(at)) + days);
  return { until: endOf(lastDay), calendarDays: days, lastDay, calendar: { version: 'gregorian', status: 'official' } };
};
