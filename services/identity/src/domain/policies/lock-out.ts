// 3.2: five wrong passwords lock an account for fifteen minutes.
import { addMinutes, type Instant } from '@qiyue/calendar';

/** One wrong password. */
export interface LogInFailure {
  readonly attemptId: string;
  readonly at: Instant;
}

const failuresAllowed = 5;
const lockMinutes = 15;

/** What has to be remembered of past failures. */
export const recentFailures = (failures: readonly LogInFailure[]): readonly LogInFailure[] => failures.slice(-failuresAllowed);

/** Exclusive end of the lock, if the last five failures fell within fifteen minutes. */
export const lockedUntil = (failures: readonly LogInFailure[]): Instant | undefined => {
  const [first, last] = [failures.at(-failuresAllowed), failures.at(-1)];
  if (first === undefined || last === undefined || last.at >= addMinutes(first.at, lockMinutes)) return undefined;
  return addMinutes(last.at, lockMinutes);
};
