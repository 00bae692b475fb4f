import { quantile } from './measure';
import type { Parts } from './parts';

export type Unit = 'ratio' | '/s' | 'ms' | 'MB' | 's' | 'µs';

/** What a figure should be at least (more is better) or at most. */
export interface Aim {
  readonly better: 'more' | 'less';
  /** The floor. */
  readonly first: number;
  readonly wanted?: number;
}

/** One measured thing: a value for each round. */
export interface Figure {
  readonly what: string;
  readonly unit: Unit;
  readonly values: readonly number[];
  readonly aim?: Aim;
}

export const ratio = (what: string, values: readonly number[], first?: number, wanted?: number): Figure => ({
  what,
  unit: 'ratio',
  values,
  ...(first === undefined ? {} : { aim: { better: 'more', first, ...(wanted === undefined ? {} : { wanted }) } }),
});
export const perSecond = (what: string, values: readonly number[]): Figure => ({ what, unit: '/s', values });
export const atMost = (what: string, unit: Unit, values: readonly number[], first: number, wanted?: number): Figure => ({
  what,
  unit,
  values,
  aim: { better: 'less', first, ...(wanted === undefined ? {} : { wanted }) },
});
export const plain = (what: string, unit: Unit, values: readonly number[]): Figure => ({ what, unit, values });
export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** How long and how often a scenario measures. */
export interface Effort {
  /** Rounds of each comparison. */
  readonly rounds: number;
  /** Length of one stretch of load, in milliseconds. */
  readonly stretchMs: number;
  /** A number of things, or a small one when only the bench itself is tried. */
  count(full: number, quick: number): number;
}

/** One thing that is measured, beside the raw limit it is held against. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** What the raw side is. */
  readonly raw: string;
  /** A reason why it cannot run here. */
  readonly skipped?: () => Promise<string | undefined>;
  run(parts: Parts, effort: Effort): Promise<readonly Figure[]>;
}
