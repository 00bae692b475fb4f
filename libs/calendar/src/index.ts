export { addDays, addMinutes, addMs, epochMs, fromEpochMs, instant, isBefore, type Instant } from './instant';
export { shanghaiDate, startOfShanghaiDay, type ShanghaiDate } from './shanghai-date';
export { calendarInfo, isWorkingDay, type CalendarInfo, type CalendarStatus } from './working-days';
export { calendarDaysAfter, deadlineAfter, type CalendarDaysDeadline, type Deadline } from './deadline';
