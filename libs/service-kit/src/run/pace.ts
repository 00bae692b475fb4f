import { performance, type EventLoopUtilization } from 'node:perf_hooks';

/** How often it is looked how busy the process is, in milliseconds. */
const LOOK_EVERY_MS = 200;
/** Share of the time that the event loop is at work from which on the process counts as busy. */
const BUSY = 0.6;
/** How long a station of a busy process rests between two batches, in milliseconds. */
const REST_MS = 20;

/** The share of the time since the last call that the event loop was at work, 0 to 1. */
const utilization = (): (() => number) => {
  let seen: EventLoopUtilization | undefined;
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization: share } = seen === undefined ? now : performance.eventLoopUtilization(now, seen);
    seen = now;
    return share;
  };
};

/**
 * What follows events costs the same few round trips for one as for many. A process with time to spare takes each at once; one that is busy lets
 * them gather, which leaves it more time for all.
 */
export class Pace {
  private isBusy = false;
  private readonly timer: NodeJS.Timeout;

  constructor(utilizationSince: () => number = utilization()) {
    this.timer = setInterval(() => (this.isBusy = utilizationSince() >= BUSY), LOOK_EVERY_MS).unref();
  }

  /** Resolves at once, or a little later where the process is busy. */
  readonly rest = async (): Promise<void> => {
    if (this.isBusy) await new Promise((resolve) => setTimeout(resolve, REST_MS));
  };

  stop(): void {
    clearInterval(this.timer);
  }
}
