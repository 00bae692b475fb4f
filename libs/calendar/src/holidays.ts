import arrangements from 'chinese-days/dist/chinese-days.json';
import { version } from 'chinese-days/package.json';
import type { ShanghaiDate } from './shanghai-date';

// NOTE Only the data of chinese-days is used, never its functions: `isWorkday('2026-02-14')` of 1.5.7 sets the hours in
// the server's zone and answers for the day before west of Greenwich (tried with TZ=America/Los_Angeles).
const holidays: Readonly<Record<string, string>> = arrangements.holidays;
const makeUpDays: Readonly<Record<string, string>> = arrangements.workdays;

/**
 * Make-up days the data leaves out. The State Council's notice for 2006 (国办发明电〔2005〕35号) moved the rest day
 * of Saturday 31 December 2005 to 3 January, so that Saturday was worked.
 */
const missingMakeUpDays: ReadonlySet<ShanghaiDate> = new Set(['2005-12-31']);

/** The years with an official arrangement: those of the data, so that an update of the package adds its year by itself. */
const coveredYears: ReadonlySet<number> = new Set(Object.keys(holidays).map((day) => Number(day.slice(0, 4))));

/** Which holiday data answers, e.g. `chinese-days@1.5.7`. */
export const holidayDataVersion = `chinese-days@${version}`;

/** Whether the official arrangement of that year is in the data. */
export const isCovered = (year: number): boolean => coveredYears.has(year);

/** A day off by decree, weekends inside a holiday included. */
export const isStatutoryDayOff = (day: ShanghaiDate): boolean => Object.hasOwn(holidays, day);

/** A weekend day that is worked in exchange (调休). */
export const isMakeUpDay = (day: ShanghaiDate): boolean => Object.hasOwn(makeUpDays, day) || missingMakeUpDays.has(day);
