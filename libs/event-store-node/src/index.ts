export type { NodeUser } from './access';
export { startEventStoreNode, type EventStoreNode } from './node';
export type { EventStoreNodeOptions } from './options';
export { dropDatabase } from './schema';
export { DatabaseInUseError } from './writer-connection';
