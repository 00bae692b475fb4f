import type { Instant } from './declare/reaction';

/** The one source of time. Inject it; nothing else in a service may ask the machine for the time. */
export abstract class Clock {
  abstract nowMs(): number;

  now(): Instant {
    return new Date(this.nowMs()).toISOString();
  }
}

/** The machine's clock. */
export class SystemClock extends Clock {
  override nowMs(): number {
    return Date.now();
  }
}
