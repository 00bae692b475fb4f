import type { AnyStream, CodeOf, CommandName, CommandOf, EventOf, FactsOf, Rejection, StateOf } from '@qiyue/decider';
import type { KitCode } from './kit-rejections';

/** A place in `$all`. Compare with `comparePositions`; as text it is `<commit>:<prepare>`. */
export interface Position {
  readonly commit: bigint;
  readonly prepare: bigint;
}

/** Who gave a command. */
export interface Actor {
  readonly kind: 'customer' | 'dealer' | 'finance' | 'officer' | 'auditor' | 'operator' | 'service' | 'system';
  readonly id: string;
}

/** What is written beside every event's data. */
export interface EventMetadata {
  /** Version of the stored shape of the data. */
  readonly schemaVersion: number;
  readonly correlationId: string;
  readonly causationId: string;
  readonly commandId: string;
  /** Keyed digest of the command's fingerprint (see `Vault.digest`). The same command id with another fingerprint is refused. */
  readonly fingerprint: string;
  /** Name of the decision. */
  readonly command: string;
  /** Keyed digest of the facts the decision was taken on. */
  readonly factsHash: string;
  readonly actor: Actor;
  readonly clause?: string;
  readonly agreementVersion?: string;
  /** ISO 8601 UTC. */
  readonly recordedAt: string;
  readonly traceparent?: string;
  /** Hash of the event before this one; of the first event, SHA-256 of the stream's name. Hexadecimal. */
  readonly prevHash: string;
  /** SHA-256 over `prevHash` and the canonical JSON of everything else. Hexadecimal. */
  readonly hash: string;
}

/** An event as it stands in a stream. Personal fields of `data` are sealed unless the function that returns it says otherwise. */
export interface StoredEvent<Type extends string = string, Data = unknown> {
  /** UUID. */
  readonly id: string;
  /** Name of the stream, `<category>-<streamId>`. */
  readonly stream: string;
  readonly category: string;
  /** What stands after the first dash of the stream's name. */
  readonly streamId: string;
  readonly revision: bigint;
  /** Absent only on events this process has appended itself a moment ago, on servers that do not tell. */
  readonly position?: Position;
  readonly type: Type;
  readonly data: Data;
  readonly metadata: EventMetadata;
}

/** The stored form of a union of domain events. */
export type StoredOf<E> = E extends { readonly type: infer Type extends string; readonly data: infer Data }
  ? StoredEvent<Type, Data>
  : never;

/** Everything of a command but its name and body. */
export interface CommandContext {
  /** UUID or any other text unique to the command; the same id is the same command, for ever. */
  readonly commandId: string;
  /** Digest of what must be equal when the command comes again; `fingerprintOf` the command's name and body if left out. */
  readonly fingerprint?: string;
  readonly correlationId: string;
  readonly causationId: string;
  readonly actor: Actor;
  /** Becomes `recordedAt`; ISO 8601 UTC. */
  readonly now: string;
  readonly traceparent?: string;
}

/**
 * The command did what it asks for, now (`replayed: false`) or when it came before (`replayed: true`). Two executions that agree in every detail, down to
 * `now` and the correlation id, are one append to the store, so that the second may not know that it is the second.
 */
export interface Accepted<E> {
  readonly kind: 'accepted';
  /** Name of the stream. */
  readonly stream: string;
  /** Decimal revision of the command's last event; of the stream's head if it was so already; `-1` if the stream does not exist. */
  readonly revision: string;
  /** The command's events, personal fields revealed; empty if it was so already. */
  readonly events: readonly StoredOf<E>[];
  readonly replayed: boolean;
}

/** The command was refused. Nothing was stored; asked again it may be accepted. */
export interface Rejected<Code extends string> {
  readonly kind: 'rejected';
  readonly code: Code;
  readonly details?: Rejection['details'];
  readonly clause?: string;
  readonly agreementVersion?: string;
  /** HTTP status, for the codes of `kitRejections` alone; services have their own table. */
  readonly status?: number;
}

export type Outcome<E = { readonly type: string; readonly data: unknown }, Code extends string = string> = Accepted<E> | Rejected<Code>;

/** Facts of a decision: plain JSON, or how to come by them once the state is known. May be called again on a later state. */
export type FactsFor<S extends AnyStream, Name extends CommandName<S>> =
  FactsOf<S, Name> | ((state: StateOf<S>) => FactsOf<S, Name> | Promise<FactsOf<S, Name>>);

export interface ExecuteOptions {
  /** How many commands may wait for their turn on the stream before this one is refused as `busy` at once; any number unless told. Work that must be done waits; whoever can ask again need not. */
  readonly waitingMax?: number;
  /** The command most likely creates the stream: skip the read, and load only if the stream turns out to exist or the decision to be a refusal. */
  readonly expectNew?: boolean;
}

/** A stream folded. `revision` is undefined of a stream without events; personal fields are revealed. */
export interface Loaded<S extends AnyStream> {
  readonly state: StateOf<S>;
  readonly revision: bigint | undefined;
  readonly events: readonly StoredOf<EventOf<S['events']>>[];
}

/** Takes commands to streams. Safe to share; commands on one stream are taken one after the other within a process. */
export interface Executor {
  /**
   * Load, decide, append. Rejections are returned; anything else that stands in the way is thrown as a `StoreFault`.
   * After a fault the command may or may not have been stored: send it again with the same command id.
   */
  execute<S extends AnyStream, Name extends CommandName<S>>(
    stream: S,
    id: string,
    command: Name,
    body: CommandOf<S, Name>,
    facts: FactsFor<S, Name>,
    ctx: CommandContext,
    options?: ExecuteOptions,
  ): Promise<Outcome<EventOf<S['events']>, CodeOf<S, Name> | KitCode>>;
  /** The whole stream, upcast, revealed and folded. */
  load<S extends AnyStream>(stream: S, id: string): Promise<Loaded<S>>;
  /** The events of a stream just as they are stored: sealed, not upcast. Empty if there is no such stream. */
  history(streamName: string): AsyncIterable<StoredEvent>;
}

/** What the executor hands to the store. */
export interface ProposedEvent {
  readonly id: string;
  readonly type: string;
  readonly data: unknown;
  readonly metadata: EventMetadata;
}

/** What the store hands back, before anything is known of its shape. */
export interface RecordedEvent {
  readonly id: string;
  readonly stream: string;
  readonly revision: bigint;
  readonly position?: Position;
  readonly type: string;
  readonly data: unknown;
  readonly metadata: unknown;
}

/** One thing a `$all` source delivers: a matching event, the news that everything up to a position has been looked at, or that the server answered. */
export type AllItem =
  | { readonly kind: 'connected' }
  | { readonly kind: 'event'; readonly event: RecordedEvent & { readonly position: Position } }
  | { readonly kind: 'checkpoint'; readonly position: Position };

/** A running `$all` subscription, read by asking. */
export interface AllSource {
  /** At least one item and at most `max`, in order; waits until there is one. Rejects once the subscription has dropped. */
  next(max: number): Promise<readonly AllItem[]>;
  /** Ends the subscription; a waiting `next` rejects, with the reason if there is one. Never throws. */
  cancel(reason?: Error): void;
}

/** The seam to the database client. Only `client.ts` knows the real one. */
export interface EventStoreClient {
  /**
   * Appends all events or none. Throws `WrongRevision` if the stream has moved on, `AmbiguousAppend` if it is unknown
   * whether the events were stored, `StoreFault` if they certainly were not.
   */
  append(
    stream: string,
    events: readonly ProposedEvent[],
    expected: bigint | 'no_stream',
  ): Promise<{ readonly revision: bigint; readonly position?: Position }>;
  /** Events of a stream from `from` (default: the first) on; none if there is no such stream. */
  readStream(stream: string, options?: { readonly from?: bigint; readonly maxCount?: number }): AsyncIterable<RecordedEvent>;
  /** At most `maxCount` events of `$all` before a position (default: the end), newest first, system events included. */
  readAllBackwards(options: {
    readonly before?: Position;
    readonly maxCount: number;
  }): Promise<readonly { readonly stream: string; readonly position: Position }[]>;
  /** Follows `$all` after a position (default: from the start), streams of the given categories only. */
  subscribeToAll(options: { readonly after?: Position; readonly categories: readonly string[]; readonly bufferSize: number }): AllSource;
  /** Ends subscriptions and closes the connection. */
  dispose(): Promise<void>;
}

export interface SubscribeOptions {
  readonly client: Pick<EventStoreClient, 'subscribeToAll' | 'readAllBackwards'>;
  /** What stands before the first dash of the streams' names. */
  readonly categories: readonly string[];
  /** The `upTo` that was last persisted; the start of `$all` if left out. */
  readonly from?: Position;
  /** Most events in one batch; 500 if left out. */
  readonly batchSize?: number;
  /**
   * Handles a batch and persists `upTo` with it. Events are sealed, in the order of `$all`, each exactly once as long as `upTo` is persisted together with
   * the batch's effect. A batch may be empty: then only the position moves, past events of other categories. If it throws, the same batch comes again.
   */
  readonly onBatch: (events: readonly StoredEvent[], upTo: Position) => Promise<void>;
  /** Given, events are upcast to the current schema versions, and an event that none of them declares halts the subscription. */
  readonly streams?: readonly AnyStream[];
  /** Called with each drop, failure and stall, for logs and metrics. */
  readonly onTrouble?: (trouble: SubscriptionTrouble) => void;
  /** Awaited between a batch that was not full and the next, so that more may come together. Must end by itself, and soon. */
  readonly rest?: () => Promise<void>;
  readonly tuning?: Partial<SubscriptionTuning>;
}

export interface SubscriptionTrouble {
  /** The connection dropped · `onBatch` threw or an event could not be read · nothing came although there is something. */
  readonly kind: 'dropped' | 'failed' | 'stalled';
  readonly error: unknown;
  /** How many times in a row. */
  readonly attempt: number;
}

export interface SubscriptionTuning {
  /** First and longest pause before trying again. */
  readonly retryFirstMs: number;
  readonly retryMaxMs: number;
  /** How often the watchdog looks, and after how long without a delivery it compares with `$all`. */
  readonly watchEveryMs: number;
  readonly stalledAfterMs: number;
  /** Whether checkpoints of the server move the position while nothing of the categories happens. Off for servers that are known to get them wrong. */
  readonly idleCheckpoints: boolean;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
}

export interface SubscriptionHealth {
  /** `failing`: `onBatch` keeps throwing · `connecting`: the server has not answered yet, or not again. */
  readonly state: 'live' | 'connecting' | 'failing' | 'stopped';
  readonly position: Position | undefined;
  /** Of the last trouble, while it lasts. */
  readonly lastError: string | undefined;
  readonly events: number;
  readonly batches: number;
  readonly resubscriptions: number;
  readonly failures: number;
  readonly stalls: number;
}

export interface Subscription {
  /** The last position handled; undefined before the first. */
  position(): Position | undefined;
  /** Whether everything of the categories that is in `$all` at the time of the call has been handled. Exact; rejects if the store cannot be read. */
  caughtUp(): Promise<boolean>;
  /** Stops after the batch in hand; resolves when nothing runs any more. */
  stop(): Promise<void>;
  health(): SubscriptionHealth;
}

/** Keys of accounts, and what is sealed with them. */
export interface Vault {
  /**
   * Seals a text for an account: `sealed:1:<accountId>:<iv>:<ciphertext and tag>`. The same four arguments always give the same text.
   * Throws `AccountForgotten` once the account's key is destroyed. `FORGOTTEN` itself is passed through as it is.
   */
  seal(accountId: string, eventId: string, path: string, text: string): Promise<string>;
  /** The text that was sealed; `FORGOTTEN` if the key is gone; anything that is not sealed as it is. Throws `SealBroken` if it was tampered with. */
  reveal(sealed: string): Promise<string>;
  /** A copy with every sealed string in it revealed; the very value if there is none. */
  revealDeep<T>(value: T): Promise<T>;
  /** The same, but each string is opened when it is first read, for whoever reads few of many: `SealBroken` is thrown then. What is forgotten is settled at the call. */
  revealWhenRead<T>(value: T): Promise<T>;
  /** Destroys the account's key, for good. Doing so again does nothing. */
  destroy(accountId: string): Promise<void>;
  /** Keyed digest (HMAC-SHA-256, hexadecimal) of a text that may tell something about a person: it cannot be guessed at without the vault. */
  digest(text: string): Promise<string>;
}

/** Wraps data keys. Local (`localKek`) or a key management service. */
export interface KeyWrapper {
  /** Stored beside what it wrapped. */
  readonly id: string;
  /** `context` must be given again to unwrap. */
  wrap(key: Buffer, context: string): Promise<Buffer>;
  /** Throws if the wrapped key, its context or the wrapping key is not the right one. */
  unwrap(wrapped: Buffer, context: string): Promise<Buffer>;
}
