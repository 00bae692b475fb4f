// 7.1: an e-mail that nobody takes just now is tried again, ever more rarely, for about a day.
import { addMinutes, type Instant } from '@qiyue/calendar';

const waitMinutes = [1, 5, 15, 60, 240, 1_080] as const;

/** When to try again after the given try (the first is 1) has failed; undefined when it was the last. */
export const nextTryAt = (failedTry: number, now: Instant): Instant | undefined => {
  const minutes = waitMinutes[failedTry - 1];
  return minutes === undefined ? undefined : addMinutes(now, minutes);
};
