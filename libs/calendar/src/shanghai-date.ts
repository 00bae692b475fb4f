import { epochMs, fromEpochMs, isRealDay, utcMsOfDay, type Instant } from './instant';

/** A calendar day in Asia/Shanghai, `YYYY-MM-DD`. */
export type ShanghaiDate = string;

const MS_PER_DAY = 86_400_000;

// NOTE Shanghai has stood at +08:00 all year since 1992. The offset is a constant here on purpose: with time zone data
// of the machine a deadline would depend on what happens to be installed where it is computed.
const SHANGHAI_OFFSET_MS = 8 * 3_600_000;

const DAY = /^(\d{4})-(\d{2})-(\d{2})$/;

/**
 * Days since 1970-01-01, so that days can be counted without any clock time.
 * @throws TypeError when `day` is not an existing day written `YYYY-MM-DD`.
 */
export const dayNumber = (day: ShanghaiDate): number => {
  const match = typeof day === 'string' ? DAY.exec(day) : null;
  const [year, month, date] = (match ?? []).slice(1).map(Number);
  if (year === undefined || month === undefined || date === undefined || !isRealDay(year, month, date)) {
    throw new TypeError(`not a day written YYYY-MM-DD: ${JSON.stringify(String(day).slice(0, 40))}`);
  }
  return utcMsOfDay(year, month, date) / MS_PER_DAY;
};

/** The day that is so many days after 1970-01-01. */
export const dayOfNumber = (n: number): ShanghaiDate => fromEpochMs(n * MS_PER_DAY).slice(0, 10);

/** 0 is Sunday, 6 is Saturday. 1970-01-01 was a Thursday. */
export const weekday = (n: number): number => (((n + 4) % 7) + 7) % 7;

/** The calendar day in Asia/Shanghai on which `at` falls, whatever the server's zone. */
export const shanghaiDate = (at: Instant): ShanghaiDate => fromEpochMs(epochMs(at) + SHANGHAI_OFFSET_MS).slice(0, 10);

/** 00:00 of that day in Shanghai, which is 16:00Z of the day before. */
export const startOfShanghaiDay = (day: ShanghaiDate): Instant => fromEpochMs(dayNumber(day) * MS_PER_DAY - SHANGHAI_OFFSET_MS);
