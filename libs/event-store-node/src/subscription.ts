import { streamDeleted } from './errors';
import type { EventFilter } from './filter';
import { DELETED, type RecordedEvent } from './model';
import type { Reader } from './reader';
import { Signal, type Sink } from './sink';
import type { Tail } from './tail';
import { encodeCaughtUp, encodeCheckpoint, encodeEvent, encodeFellBehind } from './wire-encode';

export interface SubscriptionParts {
  readonly reader: Reader;
  readonly tail: Tail;
  readonly nowMs: () => number;
}

interface Delivery {
  readonly resolveLinks: boolean;
  readonly structuredIds: boolean;
}

export interface AllSubscription extends Delivery {
  /** The first position wanted. */
  readonly from: number;
  readonly filter?: EventFilter;
  /** With a filter: a checkpoint is sent after this many events looked at, matching or not. */
  readonly checkpointInterval: number;
}

export interface StreamSubscription extends Delivery {
  readonly stream: string;
  /** The first revision wanted. */
  readonly from: number;
}

// How much of the live tail, and how many positions of a filtered catch-up, one step looks at.
const LIVE_STEP = 256;
const SEARCH_STEP = 2048;

const deliver = async (parts: SubscriptionParts, sink: Sink, delivery: Delivery, event: RecordedEvent): Promise<void> => {
  const [resolved] = delivery.resolveLinks ? await parts.reader.resolve([event]) : [{ event }];
  if (resolved) await sink.send(encodeEvent(resolved, delivery.structuredIds));
};

/** Follows `$all` until the client goes. */
class AllFollower {
  private next: number;
  private live = false;
  private considered = 0;
  private lastCheckpoint = 0;

  constructor(
    private readonly parts: SubscriptionParts,
    private readonly sink: Sink,
    private readonly options: AllSubscription,
  ) {
    this.next = options.from;
  }

  async run(): Promise<void> {
    const {
      parts: { tail },
      sink,
    } = this;
    const signal = new Signal();
    const forget = tail.onCommit(signal.set);
    sink.onClose(signal.set);
    try {
      while (!sink.closed) {
        if (this.next <= tail.committed) await this.step();
        else {
          if (!this.live) await this.goLive();
          await signal.wait();
        }
      }
    } finally {
      forget();
    }
  }

  private async goLive(): Promise<void> {
    this.live = true;
    if (this.next > this.options.from) await this.checkpoint(this.next - 1);
    await this.sink.send(encodeCaughtUp(this.parts.nowMs(), { position: this.next - 1 }));
  }

  private async step(): Promise<void> {
    const { filter } = this.options;
    const batch = this.parts.tail.from(this.next, LIVE_STEP);
    if (batch) {
      const events = filter ? batch.filter((event) => filter.matches(event)) : batch;
      return this.pass(events, this.next + batch.length - 1);
    }
    if (this.live) {
      this.live = false;
      await this.checkpoint(this.next - 1);
      await this.sink.send(encodeFellBehind(this.parts.nowMs(), { position: this.next - 1 }));
    }
    const { committed } = this.parts.tail;
    if (filter) {
      const page = await this.parts.reader.filteredForwards(this.next, committed, SEARCH_STEP, filter);
      return this.pass(page.events, page.searchedTo);
    }
    const events = await this.parts.reader.allForwards(this.next, LIVE_STEP);
    return this.pass(events, events.at(-1)?.position ?? committed);
  }

  /** Sends the events found up to `searchedTo`, and the checkpoints due on the way. */
  private async pass(events: readonly RecordedEvent[], searchedTo: number): Promise<void> {
    for (const event of events) {
      if (this.sink.closed) return;
      await this.checkpointsBefore(event.position);
      await deliver(this.parts, this.sink, this.options, event);
    }
    await this.checkpointsBefore(searchedTo + 1);
  }

  /** Moves on to `position`; every position passed counts as one event looked at. */
  private async checkpointsBefore(position: number): Promise<void> {
    const { filter, checkpointInterval } = this.options;
    while (filter && this.considered + (position - this.next) >= checkpointInterval) {
      this.next += checkpointInterval - this.considered;
      this.considered = 0;
      await this.checkpoint(this.next - 1);
      if (this.sink.closed) return;
    }
    this.considered += position - this.next;
    this.next = position;
  }

  private async checkpoint(position: number): Promise<void> {
    if (!this.options.filter || position <= this.lastCheckpoint) return;
    this.lastCheckpoint = position;
    await this.sink.send(encodeCheckpoint(position));
  }
}

export const followAll = (parts: SubscriptionParts, sink: Sink, options: AllSubscription): Promise<void> =>
  new AllFollower(parts, sink, options).run();

/** Follows one stream until the client goes. A tombstone ends it with an error; a soft delete does not. */
class StreamFollower {
  private next: number;
  private live = false;
  private seenTo = 0;

  constructor(
    private readonly parts: SubscriptionParts,
    private readonly sink: Sink,
    private readonly options: StreamSubscription,
  ) {
    this.next = options.from;
  }

  async run(): Promise<void> {
    const {
      parts: { tail },
      sink,
      options: { stream },
    } = this;
    const signal = new Signal();
    const forget = tail.onCommit(signal.set, stream);
    sink.onClose(signal.set);
    try {
      while (!sink.closed) {
        if (await this.step()) continue;
        if (!this.live) {
          this.live = true;
          await sink.send(encodeCaughtUp(this.parts.nowMs(), { revision: this.next - 1 }));
        }
        await signal.wait();
      }
    } finally {
      forget();
    }
  }

  /** Sends what there is; false when there was nothing. */
  private async step(): Promise<boolean> {
    const { reader, tail } = this.parts;
    const { stream } = this.options;
    const { committed } = tail;
    if (this.live && committed <= this.seenTo) return false;
    const recent = this.live ? tail.from(this.seenTo + 1, Number.MAX_SAFE_INTEGER) : undefined;
    if (recent) {
      await this.pass(recent.filter((event) => event.stream === stream));
      this.seenTo = committed;
      return true;
    }
    const state = await reader.streamState(stream);
    if (state.kind === 'tombstoned') {
      const tombstone = this.live ? await reader.tombstone(stream) : undefined;
      if (tombstone) await this.pass([tombstone]);
      throw streamDeleted(stream);
    }
    const events = state.kind === 'readable' ? await reader.streamForwards(stream, state, this.next, LIVE_STEP) : [];
    await this.pass(events);
    if (events.length > 0) return true;
    this.seenTo = committed;
    return false;
  }

  private async pass(events: readonly RecordedEvent[]): Promise<void> {
    for (const event of events) {
      if (this.sink.closed) return;
      if (event.revision < this.next) continue;
      await deliver(this.parts, this.sink, this.options, event);
      if (event.revision >= DELETED) throw streamDeleted(this.options.stream);
      this.next = event.revision + 1;
    }
  }
}

/** @throws NodeError when the stream is, or becomes, tombstoned. */
export const followStream = (parts: SubscriptionParts, sink: Sink, options: StreamSubscription): Promise<void> =>
  new StreamFollower(parts, sink, options).run();
