import type { Envelope } from '@qiyue/contracts';
import type { SubscribeOptions, Subscription } from '@qiyue/event-store';

export type { Position } from '@qiyue/event-store';

/** Follows `$all`: `subscribe` of `@qiyue/event-store` with the client bound, or a fake of it. */
export type Subscribe = (options: Omit<SubscribeOptions, 'client'>) => Subscription;

/** Where facts come from: a partition of a topic, as `<topic>/<partition>`. */
export const sourceOf = ({ topic, partition }: { readonly topic: string; readonly partition: number }): string => `${topic}/${partition}`;

/** A piece of a replay. */
export interface ReplayBatch {
  /** Where the envelopes stand: a partition of a topic. */
  readonly topic: string;
  readonly partition: number;
  readonly envelopes: readonly Envelope[];
  /** Opaque cursor: given back as `from`, the replay goes on after this batch. */
  readonly next: string;
}

/**
 * Reads the log of facts again: every envelope of these services' topics after the cursor (from the very start if left out), in order within each
 * partition, up to at least the end the log had when the replay was asked for; then it ends. Throws if the log no longer holds what is asked for.
 * Ends early, by throwing, when `signal` is aborted.
 */
export type Replay = (services: readonly string[], from: string | undefined, signal: AbortSignal) => AsyncIterable<ReplayBatch>;
