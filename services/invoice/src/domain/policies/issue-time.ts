// 2.2.3: an invoice is due within the invoice term; it is issued on the morning of the next working day, which leaves the rest of the term for trouble.
import { addDays, addMinutes, isBefore, isWorkingDay, shanghaiDate, startOfShanghaiDay, type Instant } from '@qiyue/calendar';

const OFFICE_OPENS_MINUTES = 9 * 60;

const nextWorkingMorning = (after: Instant): Instant => {
  let day = addDays(startOfShanghaiDay(shanghaiDate(after)), 1);
  while (!isWorkingDay(shanghaiDate(day))) day = addDays(day, 1);
  return addMinutes(day, OFFICE_OPENS_MINUTES);
};

/** 09:00 in Shanghai of the next working day; at once where that would be when the term has ended. Fixed when the invoice is scheduled. */
export const issueTime = (scheduledAt: Instant, dueBy: Instant): Instant => {
  const morning = nextWorkingMorning(scheduledAt);
  return isBefore(morning, dueBy) ? morning : scheduledAt;
};
