import { holidayDataVersion, isCovered, isMakeUpDay, isStatutoryDayOff } from './holidays';
import { dayNumber, weekday, type ShanghaiDate } from './shanghai-date';

/** `provisional`: the year's official arrangement is not known, so only weekends counted as days off. */
export type CalendarStatus = 'official' | 'provisional';

/** Which calendar an answer rests on; stored beside a deadline so that it can be explained later. */
export interface CalendarInfo {
  readonly version: string;
  readonly status: CalendarStatus;
}

/**
 * Whether that day is worked in mainland China: statutory holidays off, make-up days on.
 * In a year that is not covered (see {@link calendarInfo}) Monday to Friday.
 * @throws TypeError when `day` is not an existing day written `YYYY-MM-DD`.
 */
export const isWorkingDay = (day: ShanghaiDate): boolean => {
  const dayOfWeek = weekday(dayNumber(day));
  return isMakeUpDay(day) || (dayOfWeek !== 0 && dayOfWeek !== 6 && !isStatutoryDayOff(day));
};

/** The holiday data and whether it knows that year, e.g. `{ version: 'chinese-days@1.5.7', status: 'official' }`. */
export const calendarInfo = (year: number): CalendarInfo => ({
  version: holidayDataVersion,
  status: isCovered(year) ? 'official' : 'provisional',
});
