import type { BusPartition } from './bus-groups';

/** A partition this member reads. */
export interface Lane extends BusPartition {
  readonly topic: string;
  /** Where the next batch starts; undefined until `startAt` has been asked. */
  next: bigint | undefined;
  /** The highest head heard of. */
  head: bigint;
  busy: boolean;
  /** To be given back as soon as its batch is done. */
  leaving: boolean;
  /** Belongs to somebody else already. */
  lost: boolean;
  resting: boolean;
  failures: number;
  /** When the running batch last said that it makes progress, on the process's monotonic clock. */
  beatAt: number;
}

/** A partition that has just been given to this member. */
export const newLane = (partition: BusPartition, topic: string): Lane => ({
  ...partition,
  topic,
  next: undefined,
  head: 0n,
  busy: false,
  leaving: false,
  lost: false,
  resting: false,
  failures: 0,
  beatAt: 0,
});
