import { setTimeout as pause } from 'node:timers/promises';
import { pauseMs } from './back-off';
import { storedEvent, upcastAmong } from './event-codec';
import { StoreUnavailable } from './faults';
import { lastOfCategories } from './last-position';
import { comparePositions, laterPosition } from './position';
import type {
  AllItem,
  AllSource,
  Position,
  StoredEvent,
  SubscribeOptions,
  Subscription,
  SubscriptionHealth,
  SubscriptionTrouble,
  SubscriptionTuning,
} from './types';

const defaults: SubscriptionTuning = {
  retryFirstMs: 100,
  retryMaxMs: 5_000,
  watchEveryMs: 5_000,
  stalledAfterMs: 30_000,
  idleCheckpoints: true,
  random: Math.random,
};

class Stalled extends StoreUnavailable {}

interface Batch {
  readonly events: readonly StoredEvent[];
  readonly upTo: Position;
}

class CatchUp {
  readonly #tuning: SubscriptionTuning;
  readonly #categories: ReadonlySet<string>;
  readonly #read: (event: StoredEvent) => StoredEvent;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  readonly #watch: NodeJS.Timeout;
  #handled: Position | undefined;
  /** The last event handled, without the checkpoints after it: what an event is told by to be a repeated one. */
  #lastEvent: Position | undefined;
  /** Up to here `$all` was searched and found to hold nothing that is not handled. */
  #searched: Position | undefined;
  #source: AllSource | undefined;
  #connected = false;
  #looking = false;
  #waitingSince: number | undefined;
  #trouble: SubscriptionTrouble | undefined;
  #counts = { events: 0, batches: 0, resubscriptions: 0, failures: 0, stalls: 0 };

  constructor(private readonly options: SubscribeOptions) {
    this.#tuning = { ...defaults, ...options.tuning };
    this.#categories = new Set(options.categories);
    this.#read = options.streams === undefined ? (event) => event : upcastAmong(options.streams);
    this.#handled = this.#lastEvent = this.#searched = options.from;
    this.#watch = setInterval(() => void this.#lookForStall(), this.#tuning.watchEveryMs);
    this.#watch.unref();
    this.#running = this.#run();
  }

  position(): Position | undefined {
    return this.#handled;
  }

  async caughtUp(): Promise<boolean> {
    const { head, last } = await lastOfCategories(this.options.client, this.#categories, this.#certain());
    if (last !== undefined) return comparePositions(this.#lastEvent, last) >= 0;
    this.#searched = laterPosition(this.#searched, head);
    return true;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    clearInterval(this.#watch);
    this.#source?.cancel();
    await this.#running;
  }

  health(): SubscriptionHealth {
    const state = this.#stopping.signal.aborted
      ? 'stopped'
      : this.#trouble?.kind === 'failed'
        ? 'failing'
        : this.#connected
          ? 'live'
          : 'connecting';
    const { error } = this.#trouble ?? {};
    return {
      state,
      position: this.#handled,
      lastError: error === undefined ? undefined : error instanceof Error ? error.message : String(error),
      ...this.#counts,
    };
  }

  /** Subscribes from the last handled position, for ever. */
  async #run(): Promise<void> {
    for (let attempt = 1; !this.#stopping.signal.aborted; attempt += 1) {
      const before = this.#counts.batches;
      try {
        await this.#follow();
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        if (this.#counts.batches > before) attempt = 1;
        this.#counts.resubscriptions += 1;
        this.#tell({ kind: error instanceof Stalled ? 'stalled' : 'dropped', error, attempt });
        await this.#pause(attempt);
      }
    }
  }

  /** Up to here everything is handled for certain: this rests on events delivered and on `$all` searched, not on what the server says in checkpoints. */
  #certain(): Position | undefined {
    return laterPosition(this.#lastEvent, this.#searched);
  }

  /** One connection, until it drops. */
  async #follow(): Promise<void> {
    const { client, categories, batchSize = 500, rest } = this.options;
    const after = this.#certain();
    const source = client.subscribeToAll({ ...(after === undefined ? {} : { after }), categories, bufferSize: batchSize });
    this.#source = source;
    try {
      while (!this.#stopping.signal.aborted) {
        this.#waitingSince = performance.now();
        const items = await source.next(batchSize);
        this.#waitingSince = undefined;
        this.#trouble = undefined;
        this.#connected = true;
        await this.#handle(items);
        if (rest !== undefined && items.length < batchSize) await rest();
      }
    } finally {
      this.#waitingSince = undefined;
      this.#connected = false;
      source.cancel();
    }
  }

  /** Hands items on until they are handled; they are never skipped. */
  async #handle(items: readonly AllItem[]): Promise<void> {
    for (let attempt = 1; !this.#stopping.signal.aborted; attempt += 1) {
      try {
        const batch = this.#batchOf(items);
        if (batch === undefined) return;
        await this.options.onBatch(batch.events, batch.upTo);
        this.#settle(batch);
        return;
      } catch (error) {
        this.#counts.failures += 1;
        this.#tell({ kind: 'failed', error, attempt });
      }
      await this.#pause(attempt);
    }
  }

  /** The events that are new, and how far they reach. A position never goes back: after a checkpoint that ran ahead, late events are still handled. */
  #batchOf(items: readonly AllItem[]): Batch | undefined {
    const events: StoredEvent[] = [];
    let upTo = this.#handled;
    let last = this.#lastEvent;
    for (const item of items) {
      if (item.kind === 'checkpoint' && this.#tuning.idleCheckpoints) upTo = laterPosition(upTo, item.position);
      if (item.kind === 'event' && comparePositions(item.event.position, last) > 0) {
        events.push(this.#read(storedEvent(item.event)));
        last = item.event.position;
        upTo = laterPosition(upTo, last);
      }
    }
    return upTo === undefined || (events.length === 0 && comparePositions(upTo, this.#handled) === 0) ? undefined : { events, upTo };
  }

  #settle({ events, upTo }: Batch): void {
    this.#handled = upTo;
    this.#lastEvent = events.at(-1)?.position ?? this.#lastEvent;
    this.#counts.events += events.length;
    this.#counts.batches += 1;
    this.#trouble = undefined;
  }

  /** A subscription can fall silent without an error. So, when nothing came for long, `$all` is asked whether there is something. */
  async #lookForStall(): Promise<void> {
    const source = this.#source;
    const since = this.#waitingSince;
    if (this.#looking || since === undefined || performance.now() - since < this.#tuning.stalledAfterMs) return;
    this.#looking = true;
    // Unreachable is not stalled: the connection will drop, or the next look will tell.
    const quiet = await this.caughtUp().catch(() => true);
    this.#looking = false;
    if (quiet || source !== this.#source || since !== this.#waitingSince) return;
    this.#counts.stalls += 1;
    source?.cancel(new Stalled('there are events, but none were delivered'));
  }

  #tell(trouble: SubscriptionTrouble): void {
    this.#trouble = trouble;
    try {
      this.options.onTrouble?.(trouble);
    } catch {
      // A hook for logs must not end the subscription; what it was told stands in `health` as well.
    }
  }

  async #pause(attempt: number): Promise<void> {
    const { retryFirstMs: firstMs, retryMaxMs: maxMs, random } = this.#tuning;
    // Only stopping ends the pause early.
    await pause(pauseMs(attempt, { firstMs, maxMs, random }), undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}

/**
 * Follows the events of some categories in the order of `$all`, from a position on, for ever: resubscribes when the connection drops or falls silent,
 * repeats a batch until it is handled, and moves only past what was handled. One batch at a time; while it is handled nothing more is read.
 */
export const subscribe = (options: SubscribeOptions): Subscription => new CatchUp(options);
