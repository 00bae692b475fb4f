import { setTimeout as pause } from 'node:timers/promises';

/** How long to wait before trying again. */
export interface BackOff {
  readonly firstMs: number;
  readonly maxMs: number;
  /** 0 to 1. */
  readonly random: () => number;
}

/** The pause before the attempt after `attempt` (1, 2, …): doubles up to the cap, of which the upper half is jitter. */
export const pauseMs = (attempt: number, { firstMs, maxMs, random }: BackOff): number => {
  const whole = Math.min(maxMs, firstMs * 2 ** Math.min(attempt - 1, 30));
  return whole / 2 + (whole / 2) * random();
};

/** Tries until it works, fails otherwise than `again` says, or has been tried `tries` times. */
export const retrying = async <T>(
  work: () => Promise<T>,
  again: (error: unknown) => boolean,
  tries: number,
  backOff: BackOff,
): Promise<T> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= tries || !again(error)) throw error;
    }
    await pause(pauseMs(attempt, backOff));
  }
};
