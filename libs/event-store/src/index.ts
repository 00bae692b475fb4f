export type * from './types';
export { kitRejections, type KitCode } from './kit-rejections';
export { AccountForgotten, AmbiguousAppend, SealBroken, StoreFault, StoreUnavailable, UnfitEvent, UnreadableEvent, WrongRevision } from './faults';
export { comparePositions, formatPosition, laterPosition, parsePosition } from './position';
