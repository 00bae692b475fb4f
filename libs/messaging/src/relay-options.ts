import type { AnyStream } from '@qiyue/decider';
import type { Pool } from 'pg';
import type { LogTransport } from './log-transport';

/** A place in `$all`. */
export interface Position {
  readonly commit: bigint;
  readonly prepare: bigint;
}

/** What the relay needs to know of a stored event; `StoredEvent` of `@qiyue/event-store` is one. Personal fields are sealed. */
export interface RelayedEvent {
  readonly id: string;
  readonly stream: string;
  readonly category: string;
  readonly revision: bigint;
  readonly position?: Position | undefined;
  readonly type: string;
  readonly data: unknown;
  readonly metadata: {
    readonly correlationId: string;
    readonly causationId: string;
    readonly recordedAt: string;
    readonly hash: string;
    readonly traceparent?: string | undefined;
    readonly clause?: string | undefined;
    readonly agreementVersion?: string | undefined;
  };
}

/** A catch-up subscription as `@qiyue/event-store` gives it. */
export interface RelaySubscription {
  /** Whether everything in `$all` of its categories at the time of the call has been handled. */
  caughtUp(): Promise<boolean>;
  stop(): Promise<void>;
}

/** `(options) => subscribe({ client, ...options })`. `onBatch` that rejects is called again with the same batch. */
export type RelaySource = (options: {
  readonly categories: string[];
  readonly streams: AnyStream[];
  readonly batchSize: number;
  readonly from?: Position;
  readonly onBatch: (events: readonly RelayedEvent[], upTo: Position) => Promise<void>;
  /** `failed` with an error that `onBatch` has not thrown: an event could not be read. */
  readonly onTrouble: (trouble: { readonly kind: 'dropped' | 'failed' | 'stalled'; readonly error: unknown }) => void;
}) => RelaySubscription;

export interface RelayOptions {
  /** Names the topic, the position row and the lock. */
  readonly service: string;
  readonly subscribe: RelaySource;
  readonly transport: LogTransport;
  /** The service's own database. */
  readonly pool: Pool;
  /** Every stream of the service: its events say how they are told. */
  readonly declarations: readonly AnyStream[];
  /** `topicOf(service)` unless told. */
  readonly topic?: string;
  /** `partitionCount` of `@qiyue/contracts` unless told. */
  readonly partitions?: number;
  /** Most events in one publish; 500 unless told, which is also the most. */
  readonly batchSize?: number;
  /** How often a stand-by asks for the lead, and a halted relay tries again; 1,000 unless told. */
  readonly standbyMs?: number;
  /** Told of halts, lost leads and retried failures. Never personal data. Must not throw. */
  readonly onProblem?: (problem: RelayProblem) => void;
}

export interface RelayProblem {
  readonly kind: 'halted' | 'fenced' | 'retried';
  readonly service: string;
  readonly error: string;
}

export interface RelayHealth {
  /** `halted`: an event could not be mapped; nothing after it leaves the service until the code knows it. */
  readonly state: 'standby' | 'leading' | 'halted' | 'stopped';
  readonly problem?: string;
  /** Since this process started. */
  readonly published: number;
  /** Events that were on the bus already when this relay took the lead. */
  readonly reconciled: number;
}

export interface Relay {
  /** Whether every event stored before the call is on the bus (or internal). Only the leader can know: a stand-by answers false. */
  caughtUp(): Promise<boolean>;
  health(): RelayHealth;
  stop(): Promise<void>;
}
