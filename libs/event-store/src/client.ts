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
import { AppendGate } from './append-gate';
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

const failuresAllowed = 3;

/** Messages that the client's batch stream, its only writable one, has not written yet. `disposableStreams` is the client's list of its open streams. */
const unwrittenOf = (client: EventStoreDBClient): number => {
  let unwritten = 0;
  for (const { writableLength = 0 } of (client as unknown as { readonly disposableStreams: Iterable<{ readonly writableLength?: number }> })
    .disposableStreams)
    unwritten += writableLength;
  return unwritten;
};

/**
 * A connection as this process shares it. The client keeps the answer to its first question (what the server can do) for ever, even if that was a failure;
 * so after several failures in a row it is replaced by a new one.
 */
class Connection {
  users = 0;
  readonly gate = new AppendGate(() => unwrittenOf(this.#client));
  #client: EventStoreDBClient;
  #open = true;
  #appends = 0;
  #failures = 0;
  #replacing: Promise<void> | undefined;
  #idle: (() => void) | undefined;

  constructor(private readonly connectionString: string) {
    this.#client = EventStoreDBClient.connectionString(connectionString);
  }

  get client(): EventStoreDBClient {
    return this.#client;
  }

  /** The client to use now. Waits while a new one takes the place of one that kept failing. */
  async ready(): Promise<EventStoreDBClient> {
    if (this.#failures >= failuresAllowed) await (this.#replacing ??= this.#replace());
    return this.#client;
  }

  /** Whether calls of this client can have been cancelled from our side meanwhile. */
  serves(client: EventStoreDBClient): boolean {
    return this.#open && this.#client === client;
  }

  noteOutcome(failed: boolean): void {
    this.#failures = failed ? this.#failures + 1 : 0;
  }

  /** Runs an append, which always ends within its patience: the client is not replaced under it. */
  async append<T>(work: (client: EventStoreDBClient) => Promise<T>): Promise<T> {
    const client = await this.ready();
    this.#appends += 1;
    try {
      return await work(client);
    } finally {
      this.#appends -= 1;
      if (this.#appends === 0) this.#idle?.();
    }
  }

  async close(): Promise<void> {
    this.#open = false;
    await this.#client.dispose();
  }

  async #replace(): Promise<void> {
    if (this.#appends > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    this.#idle = undefined;
    const old = this.#client;
    this.#client = EventStoreDBClient.connectionString(this.connectionString);
    // Gone before the new one is used: two clients in one process share the table of appends that wait for an answer.
    await old.dispose();
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
  readonly #sources = new Set<ReadableSource>();

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
    this.#checkOpen();
    const { connection, patienceMs } = this;
    const messages = events.map(({ id, type, data, metadata }) =>
      jsonEvent({ id, type, data: data as JSONType, metadata: metadata as unknown as Record<string, unknown> }),
    );
    const settled = await connection.gate.enter(patienceMs, () => new AmbiguousAppend(`an append to ${stream} had no turn`));
    let answered = false;
    try {
      const { success, nextExpectedRevision, position } = await connection.append((client) =>
        within(
          client.appendToStream(stream, messages, { expectedRevision: expected === 'no_stream' ? NO_STREAM : expected }),
          patienceMs,
          () => new AmbiguousAppend(`no answer to an append to ${stream}`),
        ),
      );
      answered = true;
      // Told by a result only if the connection string asks for it; its revision is a wrong one then.
      if (!success) throw new WrongRevision(`${stream} is not at ${expected}`);
      return { revision: nextExpectedRevision, ...(position === undefined ? {} : { position }) };
    } catch (error) {
      if (error instanceof StoreFault) throw error;
      const kind = kindOf(error);
      answered = kind === ErrorType.WRONG_EXPECTED_VERSION || (kind !== undefined && final.has(kind));
      if (kind === ErrorType.WRONG_EXPECTED_VERSION) throw new WrongRevision(`${stream} is not at ${expected}`, { cause: error });
      if (answered) throw new StoreFault(`the store refused an append to ${stream}: ${kind}`, { cause: error });
      throw new AmbiguousAppend(`an append to ${stream} failed on its way`, { cause: error });
    } finally {
      connection.noteOutcome(!answered);
      settled(answered);
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
    this.#checkOpen();
    const subscription = this.connection.client.subscribeToAll({ fromPosition: after ?? START, filter }, { highWaterMark: bufferSize });
    subscription.on('confirmation', () => subscription.push({ kind: 'connected' } satisfies AllItem));
    const source = new ReadableSource(subscription, () => subscription.unsubscribe());
    this.#sources.add(source);
    subscription.on('close', () => this.#sources.delete(source));
    return source;
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const source of this.#sources) source.cancel();
    this.connection.users -= 1;
    if (this.connection.users > 0) return;
    connections.delete(this.connectionString);
    await this.connection.close();
  }

  #checkOpen(): void {
    if (this.#disposed) throw new StoreFault('this client of the event store has been disposed of');
  }

  /** One read, ended when it has been silent for too long. */
  async *#read<T>(
    start: (client: EventStoreDBClient) => AsyncIterable<T> & { cancel(): Promise<void>; destroy(error?: Error): unknown },
    what: string,
  ): AsyncGenerator<T> {
    this.#checkOpen();
    const client = await this.connection.ready();
    const read = start(client);
    let waitingSince: number | undefined = performance.now();
    const watch = setInterval(() => {
      if (waitingSince !== undefined && performance.now() - waitingSince > this.patienceMs)
        read.destroy(new StoreUnavailable(`${what}: the store went silent`));
    }, this.patienceMs / 4);
    let ended = false;
    try {
      for await (const item of read) {
        waitingSince = undefined;
        yield item;
        waitingSince = performance.now();
      }
      ended = true;
      // A read that was cancelled from our side looks like a complete one.
      if (!this.connection.serves(client)) throw new StoreUnavailable(`${what}: the connection was given up meanwhile`);
      this.connection.noteOutcome(false);
    } catch (error) {
      ended = true;
      const kind = kindOf(error);
      const answered = kind === ErrorType.STREAM_NOT_FOUND || (kind !== undefined && final.has(kind));
      this.connection.noteOutcome(!answered);
      if (kind === ErrorType.STREAM_NOT_FOUND) return;
      if (answered) throw new StoreFault(`${what}: ${kind}`, { cause: error });
      throw error instanceof StoreFault ? error : new StoreUnavailable(`${what} failed`, { cause: error });
    } finally {
      clearInterval(watch);
      if (!ended) await read.cancel().catch(() => undefined); // Left early: only the server has to be told.
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
