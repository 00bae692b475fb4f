import { parseStreamName } from '@qiyue/decider';
import { StoreUnavailable } from './faults';
import { comparePositions } from './position';
import type { AllItem, AllSource, EventStoreClient, Position } from './types';

/** What a subscription asks of the event store. */
export type SubscriptionClient = Pick<EventStoreClient, 'subscribeToAll' | 'readAllBackwards'>;

type SubscribeToAll = EventStoreClient['subscribeToAll'];

/** Most items read from the server at a time. */
const MOST_READ = 500;

/** Several read it: none may change what the others get. */
const freeze = (value: unknown): void => {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const part of Object.values(value)) freeze(part);
};

/** One subscription at the server, and what it delivered last. It reads when the reader furthest ahead wants more. */
class Feed {
  private source: AllSource | undefined;
  private items: AllItem[] = [];
  /** How many items there have been before those that are kept. */
  private first = 0;
  /** Every event after it is kept or still to come. */
  private since: Position | undefined;
  /** The last event that came. */
  private last: Position | undefined;
  private isReading = false;
  private readonly readers = new Set<Reader>();
  private readonly waiting = new Set<Reader>();

  constructor(
    readonly subscribeToAll: SubscribeToAll,
    private readonly categories: readonly string[],
    private readonly keptMax: number,
  ) {}

  /** The place after the last event that a reader has, if that lies between the first that is kept and the last that came. */
  join(reader: Reader, after: Position | undefined): number | undefined {
    if (this.readers.size === 0) this.since = this.last = after;
    if (comparePositions(after, this.since) < 0 || comparePositions(after, this.last) > 0) return undefined;
    this.readers.add(reader);
    const had = this.items.findLastIndex((item) => item.kind === 'event' && comparePositions(item.event.position, after) <= 0);
    return this.first + had + 1;
  }

  leave(reader: Reader): void {
    this.readers.delete(reader);
    this.waiting.delete(reader);
    if (this.readers.size > 0) return;
    this.end(new StoreUnavailable('nobody reads any more'));
    this.items = [];
  }

  /** Ends the subscription at the server; whoever waits is given a new one. */
  end(reason: Error): void {
    this.source?.cancel(reason);
    this.source = undefined;
  }

  /** Whether a reader at this place has everything that came. */
  isRead(place: number): boolean {
    return place >= this.first + this.items.length;
  }

  get isLive(): boolean {
    return this.source !== undefined;
  }

  /** Items from a place on; undefined where they are no longer kept. */
  from(place: number, max: number): readonly AllItem[] | undefined {
    return place < this.first ? undefined : this.items.slice(place - this.first, place - this.first + max);
  }

  /** Wakes the reader once there is more, or tells it of a fault. */
  wake(reader: Reader): void {
    this.letGo();
    this.waiting.add(reader);
    if (!this.isReading) void this.read();
  }

  private async read(): Promise<void> {
    this.isReading = true;
    while (this.waiting.size > 0) {
      let source: AllSource | undefined;
      let fault: unknown;
      try {
        source = this.source ??= this.open();
        const items = await source.next(Math.min(MOST_READ, this.keptMax));
        if (source === this.source) this.keep(items);
      } catch (error) {
        fault = error;
      }
      // It was ended meanwhile: whoever waits gets a new one.
      if (source !== this.source) continue;
      if (fault !== undefined) this.source = undefined;
      const woken = [...this.waiting];
      this.waiting.clear();
      for (const reader of woken) reader.woken(fault);
    }
    this.isReading = false;
  }

  private open(): AllSource {
    const after = this.last;
    return this.subscribeToAll({ ...(after === undefined ? {} : { after }), categories: this.categories, bufferSize: MOST_READ });
  }

  private keep(items: readonly AllItem[]): void {
    for (const item of items) {
      if (item.kind === 'event') {
        freeze(item.event.data);
        freeze(item.event.metadata);
        this.last = item.event.position;
      }
      this.items.push(item);
    }
    this.letGo();
  }

  /** Keeps what somebody has still to read, and no more than so much of it. */
  private letGo(): void {
    const needed = Math.min(this.first + this.items.length, ...[...this.readers].map(({ at }) => at));
    const count = Math.max(needed - this.first, this.items.length - this.keptMax);
    if (count <= 0) return;
    for (const item of this.items.splice(0, count)) if (item.kind === 'event') this.since = item.event.position;
    this.first += count;
  }
}

/** Reads from the feed, and by itself while it is further behind than the feed reaches back. */
class Reader implements AllSource {
  /** Undefined while it reads by itself. */
  private place: number | undefined;
  private own: AllSource | undefined;
  private last: Position | undefined;
  private isGreeted = false;
  private ended: Error | undefined;
  private settle: ((fault: unknown) => void) | undefined;
  private readonly categories: ReadonlySet<string>;

  constructor(
    private readonly feed: Feed,
    private readonly options: Parameters<SubscribeToAll>[0],
  ) {
    this.categories = new Set(options.categories);
    this.last = options.after;
    this.place = feed.join(this, options.after);
  }

  /** What it reads next, of the feed. */
  get at(): number {
    return this.place ?? Infinity;
  }

  async next(max: number): Promise<readonly AllItem[]> {
    for (;;) {
      if (this.ended !== undefined) throw this.ended;
      const items = this.place === undefined ? await this.nextOfOwn(max) : this.nextOfFeed(max);
      if (items.length > 0) return items;
      if (this.place !== undefined && this.feed.isRead(this.place)) await this.untilWoken();
    }
  }

  cancel(reason?: Error): void {
    this.ended ??= reason ?? new StoreUnavailable('the subscription was cancelled');
    this.own?.cancel(this.ended);
    // A reason is a fault of the connection, which is everybody's.
    if (reason !== undefined && this.place !== undefined) this.feed.end(reason);
    this.feed.leave(this);
    this.settle?.(undefined);
  }

  /** There is more, or no more. */
  woken(fault: unknown): void {
    this.settle?.(fault);
  }

  private untilWoken(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.settle = (fault) => {
        this.settle = undefined;
        if (fault === undefined) resolve();
        else reject(fault as Error);
      };
      this.feed.wake(this);
    });
  }

  /** What is wanted of what comes next; nothing if that is still to come, or if it is no longer kept. */
  private nextOfFeed(max: number): readonly AllItem[] {
    if (!this.isGreeted && this.feed.isLive) {
      this.isGreeted = true;
      return [{ kind: 'connected' }];
    }
    for (;;) {
      const items = this.feed.from(this.place as number, max);
      if (items === undefined) {
        this.feed.leave(this);
        this.place = undefined;
        return [];
      }
      this.place = (this.place as number) + items.length;
      this.note(items);
      const wanted = items.filter((item) => item.kind !== 'event' || this.categories.has(parseStreamName(item.event.stream).category));
      if (wanted.length > 0 || items.length === 0) return wanted;
    }
  }

  private async nextOfOwn(max: number): Promise<readonly AllItem[]> {
    // While the last batch was handled the feed may have come as far.
    this.place = this.feed.join(this, this.last);
    if (this.place !== undefined) {
      this.own?.cancel();
      this.own = undefined;
      return [];
    }
    const after = this.last;
    this.own ??= this.feed.subscribeToAll({ ...this.options, ...(after === undefined ? {} : { after }) });
    const items = await this.own.next(max);
    this.note(items);
    return items;
  }

  private note(items: readonly AllItem[]): void {
    for (const item of items) if (item.kind === 'event') this.last = item.event.position;
  }
}

/**
 * Subscriptions of one process to the same categories, or some of them, as one at the server: each event is sent, received and taken apart once,
 * however many follow it. At most `keptMax` items are kept for those behind; who is further behind has a subscription of its own until it has caught up,
 * so nobody holds up anybody. An event may be delivered again after a reader has gone over from one to the other; `subscribe` drops it.
 */
export const shareSubscriptions = (client: SubscriptionClient, categories: readonly string[], keptMax: number): SubscriptionClient => {
  const feed = new Feed((options) => client.subscribeToAll(options), categories, keptMax);
  const shared = new Set(categories);
  return {
    readAllBackwards: (options) => client.readAllBackwards(options),
    subscribeToAll: (options) =>
      options.categories.every((category) => shared.has(category)) ? new Reader(feed, options) : client.subscribeToAll(options),
  };
};
