// 2.2.1: a submitted order waits for its payment until the end of its payment term, and no longer.
import { calendarDaysAfter, isBefore } from '@qiyue/calendar';

/** Exclusive end of the time in which the order can be paid: 24:00 in Shanghai of the last day of the term. */
export const payByOf = (submittedAt: string, paymentTermDays: number): string => calendarDaysAfter(submittedAt, paymentTermDays).until;

/** Whether money that arrived at `paidAt` arrived in time. */
export const paidInTime = (order: { readonly payBy: string }, paidAt: string): boolean => isBefore(paidAt, order.payBy);
