import type { Settled } from './quiet';
import type { TestClock } from './test-clock';

/** How moving ahead ended. */
export interface Travelled extends Settled {
  readonly now: string;
  /** Instants that were stopped at because something was due. */
  readonly stops: number;
}

interface TravelOptions {
  readonly clock: TestClock;
  readonly settle: () => Promise<Settled>;
  /** Earliest instant that any deadline waits for. */
  readonly nextDue: () => Promise<string | undefined>;
}

/** Moves the platform ahead through every deadline on the way, in due order: each finds the clock at its own instant. */
export const advance = async ({ clock, settle, nextDue }: TravelOptions, targetMs: number): Promise<Travelled> => {
  let settled = await settle();
  let stops = 0;
  while (settled.quiet) {
    const due = await nextDue();
    const dueMs = due === undefined ? undefined : Date.parse(due);
    if (dueMs === undefined || dueMs > targetMs) break;
    stops += 1;
    if (dueMs > clock.nowMs()) await clock.moveTo(dueMs);
    settled = await settle();
  }
  if (settled.quiet && targetMs > clock.nowMs()) {
    await clock.moveTo(targetMs);
    settled = await settle();
  }
  return { ...settled, now: clock.now(), stops };
};
