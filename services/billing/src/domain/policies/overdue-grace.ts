// 8.2.3: a bill that is unpaid once the grace period after its due date has ended is a payment default.
import { addDays, isBefore, type Instant } from '@qiyue/calendar';

/** The instant from which on an unpaid bill is in default. Counted once, when the bill is opened. */
export const overdueFrom = (dueBy: Instant, graceDays: number): Instant => addDays(dueBy, graceDays);

/** Whether the default has come about; the instant itself belongs to it. */
export const isOverdue = (overdueAt: Instant, now: Instant): boolean => !isBefore(now, overdueAt);
