import type { Envelope } from '@qiyue/contracts';
import type { FactLike } from '@qiyue/decider';
import type { Pool, PoolClient, QueryConfig } from 'pg';
import type { LogTransport } from './log-transport';

/** How often a failing event is tried before it is parked. */
export interface RetryPolicy {
  /** Tries in all, the first included; 5 unless told. */
  readonly attempts: number;
  /** Pause before the second try; doubles with every further one. 50 unless told. */
  readonly firstDelayMs: number;
  /** Longest pause; 2,000 unless told. */
  readonly maxDelayMs: number;
}

/** How much may be parked per group before a partition halts instead. */
export interface ParkingLimits {
  readonly keys: number;
  readonly eventsPerKey: number;
}

interface CommonOptions {
  readonly transport: LogTransport;
  /** The consuming service's own database: positions and parking live where the effects are written. */
  readonly pool: Pool;
  readonly group: string;
  readonly topics: readonly string[];
  /** Partitions of its topics; `partitionCount` of `@qiyue/contracts` unless told. */
  readonly partitions?: number;
  /** The facts it handles. Anything else in the catalogue passes by; a version of these it does not know is parked. */
  readonly handles: readonly Pick<FactLike, 'service' | 'name' | 'version'>[];
  /** Every fact there is; what is in neither is written to `unrouted`. All facts of `@qiyue/contracts` unless told. */
  readonly catalogue?: readonly Pick<FactLike, 'service' | 'name' | 'version'>[];
  /** Where a new group starts: at the earliest record (unless told) or behind the last one there is at its first start. */
  readonly startFrom?: 'earliest' | 'latest';
  readonly retry?: Partial<RetryPolicy>;
  readonly limits?: Partial<ParkingLimits>;
  /** Whether an error is an outage rather than a fault of the event: then it is retried for ever and never parks. See `isOutage`. */
  readonly isTransient?: (error: unknown) => boolean;
  /** Longest time for one try of one event (reaction) or one statement (projection); 30,000 unless told. */
  readonly tryTimeoutMs?: number;
  /** Most records in one batch; 500 unless told. */
  readonly batchSize?: number;
  /** Told of halts, parked keys, unrouted facts and retried failures, for logs and alerts. Never personal data. Must not throw. */
  readonly onProblem?: (problem: ConsumerProblem) => void;
}

/** Where envelopes come from that a projection is given. */
export interface Delivery {
  readonly topic: string;
  readonly partition: number;
  /** 1 for envelopes that were not tried before; from 2 on one of them may be at fault. */
  readonly attempt: number;
  /** Of envelopes that were parked: later ones of their partition have been delivered long ago. */
  readonly isRedriven: boolean;
}

/** Writes the effects of a run of envelopes of one partition inside the transaction that moves the position: exactly once. */
export interface ProjectionOptions extends CommonOptions {
  readonly mode: 'projection';
  /** May give back its last statements unsent: then the commit goes out with them. */
  readonly apply: (tx: PoolClient, envelopes: readonly Envelope[], delivery: Delivery) => Promise<readonly QueryConfig[] | void>;
}

/** Acts on one envelope outside any transaction, at least once: idempotent by derived ids. Keys run side by side, events of a key in order. */
export interface ReactionOptions extends CommonOptions {
  readonly mode: 'reaction';
  readonly react: (envelope: Envelope) => Promise<void>;
  /** Keys worked on at once within a batch; 8 unless told. */
  readonly concurrency?: number;
}

export type ConsumerOptions = ProjectionOptions | ReactionOptions;

/** Something an operator should know. `error` is a name and a code, never a message. */
export interface ConsumerProblem {
  readonly kind: 'halted' | 'parked' | 'unrouted' | 'retried';
  readonly group: string;
  readonly topic?: string;
  readonly partition?: number;
  readonly key?: string;
  readonly type?: string;
  readonly eventId?: string;
  readonly error: string;
}

/** Figures for metrics. */
export interface ConsumerStats {
  /** Records between the group's positions and the heads of its topics. */
  readonly lag: number;
  readonly parkedKeys: number;
  readonly parkedEvents: number;
  /** Age of the key parked longest, in seconds; 0 when none is parked. */
  readonly oldestParkedSeconds: number;
  /** Events that failed for good and are neither re-driven nor discarded. */
  readonly deadLetters: number;
  readonly unrouted: number;
  /** Since this process started: */
  readonly handled: number;
  readonly duplicates: number;
  readonly retries: number;
  /** Partitions that do not move until somebody acts, as `topic/partition: problem`. */
  readonly halted: readonly string[];
}

/** A key that waits, with what stands at its front. */
export interface ParkedKey {
  readonly key: string;
  /** ISO 8601 UTC. */
  readonly since: string;
  readonly events: number;
  readonly first: { readonly eventId: string; readonly type: string; readonly reason: string; readonly attempts: number };
}

export interface RedriveResult {
  readonly handled: number;
  /** What still waits; 0 when the key flows again. */
  readonly left: number;
  /** Why it stopped, when something is left. */
  readonly reason?: string;
}

export interface ConsumerHandle {
  /** Whether everything published before the call is handled, or parked. Exact, and true for the group, whoever its members are. */
  caughtUp(): Promise<boolean>;
  stop(): Promise<void>;
  stats(): Promise<ConsumerStats>;
  /** Set when the member cannot go on by itself and the process should end. */
  fatal(): unknown;
  list(): Promise<readonly ParkedKey[]>;
  /** Handles the parked events of a key in order; stops at the first that fails. */
  redrive(key: string): Promise<RedriveResult>;
  /** Gives up the event at the front of a parked key, on record; what waits behind it still waits until `redrive`. */
  discard(key: string, reason: string, by: string): Promise<{ readonly left: number }>;
}
