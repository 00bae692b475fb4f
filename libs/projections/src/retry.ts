/** Stops what runs, and wakes what waits. */
export interface Stopper {
  readonly stopped: boolean;
  readonly signal: AbortSignal;
  stop(): void;
  /** Resolves after a pause, or at once when stopped. */
  pause(ms: number): Promise<void>;
}

/** Thrown where work ends because everything is being stopped. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}

export const stopper = (): Stopper => {
  const controller = new AbortController();
  const { signal } = controller;
  const waiting = new Set<() => void>();
  return {
    get stopped() {
      return signal.aborted;
    },
    signal,
    stop: () => {
      controller.abort(new Stopped());
      for (const wake of waiting) wake();
    },
    pause: (ms) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const wake = (): void => {
          clearTimeout(timer);
          waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, ms);
        waiting.add(wake);
      }),
  };
};

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 5_000;

/** Pause before the next try: doubles from 20 ms to 5 s. `attempt` counts from 1. */
export const pauseBefore = (attempt: number): number => Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempt - 1, 20));

/** Tries until it works: for what fails for a while (a database that restarts). Throws `Stopped` when stopped, and at once what `isFinal` says will never work. */
export const untilDone = async <T>(
  stop: Stopper,
  run: () => Promise<T>,
  options: {
    readonly onTrouble?: ((trouble: { readonly error: unknown; readonly attempt: number }) => void) | undefined;
    readonly isFinal?: (error: unknown) => boolean;
  },
): Promise<T> => {
  for (let attempt = 1; ; attempt++) {
    if (stop.stopped) throw new Stopped();
    try {
      return await run();
    } catch (error) {
      if (stop.stopped) throw new Stopped();
      if (options.isFinal?.(error) === true) throw error;
      options.onTrouble?.({ error, attempt });
      await stop.pause(pauseBefore(attempt));
    }
  }
};
