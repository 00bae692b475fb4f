// 2.2.4, 8.3.4: what an order bought is in use from its payment for so many months, and ends at that very instant.
import { addMs, epochMs, fromEpochMs, shanghaiDate, startOfShanghaiDay } from '@qiyue/calendar';

/** What a line without a term buys. */
const YEAR_MONTHS = 12;

/** The last day of the month, as `YYYY-MM-DD`; the start of the next month less a moment lies in it. */
const lastDayOf = (year: number, month: number): string =>
  shanghaiDate(addMs(startOfShanghaiDay(month === 12 ? `${pad(year + 1, 4)}-01-01` : `${pad(year, 4)}-${pad(month + 1, 2)}-01`), -1));

const pad = (n: number, digits: number): string => String(n).padStart(digits, '0');

/**
 * The same day of the month and time of day in Shanghai so many months later; where that month is shorter, its last day.
 * The calendar in use there has no daylight saving, so the time of day is a plain offset.
 */
export const monthsAfter = (at: string, months: number): string => {
  const day = shanghaiDate(at);
  const ofDayMs = epochMs(at) - epochMs(startOfShanghaiDay(day));
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  const counted = year * 12 + (month - 1) + months;
  const last = lastDayOf(Math.floor(counted / 12), (counted % 12) + 1);
  const sameDay = `${last.slice(0, 8)}${pad(Math.min(date, Number(last.slice(8))), 2)}`;
  return addMs(startOfShanghaiDay(sameDay), ofDayMs);
};

/** One product in use and the exclusive end of its use. */
export interface SubscribedItem {
  readonly sku: string;
  readonly name: string;
  readonly quantity: number;
  readonly expiresAt: string;
}

interface BoughtLine {
  readonly sku: string;
  readonly name: string;
  readonly quantity: number;
  readonly termMonths?: number;
}

/** Each line's own end, the first start and the last end of them all, between which the subscription runs. `startOf` tells when a product's term begins. */
export const termOf = (lines: readonly BoughtLine[], startOf: (sku: string) => string) => {
  const items: readonly SubscribedItem[] = lines.map(({ sku, name, quantity, termMonths = YEAR_MONTHS }) => ({
    sku,
    name,
    quantity,
    expiresAt: monthsAfter(startOf(sku), termMonths),
  }));
  const starts = lines.map(({ sku }) => epochMs(startOf(sku)));
  const ends = items.map(({ expiresAt }) => epochMs(expiresAt));
  return { items, activatedAt: fromEpochMs(Math.min(...starts)), expiresAt: fromEpochMs(Math.max(...ends)) };
};
