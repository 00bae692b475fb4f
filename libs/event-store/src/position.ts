import type { Position } from './types';

/** Negative, zero or positive as `a` lies before, at or after `b`; undefined lies before everything. */
export const comparePositions = (a: Position | undefined, b: Position | undefined): number => {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1;
  if (a.commit !== b.commit) return a.commit < b.commit ? -1 : 1;
  return a.prepare === b.prepare ? 0 : a.prepare < b.prepare ? -1 : 1;
};

/** The later of two positions. */
export const laterPosition = <P extends Position | undefined>(a: P, b: P): P => (comparePositions(a, b) >= 0 ? a : b);

/** `<commit>:<prepare>`, decimal. */
export const formatPosition = ({ commit, prepare }: Position): string => `${commit}:${prepare}`;

/** Reads `formatPosition` back; throws a `TypeError` on anything else. */
export const parsePosition = (text: string): Position => {
  const match = /^(\d+):(\d+)$/.exec(text);
  if (match === null) throw new TypeError(`"${text}" is no position`);
  return { commit: BigInt(match[1] as string), prepare: BigInt(match[2] as string) };
};
