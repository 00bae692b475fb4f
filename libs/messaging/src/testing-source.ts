import type { AnyStream } from '@qiyue/decider';
import { comparePlaces } from './envelope-of';
import type { Position, RelayedEvent, RelaySource } from './relay-options';

/** An event store in memory, for specs that need nothing of it but `$all`. */
export interface FakeStore {
  readonly events: readonly RelayedEvent[];
  /** Appends one event; the stream's name decides category and revision. */
  append(stream: string, type: string, data: unknown): RelayedEvent;
  readonly subscribe: RelaySource;
  /** Subscriptions that are running. */
  running(): number;
}

/** Positions grow with gaps, as in `$all` where other services write as well. */
export const fakeStore = (): FakeStore => {
  const events: RelayedEvent[] = [];
  const revisions = new Map<string, bigint>();
  const watchers = new Set<() => void>();
  let running = 0;
  return {
    events,
    running: () => running,
    append: (stream, type, data) => {
      const revision = (revisions.get(stream) ?? -1n) + 1n;
      revisions.set(stream, revision);
      const place = BigInt(events.length + 1) * 10n;
      const event: RelayedEvent = {
        id: `${stream}@${revision}`,
        stream,
        category: stream.slice(0, stream.indexOf('-')),
        revision,
        position: { commit: place, prepare: place },
        type,
        data,
        metadata: { correlationId: 'correlation', causationId: 'causation', recordedAt: '2026-03-02T00:00:00.000Z', hash: 'b'.repeat(64) },
      };
      events.push(event);
      for (const watch of watchers) watch();
      return event;
    },
    subscribe: ({ categories, from, batchSize, onBatch }) => {
      let position = from;
      let stopped = false;
      let wake = (): void => undefined;
      const after = (place: Position | undefined): RelayedEvent[] =>
        events.filter(
          (event) => categories.includes(event.category) && (place === undefined || comparePlaces(event.position as Position, place) > 0),
        );
      const loop = async (): Promise<void> => {
        while (!stopped) {
          const batch = after(position).slice(0, batchSize);
          const upTo = batch.at(-1)?.position;
          try {
            if (upTo === undefined) await new Promise<void>((resolve) => (wake = resolve));
            else {
              await onBatch(batch, upTo);
              position = upTo;
            }
          } catch {
            // The same batch comes again, as from the real subscription.
            await new Promise((resolve) => setTimeout(resolve, 5));
          }
        }
      };
      const watch = (): void => wake();
      watchers.add(watch);
      running += 1;
      const done = loop();
      return {
        caughtUp: async () => after(position).length === 0,
        stop: async () => {
          stopped = true;
          watchers.delete(watch);
          wake();
          await done;
          running -= 1;
        },
      };
    },
  };
};

/** The streams a fake store's events belong to, for `declarations`. */
export const streamsNamed = (category: string, events: AnyStream['events']): AnyStream => ({
  category,
  events,
  initialState: { status: 'any' },
  evolve: (state: unknown) => state,
  decide: {},
});
