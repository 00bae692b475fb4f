import type { ClauseId } from '@qiyue/agreement';

/** Executable clauses that nothing carries out yet. The list may only shrink: lower `atMost` with every clause that leaves it. */
export const notBuiltYet: readonly ClauseId[] = [
  '3.1',
  '3.4',
  '3.4.1',
  '3.4.2',
  '3.4.3',
  '3.4.4',
  '3.4.5',
  '3.4.6',
  '4.1',
  '4.2',
  '5.3',
  '8.3.1',
  '8.3.2',
  '8.3.3',
  '8.3.5',
  '8.4',
  '9.2',
];

/** How long the list may be. */
export const atMost = 17;
