import { performance } from 'node:perf_hooks';

/** What a stretch of load came to. */
export interface Load {
  readonly perSecond: number;
  /** Of each piece of work, in milliseconds. */
  readonly latenciesMs: readonly number[];
}

/** Keeps `inFlight` pieces of work going for so many milliseconds. */
export const load = async (inFlight: number, ms: number, work: () => Promise<unknown>): Promise<Load> => {
  const latenciesMs: number[] = [];
  const startedAt = performance.now();
  const lane = async (): Promise<void> => {
    for (let at = performance.now(); at < startedAt + ms; at = performance.now()) {
      await work();
      latenciesMs.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return { perSecond: (latenciesMs.length * 1_000) / (performance.now() - startedAt), latenciesMs };
};

/** The value below which that share (0 to 1) of the values lies. */
export const quantile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
};

/** Rates of both sides, and how ours compares with the raw ones measured right before and right after it. */
export interface Compared {
  readonly raw: readonly number[];
  readonly ours: readonly number[];
  readonly ratios: readonly number[];
}

/**
 * Raw, ours, raw, ours … raw: whoever else uses the machine disturbs both sides, and a drift cancels out, because each round of ours is held against the
 * mean of its two neighbours.
 */
export const interleaved = async (rounds: number, raw: () => Promise<number>, ours: () => Promise<number>): Promise<Compared> => {
  const rates = { raw: [await raw()], ours: [] as number[], ratios: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    const mine = await ours();
    const before = rates.raw.at(-1) as number;
    const after = await raw();
    rates.ours.push(mine);
    rates.raw.push(after);
    rates.ratios.push(mine / ((before + after) / 2));
  }
  return rates;
};

/** So many things a second. */
export const timed = async (count: number, work: () => Promise<unknown>): Promise<number> => {
  const startedAt = performance.now();
  await work();
  return (count * 1_000) / (performance.now() - startedAt);
};
