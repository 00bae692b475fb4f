export type * from './types';
export { canonicalJson, fingerprintOf, sha256 } from './canonical-json';
export { connectEventStore, type ConnectOptions } from './client';
export { readConnectionString } from './connection-string';
export { storedEvent, upcast, upcastAmong } from './event-codec';
export { createExecutor, type ExecutorOptions } from './execute';
export {
  AccountForgotten,
  AmbiguousAppend,
  AppendTooLarge,
  SealBroken,
  StoreFault,
  StoreUnavailable,
  UnfitEvent,
  UnreadableEvent,
  WrongRevision,
} from './faults';
export { chainHash, chainStart } from './hash-chain';
export { localKek } from './kek';
export { kitRejections, type KitCode } from './kit-rejections';
export { Lru } from './lru';
export { migrateVault } from './migrations';
export { comparePositions, formatPosition, laterPosition, parsePosition } from './position';
export { isSealed } from './seal';
export { collectSealed, replaceSealed } from './sealed-values';
export { shareSubscriptions, type SubscriptionClient } from './shared-feed';
export { subscribe } from './subscription';
export { uuid5 } from './uuid5';
export { openVault, type VaultOptions } from './vault';
export { verifyChain, type Verification, type Witness } from './verify';
