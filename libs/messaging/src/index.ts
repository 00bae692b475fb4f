export { PartitionLost, WrongPartitionCount } from './log-transport';
export type { Bounds, ConsumeOptions, LogBatch, LogConsumer, LogMessage, LogTransport } from './log-transport';
export type {
  ConsumerHandle,
  ConsumerOptions,
  ConsumerProblem,
  ConsumerStats,
  Delivery,
  ParkedKey,
  ParkingLimits,
  ProjectionOptions,
  ReactionOptions,
  RedriveResult,
  RetryPolicy,
} from './consumer-options';
export type {
  Position,
  Relay,
  RelayedEvent,
  RelayHealth,
  RelayOptions,
  RelayProblem,
  RelaySource,
  RelaySubscription,
} from './relay-options';
export { murmur2, partitionOf } from './partition-of';
export { embeddedTransport, type EmbeddedTransportOptions } from './embedded-transport';
export { kafkaTransport } from './kafka-transport';
export { topicSettings, type KafkaTransportOptions } from './kafka-options';
export { BusUnavailable } from './kafka-faults';
export { isEnvelope, readEnvelope, writeEnvelope } from './envelope-text';
export { migrateMessaging } from './migrations';
export { startConsumer } from './consumer';
export { placeInPartition } from './sort-batch';
export { describeError, Halt, isOutage, NothingParked, OutOfPlace, TryTimeout, Unmappable } from './faults';
export { declarationOf, envelopeOf } from './envelope-of';
export { FactServer, PassFaults, type FactServerOptions } from './fact-server';
export { startRelay } from './relay';
export { forgetGroup, resetRelay, rewindGroup } from './operations';
