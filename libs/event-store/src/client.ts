// The only file that knows the database client; its successor (`@kurrent/kurrentdb-client`) would take its place here.
import {
  BACKWARDS,
  ErrorType,
  EventStoreDBClient,
  FORWARDS,
  isCommandError,
  START,
  streamNameFilter,
  type JSONRecordedEvent,
} from '@eventstore/db-client';
import { ReadableSource } from './all-source';
import { Appends } from './appends';
import { apart, readConnectionString } from './connection-string';
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

/** The first line of what the client has to say; it quotes neither events nor passwords. */
const wordsOf = (error: unknown): string => (error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));

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

/** The protected members of the client that are overruled. */
interface Inner {
  handleError(client: unknown, error: Error): Promise<void>;
  getChannel(): Promise<{ close(): void }>;
}

/** One client of the package, without what makes it end the process or hang. */
class Session {
  readonly client: EventStoreDBClient;
  readonly appends: Appends;
  readonly since = performance.now();
  #channel: { close(): void } | undefined;
  #underWay = 0;
  #retired = false;

  constructor(connectionString: string) {
    this.client = EventStoreDBClient.connectionString(connectionString);
    const inner = this.client as unknown as Inner;
    const { handleError, getChannel } = inner;
    // What it does after a failed call is held by nobody, and fails in its turn while no node of a cluster is found.
    inner.handleError = (client, error) => handleError(client, error).catch(() => undefined);
    // It forgets channels without closing them.
    inner.getChannel = async () => {
      const channel = await getChannel();
      if (channel !== this.#channel) this.#channel?.close();
      this.#channel = channel;
      return channel;
    };
    this.appends = new Appends(this.client);
  }

  /** Something begins to use the client; what is returned says that it has ended. */
  use(): () => void {
    this.#underWay += 1;
    return () => {
      this.#underWay -= 1;
      if (this.#retired && this.#underWay === 0) void this.dispose();
    };
  }

  /** Lets what is under way end by itself: a read that is cancelled looks like one that is complete. */
  retire(): void {
    this.#retired = true;
    if (this.#underWay === 0) void this.dispose();
  }

  async dispose(): Promise<void> {
    await this.client.dispose().catch(() => undefined);
    this.#channel?.close();
  }
}

const failuresMax = 3;
const renewedAfterMs = 1_000;

/** How a connection serves an operation; `end` is told how it went, if that says anything of the connection, and counts once. */
interface Use {
  readonly client: EventStoreDBClient;
  readonly appends: Appends;
  readonly end: (failed?: boolean) => void;
}

/**
 * A connection as this process shares it. After several failures in a row it is replaced by a new one, at most once a second: a connection can be
 * dead without knowing it. Whatever is under way stays with the old one until it has ended.
 */
class Connection {
  users = 0;
  #session: Session;
  #failures = 0;
  #turn = 0;

  constructor(private readonly connectionString: string) {
    this.#session = new Session(connectionString);
  }

  begin(): Use {
    if (this.#failures >= failuresMax && performance.now() - this.#session.since >= renewedAfterMs) {
      this.#session.retire();
      this.#session = new Session(apart(this.connectionString, (this.#turn += 1)));
      this.#failures = 0;
    }
    const session = this.#session;
    const ended = session.use();
    let counted = false;
    const end = (failed?: boolean): void => {
      if (counted) return;
      counted = true;
      if (failed !== undefined && session === this.#session) this.#failures = failed ? this.#failures + 1 : 0;
      ended();
    };
    return { client: session.client, appends: session.appends, end };
  }

  dispose(): Promise<void> {
    return this.#session.dispose();
  }
}

const connections = new Map<string, Connection>();

/** Settles with `work`, or rejects with `late()` if that takes longer. */
const within = <T>(work: Promise<T>, ms: number, late: () => Error): Promise<T> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });

/** What is needed of the client's stream of what it read. */
interface Readable<T> extends AsyncIterable<T> {
  cancel(): Promise<void>;
  destroy(error?: Error): unknown;
  on(event: 'error', listener: () => void): unknown;
}

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
    const { appends, end } = this.connection.begin();
    try {
      const stored = await appends.append(stream, events, expected, this.patienceMs);
      end(false);
      return stored;
    } catch (error) {
      const kind = kindOf(error);
      const refused = error instanceof StoreFault && error.name === 'StoreFault';
      const answered = refused || kind === ErrorType.WRONG_EXPECTED_VERSION || (kind !== undefined && final.has(kind));
      end(!answered);
      if (refused) throw error;
      if (kind === ErrorType.WRONG_EXPECTED_VERSION) throw new WrongRevision(`${stream} is not at ${expected}`, { cause: error });
      if (answered) throw new StoreFault(`the store refused an append to ${stream}: ${kind}`, { cause: error });
      throw new AmbiguousAppend(`an append to ${stream} failed on its way: ${wordsOf(error)}`, { cause: error });
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
    const { client, end } = this.connection.begin();
    const subscription = client.subscribeToAll({ fromPosition: after ?? START, filter }, { highWaterMark: bufferSize });
    subscription.on('error', () => end(true)).on('close', () => end());
    subscription.on('confirmation', () => subscription.push({ kind: 'connected' } satisfies AllItem));
    return new ReadableSource(subscription, () => subscription.unsubscribe());
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    this.connection.users -= 1;
    if (this.connection.users > 0) return;
    connections.delete(this.connectionString);
    await within(this.connection.dispose(), this.patienceMs, () => new StoreUnavailable('the connection could not be closed')).catch(
      () => undefined,
    );
  }

  /** One read, ended when it has been silent for too long. A cancelled read looks like a complete one, so it is never cancelled while somebody waits for it. */
  async *#read<T>(start: (client: EventStoreDBClient) => Readable<T>, what: string): AsyncGenerator<T> {
    const { client, end } = this.connection.begin();
    const read = start(client);
    read.on('error', () => undefined); // What it says after it was left must not end the process.
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
      if (kind !== undefined && final.has(kind)) throw new StoreFault(`${what} was refused: ${kind}`, { cause: error });
      throw error instanceof StoreFault ? error : new StoreUnavailable(`${what} failed: ${wordsOf(error)}`, { cause: error });
    } finally {
      clearInterval(watch);
      end(false);
      // It is over already, only the server has to be told; and while no node is found, that waits.
      if (!complete) void read.cancel().catch(() => undefined);
    }
  }
}

/**
 * Connects to EventStoreDB or KurrentDB (`esdb://user:password@host:port?tlsCaFile=…`), on first use. Clients of the same connection string share one
 * connection. Throws `StoreFault` for a connection string that cannot be used.
 */
export const connectEventStore = (text: string, { patienceMs = 12_000 }: ConnectOptions = {}): EventStoreClient => {
  const connectionString = readConnectionString(text);
  const connection = connections.get(connectionString) ?? new Connection(connectionString);
  connections.set(connectionString, connection);
  connection.users += 1;
  return new GrpcClient(connectionString, connection, patienceMs);
};
