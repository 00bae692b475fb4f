import { setTimeout as pause } from 'node:timers/promises';
import { isRejection, streamName, type AnyStream, type DomainEvent, type Rejection } from '@qiyue/decider';
import { prepare, type CommandStamp } from './append';
import { appendSurely } from './append-surely';
import { pauseMs, type BackOff } from './back-off';
import { canonicalJson, fingerprintOf } from './canonical-json';
import { storedEvent } from './event-codec';
import { AppendTooLarge, WrongRevision } from './faults';
import { jsonBytes } from './json-bytes';
import { kitRejections, type KitCode } from './kit-rejections';
import { Lanes } from './lanes';
import { emptyStream, loadStream, type LoadedStream } from './load';
import { StreamCache, type Folded } from './stream-cache';
import type {
  CommandContext,
  EventStoreClient,
  ExecuteOptions,
  Executor,
  Loaded,
  Outcome,
  ProposedEvent,
  StoredEvent,
  Vault,
} from './types';

export interface ExecutorOptions {
  readonly client: EventStoreClient;
  readonly vault: Vault;
  /** How often a command is decided anew when others change its stream meanwhile; 10. After that it is refused as `busy`. */
  readonly maxAttempts?: number;
  /** How often the store is asked again when it does not answer; 6, which takes about two seconds. */
  readonly tries?: number;
  /** Most bytes the events of one command may have in the store, as JSON; no limit but the store's own unless told. */
  readonly appendLimitBytes?: number;
  /** How many folded streams are kept between commands; 0, none. */
  readonly cacheStreams?: number;
  /** For metrics: an attempt lost the race · an append's answer was lost · a command was answered from its stored events. */
  readonly observe?: (what: 'conflict' | 'doubt' | 'replay', streamName: string) => void;
  /** 0 to 1, for jitter. */
  readonly random?: () => number;
  /** Milliseconds that never run backwards. */
  readonly now?: () => number;
}

interface Command {
  readonly of: AnyStream;
  readonly id: string;
  readonly name: string;
  readonly verb: string;
  readonly body: unknown;
  readonly facts: unknown;
  readonly ctx: CommandContext;
  /** Keyed. */
  readonly fingerprint: string;
}

/** What one attempt came to. `stale`: decided on what may be out of date, and not in a way that the store would notice. */
type Attempt = Outcome | 'conflict' | 'stale';

const kitRefusal = (code: KitCode): Outcome => ({ kind: 'rejected', code, status: kitRejections.table[code].status });

class CommandExecutor {
  readonly #lanes = new Lanes();
  readonly #cacheStreams: number;
  readonly #cache: StreamCache;
  readonly #backOff: BackOff;
  readonly #maxAttempts: number;
  readonly #tries: number;

  constructor(private readonly options: ExecutorOptions) {
    const random = options.random ?? Math.random;
    this.#cacheStreams = options.cacheStreams ?? 0;
    this.#cache = new StreamCache(this.#cacheStreams, options.now ?? (() => performance.now()));
    this.#backOff = { firstMs: 50, maxMs: 1_000, random };
    this.#maxAttempts = options.maxAttempts ?? 10;
    this.#tries = options.tries ?? 6;
  }

  async execute(
    of: AnyStream,
    id: string,
    verb: string,
    body: unknown,
    facts: unknown,
    ctx: CommandContext,
    { expectNew = false, waitingMax = Infinity }: ExecuteOptions = {},
  ): Promise<Outcome> {
    const name = streamName(of, id);
    const fingerprint = await this.options.vault.digest(ctx.fingerprint ?? fingerprintOf([verb, body ?? null]));
    // One of them runs; the others wait.
    if (this.#lanes.length(name) > waitingMax) return kitRefusal('busy');
    return this.#lanes.run(name, () => this.#decideUntilStored({ of, id, name, verb, body, facts, ctx, fingerprint }, expectNew));
  }

  load(of: AnyStream, name: string): Promise<LoadedStream> {
    return loadStream(this.options.client, this.options.vault, of, name, this.#tries, this.#backOff);
  }

  async #decideUntilStored(command: Command, expectNew: boolean): Promise<Outcome> {
    const guess = this.#cache.get(command.name) ?? (expectNew ? emptyStream(command.of, command.name) : undefined);
    if (guess !== undefined) {
      const guessed = await this.#attempt(command, guess, false);
      if (typeof guessed !== 'string') return guessed;
    }
    for (let attempt = 1; attempt <= this.#maxAttempts; attempt += 1) {
      const outcome = await this.#attempt(command, await this.load(command.of, command.name), true);
      if (typeof outcome !== 'string') return outcome;
      if (attempt < this.#maxAttempts) await pause(pauseMs(attempt, { firstMs: 2, maxMs: 100, random: this.#backOff.random }));
    }
    return kitRefusal('busy');
  }

  /** Takes the command on one view of the stream. On a view that is only guessed at, nothing but a successful append is an answer. */
  async #attempt(command: Command, base: Folded | LoadedStream, fresh: boolean): Promise<Attempt> {
    const { of, ctx, verb, body, facts } = command;
    const refused = await this.#refusedAsForeign(command, base.state);
    if (refused !== undefined) return fresh ? refused : 'stale';
    if (base.commandIds.has(ctx.commandId)) return fresh && 'events' in base ? this.#replay(command, base.events) : 'stale';
    const given: unknown = typeof facts === 'function' ? await (facts as (state: unknown) => unknown)(base.state) : facts;
    const decide = of.decide[verb] as (state: unknown, body: unknown, facts: unknown) => readonly DomainEvent[] | Rejection;
    const decided = decide(base.state, body, given);
    if (!isRejection(decided) && decided.length > 0) return this.#store(command, base, decided, given);
    if (!fresh) return 'stale';
    this.#keep(command.name, base);
    return isRejection(decided) ? rejected(of, base.state, decided) : accepted(command, [], base.revision ?? -1n, false);
  }

  /** Somebody else's stream is answered just as one that does not exist, so that nobody learns by asking which do. */
  async #refusedAsForeign({ of, ctx, verb, body, facts }: Command, state: unknown): Promise<Outcome | undefined> {
    const owner = of.owner?.(state) as string | undefined;
    if (ctx.actor.kind !== 'customer' || owner === undefined || owner === ctx.actor.id) return undefined;
    const given: unknown = typeof facts === 'function' ? await (facts as (state: unknown) => unknown)(of.initialState) : facts;
    const decided: unknown = of.decide[verb]?.(of.initialState, body, given);
    return isRejection(decided) ? rejected(of, of.initialState, decided) : kitRefusal('not-found');
  }

  #replay(command: Command, events: readonly StoredEvent[]): Outcome {
    const own = events.filter((event) => event.metadata.commandId === command.ctx.commandId);
    if (own.some((event) => event.metadata.fingerprint !== command.fingerprint)) return kitRefusal('idempotency-key-reused');
    this.options.observe?.('replay', command.name);
    return accepted(command, own, own.at(-1)?.revision ?? -1n, true);
  }

  async #store(command: Command, base: Folded, decided: readonly DomainEvent[], facts: unknown): Promise<Attempt> {
    const { of, id, name, verb, ctx, fingerprint } = command;
    const { client, vault, observe, appendLimitBytes } = this.options;
    const stamp: CommandStamp = { ctx, command: verb, fingerprint, factsHash: await vault.digest(canonicalJson(facts ?? null)) };
    const place = { stream: name, revision: base.revision === undefined ? 0n : base.revision + 1n, prevHash: base.lastHash };
    const { proposed, stored, lastHash, state } = await prepare(vault, of, id, decided, base.state, place, stamp);
    if (appendLimitBytes !== undefined) refuseTooLarge(name, proposed, appendLimitBytes);
    try {
      await appendSurely(client, name, proposed, base.revision ?? 'no_stream', {
        tries: this.#tries,
        backOff: this.#backOff,
        onDoubt: () => observe?.('doubt', name),
      });
    } catch (error) {
      this.#cache.drop(name);
      if (!(error instanceof WrongRevision)) throw error;
      observe?.('conflict', name);
      return 'conflict';
    }
    const revision = place.revision + BigInt(stored.length) - 1n;
    this.#keep(name, { state, revision, lastHash, commandIds: base.commandIds }, ctx.commandId);
    return accepted(command, stored, revision, false);
  }

  #keep(name: string, { state, revision, lastHash, commandIds }: Folded, ...added: string[]): void {
    if (this.#cacheStreams > 0) this.#cache.put(name, { state, revision, lastHash, commandIds: new Set([...commandIds, ...added]) });
  }
}

/** Bytes of an event as JSON. */
const sizeOf = ({ id, type, data, metadata }: ProposedEvent): number =>
  Buffer.byteLength(JSON.stringify({ id, type, data: 0, metadata: 0 })) - 2 + jsonBytes(data).length + jsonBytes(metadata).length;

const refuseTooLarge = (name: string, proposed: readonly ProposedEvent[], limitBytes: number): void => {
  const bytes = proposed.reduce((sum, event) => sum + sizeOf(event), 0);
  if (bytes > limitBytes) throw new AppendTooLarge(`an append of ${bytes} bytes to ${name}`);
};

const accepted = ({ name }: Command, events: readonly StoredEvent[], revision: bigint, replayed: boolean): Outcome => ({
  kind: 'accepted',
  stream: name,
  revision: String(revision),
  events,
  replayed,
});

const rejected = (of: AnyStream, state: unknown, { code, details }: Rejection): Outcome => {
  const agreementVersion = of.agreementVersion?.(state) as string | undefined;
  return {
    kind: 'rejected',
    code,
    ...(details === undefined ? {} : { details }),
    ...(agreementVersion === undefined ? {} : { agreementVersion }),
  };
};

/** Makes the executor of a process. Share one: it keeps commands on one stream from racing each other. */
export const createExecutor = (options: ExecutorOptions): Executor => {
  const executor = new CommandExecutor(options);
  // The class treats all streams alike; the exact types of events, state and codes are those the caller's declaration has.
  return {
    execute: (of, id, command, body, facts, ctx, how) =>
      executor.execute(of, id, command, body, facts, ctx, how) as ReturnType<Executor['execute']> as never,
    load: async (of, id) => {
      const { state, revision, events } = await executor.load(of, streamName(of, id));
      return { state, revision, events } as Loaded<never> as never;
    },
    history: async function* (name) {
      for await (const recorded of options.client.readStream(name)) yield storedEvent(recorded);
    },
  };
};
