// 2.1.3: a dealer sells while an authorisation of his runs, from its first instant to just before its last.
import { isBefore } from '@qiyue/calendar';

/** One period in which a dealer may sell. */
export interface DealerAuthorisation {
  readonly from: string;
  /** Exclusive end. */
  readonly until: string;
}

/** Whether any of the periods covers the instant. */
export const authorisedAt = (periods: readonly DealerAuthorisation[], at: string): boolean =>
  periods.some(({ from, until }) => !isBefore(at, from) && isBefore(at, until));
