import { randomBytes } from 'node:crypto';
import { FORGOTTEN, parseStreamName } from '@qiyue/decider';
import { sha256 } from './canonical-json';
import { AccountForgotten, StoreUnavailable, WrongRevision } from './faults';
import { comparePositions } from './position';
import { accountKey, accountOf, isSealed, revealWith, sealWith, type AccountKey } from './seal';
import { collectSealed, replaceSealed } from './sealed-values';
import type { AllItem, AllSource, EventStoreClient, Position, ProposedEvent, RecordedEvent, Vault } from './types';

type Written = RecordedEvent & { readonly position: Position };

/** An event store in memory, with the real one's rules: expected revisions, appends known again by their ids, order of `$all`. */
export interface MemoryStore extends EventStoreClient {
  /** Everything ever written, in the order of `$all`. What a test changes here is what readers get. */
  readonly log: Written[];
  /** Ends every subscription, as a restart of the server would. */
  dropSubscriptions(): void;
}

class MemorySource implements AllSource {
  #sent = 0;
  #ended: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(
    private readonly log: readonly Written[],
    private readonly after: Position | undefined,
    private readonly categories: ReadonlySet<string>,
  ) {}

  async next(max: number): Promise<readonly AllItem[]> {
    for (;;) {
      if (this.#ended !== undefined) throw this.#ended;
      const items: AllItem[] = [];
      for (; this.#sent < this.log.length && items.length < max; this.#sent += 1) {
        const event = this.log[this.#sent] as Written;
        if (this.categories.has(parseStreamName(event.stream).category) && comparePositions(event.position, this.after) > 0)
          items.push({ kind: 'event', event });
      }
      if (items.length > 0) return items;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  wake(): void {
    this.#wake?.();
  }

  cancel(reason: Error = new StoreUnavailable('the subscription was cancelled')): void {
    this.#ended ??= reason;
    this.wake();
  }
}

/** Makes an empty event store in memory. */
export const memoryStore = (): MemoryStore => {
  const log: Written[] = [];
  const sources = new Set<MemorySource>();
  const of = (stream: string): Written[] => log.filter((event) => event.stream === stream);

  const append = (
    stream: string,
    events: readonly ProposedEvent[],
    expected: bigint | 'no_stream',
  ): { revision: bigint; position: Position } => {
    const existing = of(stream);
    const next = expected === 'no_stream' ? 0 : Number(expected) + 1;
    if (existing.length !== next) {
      const again = events.length > 0 && events.every(({ id }, index) => existing[next + index]?.id === id);
      if (!again) throw new WrongRevision(`${stream} is not at ${expected}`);
    } else {
      for (const [index, { id, type, data, metadata }] of events.entries()) {
        const commit = BigInt(log.length);
        // Through JSON, as on the wire: nobody shares an object with the store.
        const written = JSON.parse(JSON.stringify({ data, metadata })) as { data: unknown; metadata: unknown };
        log.push({ id, stream, revision: BigInt(next + index), position: { commit, prepare: commit }, type, ...written });
      }
      for (const source of sources) source.wake();
    }
    const last = of(stream)[next + events.length - 1] as Written;
    return { revision: last.revision, position: last.position };
  };

  return {
    log,
    dropSubscriptions: () => sources.forEach((source) => source.cancel(new StoreUnavailable('the server went away'))),
    append: async (stream, events, expected) => append(stream, events, expected),
    readStream: async function* (stream, { from = 0n, maxCount = Number.MAX_SAFE_INTEGER } = {}) {
      yield* of(stream)
        .filter(({ revision }) => revision >= from)
        .slice(0, maxCount);
    },
    readAllBackwards: async ({ before, maxCount }) =>
      log
        .filter(({ position }) => before === undefined || comparePositions(position, before) < 0)
        .reverse()
        .slice(0, maxCount),
    subscribeToAll: ({ after, categories }) => {
      const source = new MemorySource(log, after, new Set(categories));
      sources.add(source);
      return source;
    },
    dispose: async () => sources.forEach((source) => source.cancel()),
  };
};

/** A vault in memory. */
export const memoryVault = (): Vault => {
  const keys = new Map<string, AccountKey | 'destroyed'>();
  const pepper = randomBytes(16).toString('hex');
  const reveal = (sealed: string): string => {
    const key = keys.get(accountOf(sealed));
    return key === undefined || key === 'destroyed' ? FORGOTTEN : revealWith(key, sealed);
  };
  return {
    seal: async (accountId, eventId, path, text) => {
      if (text === FORGOTTEN) return text;
      const key = keys.get(accountId) ?? accountKey(randomBytes(32));
      if (key === 'destroyed') throw new AccountForgotten(accountId);
      keys.set(accountId, key);
      return sealWith(key, accountId, eventId, path, text);
    },
    reveal: async (value) => (isSealed(value) ? reveal(value) : value),
    revealDeep: async <T>(value: T): Promise<T> =>
      collectSealed(value, new Set()).size === 0 ? value : (replaceSealed(value, reveal) as T),
    revealWhenRead: async <T>(value: T): Promise<T> =>
      collectSealed(value, new Set()).size === 0 ? value : (replaceSealed(value, reveal, true) as T),
    destroy: async (accountId) => void keys.set(accountId, 'destroyed'),
    digest: async (text) => sha256(pepper + text),
  };
};
