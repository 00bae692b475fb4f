export type {
  AnyReadModel,
  DataOf,
  Fold,
  ItemsOf,
  KeyOf,
  KeyedFold,
  NamesOf,
  ReadColumn,
  ReadIndex,
  ReadModel,
  ReadModelDefinition,
  RowKey,
  TableShape,
} from './declaration';
export { readModel } from './read-model';
export { itemOfEnvelope, itemOfStored, type Item } from './item';
export { foldRows } from './fold';
export { applyBatch } from './apply-batch';
export type { Position, Replay, ReplayBatch, Subscribe } from './sources';
export type { Halt, ModelHealth, OwnProjections, OwnProjectionsOptions, ProjectionHooks } from './handle';
export { migrateReadModels, startOwnProjections } from './own-projections';
export { factsSink, type FactsSink } from './facts-sink';
export { RebuildImpossible } from './replay-facts';
export { diffRebuild, type RebuildDiff, type RowDifference } from './diff';
export { replayOf } from './replay-of-log';
