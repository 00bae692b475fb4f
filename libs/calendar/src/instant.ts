/**
 * A moment, as ISO 8601 in UTC with milliseconds: `2026-03-05T16:00:00.000Z`.
 * Compare with {@link isBefore}. Years 0000 to 9999.
 */
export type Instant = string;

const MS_PER_MINUTE = 60_000;
const MS_PER_DAY = 86_400_000;

/** The longest span any of the functions here moves by: ten thousand years, the whole range of `Instant`. */
const LONGEST_MS = 10_000 * 366 * MS_PER_DAY;

const ISO_INSTANT = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(?:Z|([+-])(\d{2}):?(\d{2}))$/;

const daysInMonth = (year: number, month: number): number => {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
};

/** Whether year, month and day (1 to 31) name a day that exists. */
export const isRealDay = (year: number, month: number, day: number): boolean =>
  month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);

const notAnInstant = (value: unknown): TypeError =>
  new TypeError(`not an ISO 8601 instant with an offset: ${JSON.stringify(String(value).slice(0, 40))}`);

/**
 * Milliseconds since 1970-01-01T00:00Z of a day at 00:00 UTC.
 * `Date.UTC` alone would read the years 0 to 99 as 1900 to 1999.
 */
export const utcMsOfDay = (year: number, month: number, day: number): number => new Date(0).setUTCFullYear(year, month - 1, day);

/**
 * Milliseconds since 1970-01-01T00:00Z.
 * @throws TypeError when `value` is not an ISO 8601 instant with an offset.
 */
export const epochMs = (value: Instant): number => {
  const match = typeof value === 'string' ? ISO_INSTANT.exec(value) : null;
  if (!match) throw notAnInstant(value);
  const [, year, month, day, hour, minute, second = '0', fraction = '', sign, offsetHour = '0', offsetMinute = '0'] = match;
  const isMidnight24 = Number(hour) === 24 && Number(minute) === 0 && Number(second) === 0 && Number(fraction || 0) === 0;
  const isRealTime = (Number(hour) <= 23 || isMidnight24) && Number(minute) <= 59 && Number(second) <= 59;
  const isRealOffset = Number(offsetHour) <= 23 && Number(offsetMinute) <= 59;
  if (!isRealDay(Number(year), Number(month), Number(day)) || !isRealTime || !isRealOffset) throw notAnInstant(value);
  const offsetMs = (Number(offsetHour) * 60 + Number(offsetMinute)) * MS_PER_MINUTE * (sign === '-' ? -1 : 1);
  const ofDayMs = ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000 + Number(fraction.slice(0, 3).padEnd(3, '0'));
  return utcMsOfDay(Number(year), Number(month), Number(day)) + ofDayMs - offsetMs;
};

/**
 * The instant of that many milliseconds since 1970-01-01T00:00Z.
 * @throws RangeError when the result lies outside the years 0000 to 9999, where text no longer sorts like time.
 */
export const fromEpochMs = (ms: number): Instant => {
  const moment = new Date(ms);
  const year = moment.getUTCFullYear();
  if (!Number.isInteger(ms) || !(year >= 0 && year <= 9999)) throw new RangeError('the instant lies outside the years 0000 to 9999');
  return moment.toISOString();
};

/**
 * Reads an ISO 8601 instant with an offset (`Z`, `+08:00`) and gives the same moment in UTC with milliseconds.
 * Seconds may be missing; digits after the millisecond are cut off; `24:00` is the midnight that ends the day.
 * @throws TypeError on anything else: a day without a time, a time without an offset, a day that does not exist.
 */
export const instant = (value: string): Instant => fromEpochMs(epochMs(value));

/** Whether `a` comes strictly before `b`. An exclusive end is kept by `isBefore(now, until)`. */
export const isBefore = (a: Instant, b: Instant): boolean => epochMs(a) < epochMs(b);

const move = (at: Instant, n: number, unitMs: number): Instant => {
  if (!Number.isSafeInteger(n) || Math.abs(n * unitMs) > LONGEST_MS) throw new RangeError(`not a whole number of units within range: ${n}`);
  return fromEpochMs(epochMs(at) + n * unitMs);
};

/**
 * Moves an instant by whole milliseconds, back when negative.
 * @throws RangeError when `n` is not a whole number or leaves the years 0000 to 9999.
 */
export const addMs = (at: Instant, n: number): Instant => move(at, n, 1);

/** Moves an instant by whole minutes. Errors as {@link addMs}. */
export const addMinutes = (at: Instant, n: number): Instant => move(at, n, MS_PER_MINUTE);

/** Moves an instant by whole days of 24 hours (Shanghai has no daylight saving). Errors as {@link addMs}. */
export const addDays = (at: Instant, n: number): Instant => move(at, n, MS_PER_DAY);
