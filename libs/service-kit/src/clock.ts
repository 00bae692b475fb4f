import type { Instant } from './declare/reaction';

/** The one source of time. Inject it; nothing else in a service may ask the machine for the time. */
export abstract class Clock {
  abstract nowMs(): number;

  now(): Instant {
    return new Date(this.nowMs()).toISOString();
  }

  /** Told of an instant that another process has reached: a clock that is moved by hand must not be behind it, the machine's needs nothing. */
  reach(_instant: Instant): Promise<void> {
    return Promise.resolve();
  }
}

/** The machine's clock. */
export class SystemClock extends Clock {
  override nowMs(): number {
    return Date.now();
  }
}
