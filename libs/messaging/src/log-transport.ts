import type { Envelope } from '@qiyue/contracts';

/** One record of a partition. */
export interface LogMessage {
  /** Grows within a partition; on Kafka with gaps. */
  readonly offset: bigint;
  /** The stream's name; records of one key stand in one partition, in the order they were published. */
  readonly key: string;
  /** Undefined when the record is not an envelope at all; `raw` then holds what it is. */
  readonly envelope: Envelope | undefined;
  /** The record's text, only when it could not be read as an envelope. */
  readonly raw?: string;
}

/**
 * A run of records of one partition. It is complete: every record of the log with `from <= offset < next` is in `messages`,
 * which may be empty where offsets are sparse.
 */
export interface LogBatch {
  readonly topic: string;
  readonly partition: number;
  /** Where the run starts; the first message may stand later. */
  readonly from: bigint;
  readonly messages: readonly LogMessage[];
  /** Where the next run starts. */
  readonly next: bigint;
  /**
   * Keeps the partition with this member while it works. A member that is silent for the session time may lose it to another.
   * @throws PartitionLost once it belongs to another member: stop working on the batch.
   */
  heartbeat(): Promise<void>;
}

/** The partition of the batch belongs to another member by now. Position rows make whatever this one still writes a no-op. */
export class PartitionLost extends Error {
  override readonly name = 'PartitionLost';
}

/** A topic is there with another number of partitions: its streams would change partitions, so nothing starts. */
export class WrongPartitionCount extends Error {
  override readonly name = 'WrongPartitionCount';
}

export interface ConsumeOptions {
  /** Members of one group share the partitions. */
  readonly group: string;
  readonly topics: readonly string[];
  /**
   * Handles one batch. Batches of one partition come one after another, batches of several partitions may come at once.
   * When it rejects, nothing is skipped: after a back-off `startAt` is asked again and delivery goes on from there.
   */
  readonly onBatch: (batch: LogBatch) => Promise<void>;
  /**
   * Where to read from; asked whenever a partition is given to this member and after every failed batch. The answer decides,
   * never what the transport remembers. Undefined: from the earliest record there is.
   */
  readonly startAt: (topic: string, partition: number) => Promise<bigint | undefined>;
  /** Told of every failure that is retried (batch, connection, membership). Must not throw. */
  readonly onError?: (error: unknown) => void;
  /** Most records in one batch; 500 unless told. */
  readonly batchSize?: number;
}

/** A running member of a group. */
export interface LogConsumer {
  /** What this member reads now. */
  assigned(): readonly { readonly topic: string; readonly partition: number }[];
  /** Set when the member cannot go on by itself; the process should end and be started again (a Kafka client can crash for good). */
  fatal(): unknown;
  /** Lets running batches finish, gives the partitions back and leaves the group. */
  stop(): Promise<void>;
}

/** Offsets of a partition: `first` is the earliest record still there, `next` the offset the next record will get. */
export interface Bounds {
  readonly first: bigint;
  readonly next: bigint;
}

/** A partitioned log with consumer groups: PostgreSQL in the embedded profile, Kafka in production. At least once, in order per key. */
export interface LogTransport {
  /** Makes topics that are missing. @throws WrongPartitionCount when one is there with another number of partitions. */
  ensureTopics(names: readonly string[], partitions: number): Promise<void>;
  /**
   * Appends messages in this order, each to the partition of its `partitionkey`. Resolves when they are durable.
   * When it rejects, any prefix per partition may have been written; publishing again makes duplicates, never gaps.
   */
  publish(topic: string, messages: readonly Envelope[]): Promise<void>;
  /** The last record of every partition that has one. @throws when that record is not an envelope. */
  tail(topic: string): Promise<ReadonlyMap<number, Envelope>>;
  /** Per partition the offset the next record will get; everything published before the call stands below it. */
  head(topic: string): Promise<ReadonlyMap<number, bigint>>;
  /** Both ends of every partition; `first` is above zero where old records have been dropped. */
  bounds(topic: string): Promise<ReadonlyMap<number, Bounds>>;
  consume(options: ConsumeOptions): Promise<LogConsumer>;
  /** Stops all its consumers and lets go of connections; pools given from outside stay open. */
  close(): Promise<void>;
}
