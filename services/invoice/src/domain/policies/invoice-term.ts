// 2.2.3: an invoice that is not issued when its term ends is overdue, and somebody has to look.
import { isBefore, type Instant } from '@qiyue/calendar';

/** `dueBy` is the term's exclusive end, counted when the order was paid. An invoice issued at that instant is late. */
export const isPastTerm = (dueBy: Instant, issuedAt: Instant | undefined, now: Instant): boolean => !isBefore(issuedAt ?? now, dueBy);
