export type { AnyReadModel, DataOf, Fold, ItemsOf, KeyOf, KeyedFold, NamesOf, ReadColumn, ReadIndex, ReadModel, ReadModelDefinition, RowKey, TableShape } from './declaration';
export { itemOfEnvelope, itemOfStored, type Item } from './item';
export type { Position, Replay, ReplayBatch, Subscribe } from './sources';
export type { Halt, ModelHealth, OwnProjections, OwnProjectionsOptions, ProjectionHooks } from './handle';
