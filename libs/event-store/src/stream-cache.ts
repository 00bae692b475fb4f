import { Lru } from './lru';

/** A stream as it was after an append or a load of this process. It may be out of date at any time: the next append tells. */
export interface Folded {
  readonly state: unknown;
  readonly revision: bigint | undefined;
  /** Hash of the last event; of an empty stream, the start of its chain. */
  readonly lastHash: string;
  /** Every command the stream has events of. */
  readonly commandIds: ReadonlySet<string>;
}

/** States hold personal data in the clear, so none is kept for longer than a key may be. */
const ttlMs = 60_000;

/** Streams with more commands than this are read anew each time rather than held. */
const mostCommands = 500;

/** Folded streams by name, bounded by number and age. */
export class StreamCache {
  readonly #streams: Lru<Folded>;

  constructor(max: number, now: () => number) {
    this.#streams = new Lru(max, ttlMs, now);
  }

  get(streamName: string): Folded | undefined {
    return this.#streams.get(streamName);
  }

  put(streamName: string, folded: Folded): void {
    if (folded.commandIds.size <= mostCommands) this.#streams.set(streamName, folded);
    else this.drop(streamName);
  }

  drop(streamName: string): void {
    this.#streams.delete(streamName);
  }
}
