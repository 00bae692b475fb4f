// The only file that knows the database client; its successor (`@kurrent/kurrentdb-client`) would take its place here.
import {
  BACKWARDS,
  ErrorType,
  EventStoreDBClient,
  FORWARDS,
  isCommandError,
  jsonEvent,
  NO_STREAM,
  START,
  streamNameFilter,
  type JSONRecordedEvent,
  type JSONType,
} from '@eventstore/db-client';
import { ReadableSource } from './all-source';
import { AmbiguousAppend, StoreFault, StoreUnavailable, WrongRevision } from './faults';
import type { AllItem, EventStoreClient, Position, ProposedEvent, RecordedEvent } from './types';

export interface ConnectOptions {
  /** How long an append may take before its answer counts as lost, and how long a read may stay silent; 12,000. The server itself gives up after 10,000. */
  readonly patienceMs?: number;
}

/** Failures that say for certain that nothing was stored, and that trying again is of no use. */
const final: ReadonlySet<string> = new Set([
  ErrorType.ACCESS_DENIED,
  ErrorType.INVALID_ARGUMENT,
  ErrorType.MAXIMUM_APPEND_SIZE_EXCEEDED,
  ErrorType.MISSING_REQUIRED_METADATA_PROPERTY,
  ErrorType.STREAM_DELETED,
  ErrorType.UNSUPPORTED,
]);

const kindOf = (error: unknown): string | undefined => (error instanceof Error && isCommandError(error) ? error.type : undefined);

const recorded = ({ id, streamId, revision, position, type, data, metadata }: JSONRecordedEvent): RecordedEvent => ({
  id,
  stream: streamId,
  revision,
  ...(position === undefined ? {} : { position }),
  type,
  data,
  metadata,
});

const resettable = 3;

/**
 * A connection as this process shares it. The client keeps the answer to its first question (what the server can do) for ever, even if that was a failure;
 * so after several failures in a row, once nothing is under way any more, it is replaced by a new one.
 */
class Connection {
  users = 0;
  #client: EventStoreDBClient;
  #underWay = 0;
  #failures = 0;
  #replacing: Promise<void> | undefined;
  #idle: (() => void) | undefined;

  constructor(private readonly connectionString: string) {
    this.#client = EventStoreDBClient.connectionString(connectionString);
  }

  get client(): EventStoreDBClient {
    return this.#client;
  }

  /** Begins one operation; `end` tells how the connection served it, and counts once. */
  async begin(): Promise<{ readonly client: EventStoreDBClient; readonly end: (failed: boolean) => void }> {
    if (this.#failures >= resettable) await (this.#replacing ??= this.#replace());
    this.#underWay += 1;
    let ended = false;
    const end = (failed: boolean): void => {
      if (ended) return;
      ended = true;
      this.#failures = failed ? this.#failures + 1 : 0;
      this.#underWay -= 1;
      if (this.#underWay === 0) this.#idle?.();
    };
    return { client: this.#client, end };
  }

  async #replace(): Promise<void> {
    if (this.#underWay > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    this.#idle = undefined;
    // The old one goes first: two clients in one process share the table of appends that wait for an answer.
    await this.#client.dispose();
    this.#client = EventStoreDBClient.connectionString(this.connectionString);
    this.#failures = 0;
    this.#replacing = undefined;
  }
}

const connections = new Map<string, Connection>();

/** Settles with `work`, or rejects with `late()` if that takes longer. */
const within = <T>(work: Promise<T>, ms: number, late: () => Error): Promise<T> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });

class GrpcClient implements EventStoreClient {
  #disposed = false;

  constructor(
    private readonly connectionString: string,
    private readonly connection: Connection,
    private readonly patienceMs: number,
  ) {}

  async append(
    stream: string,
    events: readonly ProposedEvent[],
    expected: bigint | 'no_stream',
  ): Promise<{ revision: bigint; position?: Position }> {
    const messages = events.map(({ id, type, data, metadata }) =>
      jsonEvent({ id, type, data: data as JSONType, metadata: metadata as unknown as Record<string, unknown> }),
    );
    const { client, end } = await this.connection.begin();
    try {
      const appending = client.appendToStream(stream, messages, { expectedRevision: expected === 'no_stream' ? NO_STREAM : expected });
      const { nextExpectedRevision, position } = await within(
        appending,
        this.patienceMs,
        () => new AmbiguousAppend(`no answer to an append to ${stream}`),
      );
      end(false);
      return { revision: nextExpectedRevision, ...(position === undefined ? {} : { position }) };
    } catch (error) {
      const kind = kindOf(error);
      const answered = kind === ErrorType.WRONG_EXPECTED_VERSION || (kind !== undefined && final.has(kind));
      end(!answered);
      if (kind === ErrorType.WRONG_EXPECTED_VERSION) throw new WrongRevision(`${stream} is not at ${expected}`, { cause: error });
      if (answered) throw new StoreFault(`the store refused an append to ${stream}: ${kind}`, { cause: error });
      throw error instanceof AmbiguousAppend ? error : new AmbiguousAppend(`an append to ${stream} failed on its way`, { cause: error });
    }
  }

  async *readStream(
    stream: string,
    { from, maxCount }: { readonly from?: bigint; readonly maxCount?: number } = {},
  ): AsyncIterable<RecordedEvent> {
    const options = { direction: FORWARDS, fromRevision: from ?? START, ...(maxCount === undefined ? {} : { maxCount }) } as const;
    for await (const { event } of this.#read((client) => client.readStream(stream, options), `reading ${stream}`))
      if (event !== undefined) yield recorded(event as JSONRecordedEvent);
  }

  async readAllBackwards({
    before,
    maxCount,
  }: {
    readonly before?: Position;
    readonly maxCount: number;
  }): Promise<{ stream: string; position: Position }[]> {
    const options = { direction: BACKWARDS, fromPosition: before ?? 'end', maxCount } as const;
    const found: { stream: string; position: Position }[] = [];
    for await (const { event } of this.#read((client) => client.readAll(options), 'reading $all'))
      if (event?.position !== undefined) found.push({ stream: event.streamId, position: event.position });
    return found;
  }

  subscribeToAll({
    after,
    categories,
    bufferSize,
  }: {
    readonly after?: Position;
    readonly categories: readonly string[];
    readonly bufferSize: number;
  }): ReadableSource {
    const filter = streamNameFilter({
      prefixes: categories.map((category) => `${category}-`),
      maxSearchWindow: 512,
      checkpointInterval: 1,
      // Runs ahead of the events that are still buffered; so the news goes into the same buffer, behind them. It must not throw, or the subscription hangs for ever.
      checkpointReached: (subscription, position) => {
        if (!subscription.destroyed) subscription.push({ kind: 'checkpoint', position } satisfies AllItem);
      },
    });
    const subscription = this.connection.client.subscribeToAll({ fromPosition: after ?? START, filter }, { highWaterMark: bufferSize });
    subscription.on('confirmation', () => subscription.push({ kind: 'connected' } satisfies AllItem));
    return new ReadableSource(subscription, () => subscription.unsubscribe());
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    this.connection.users -= 1;
    if (this.connection.users > 0) return;
    connections.delete(this.connectionString);
    await this.connection.client.dispose();
  }

  /** One read, ended when it has been silent for too long. A cancelled read looks like a complete one, so it is never cancelled while somebody waits for it. */
  async *#read<T>(
    start: (client: EventStoreDBClient) => AsyncIterable<T> & { cancel(): Promise<void>; destroy(error?: Error): unknown },
    what: string,
  ): AsyncGenerator<T> {
    const { client, end } = await this.connection.begin();
    const read = start(client);
    let waitingSince: number | undefined = performance.now();
    const watch = setInterval(() => {
      if (waitingSince !== undefined && performance.now() - waitingSince > this.patienceMs)
        read.destroy(new StoreUnavailable(`${what}: the store went silent`));
    }, this.patienceMs / 4);
    let complete = false;
    try {
      for await (const item of read) {
        waitingSince = undefined;
        yield item;
        waitingSince = performance.now();
      }
      complete = true;
      end(false);
    } catch (error) {
      const kind = kindOf(error);
      end(kind === undefined || !(final.has(kind) || kind === ErrorType.STREAM_NOT_FOUND));
      if (kind === ErrorType.STREAM_NOT_FOUND) return;
      if (kind !== undefined && final.has(kind)) throw new StoreFault(`${what}: ${kind}`, { cause: error });
      throw error instanceof StoreFault ? error : new StoreUnavailable(`${what} failed`, { cause: error });
    } finally {
      clearInterval(watch);
      end(false);
      if (!complete) await read.cancel().catch(() => undefined); // It is over already; only the server has to be told.
    }
  }
}

/**
 * Connects to EventStoreDB or KurrentDB (`esdb://host:port?tls=…`), on first use. Clients of the same connection string share one connection:
 * the database client keeps a table of waiting appends for the whole process, so a process must not have two.
 */
export const connectEventStore = (connectionString: string, { patienceMs = 12_000 }: ConnectOptions = {}): EventStoreClient => {
  const connection = connections.get(connectionString) ?? new Connection(connectionString);
  connections.set(connectionString, connection);
  connection.users += 1;
  return new GrpcClient(connectionString, connection, patienceMs);
};
