import type { ClauseId } from '@qiyue/agreement';

/** Executable clauses that nothing carries out yet. The list may only shrink: lower `atMost` with every clause that leaves it. */
export const notBuiltYet: readonly ClauseId[] = [];

/** How long the list may be. */
export const atMost = 0;
