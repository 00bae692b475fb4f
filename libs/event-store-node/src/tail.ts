import type { RecordedEvent } from './model';

/**
 * The newest committed events, in memory, for subscriptions that have caught up. Bounded in events and bytes: whoever is
 * further behind reads the database instead. Nothing but live subscriptions is served from here.
 */
export class Tail {
  private events: RecordedEvent[] = [];
  private bytes = 0;
  private lastPosition = 0;
  private readonly listeners = new Set<() => void>();
  private readonly streamListeners = new Map<string, Set<() => void>>();

  constructor(
    private readonly maxEvents: number,
    private readonly maxBytes: number,
  ) {}

  /** The position of the newest committed event that this process knows of. */
  get committed(): number {
    return this.lastPosition;
  }

  /** Starts over after `position`: whatever lies before must be read from the database. */
  reset(position: number): void {
    this.events = [];
    this.bytes = 0;
    this.lastPosition = position;
    for (const listener of this.listeners) listener();
    for (const set of this.streamListeners.values()) for (const listener of set) listener();
  }

  publish(events: readonly RecordedEvent[]): void {
    const last = events.at(-1);
    if (!last) return;
    this.lastPosition = last.position;
    for (const event of events) {
      this.events.push(event);
      this.bytes += event.data.length + event.metadata.length;
    }
    this.trim();
    for (const listener of this.listeners) listener();
    if (this.streamListeners.size === 0) return;
    for (const stream of new Set(events.map((event) => event.stream))) {
      for (const listener of this.streamListeners.get(stream) ?? []) listener();
    }
  }

  /** Up to `limit` events from `position` on, or undefined when they are no longer (all) in memory. */
  from(position: number, limit: number): readonly RecordedEvent[] | undefined {
    const first = this.events[0];
    if (!first || position < first.position) return undefined;
    const start = position - first.position;
    return this.events.slice(start, start + limit);
  }

  /** Calls `listener` after every commit (with `stream`: after every commit to it) until the returned function is called. */
  onCommit(listener: () => void, stream?: string): () => void {
    if (stream === undefined) {
      this.listeners.add(listener);
      return () => this.listeners.delete(listener);
    }
    const set = this.streamListeners.get(stream) ?? new Set();
    set.add(listener);
    this.streamListeners.set(stream, set);
    return () => {
      set.delete(listener);
      if (set.size === 0 && this.streamListeners.get(stream) === set) this.streamListeners.delete(stream);
    };
  }

  private trim(): void {
    let drop = Math.max(0, this.events.length - this.maxEvents);
    let bytes = this.bytes;
    for (let index = 0; index < this.events.length; index += 1) {
      const event = this.events[index];
      if (!event || (index >= drop && bytes <= this.maxBytes)) break;
      bytes -= event.data.length + event.metadata.length;
      drop = Math.max(drop, index + 1);
    }
    if (drop === 0) return;
    // Dropping in larger steps keeps the cost of a commit constant.
    this.events.splice(0, drop);
    this.bytes = bytes;
  }
}
