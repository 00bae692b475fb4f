import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { embeddedTransport, type EmbeddedTransportOptions } from './embedded-transport';
import type { ConsumeOptions, LogBatch, LogConsumer, LogMessage, LogTransport } from './log-transport';
import { temporaryDatabase, wireTo } from './testing-support';

/** One process's connection to the broker. */
export interface BrokerConnection {
  readonly transport: LogTransport;
  /** Ends it as `kill -9` would: it leaves no group, and nothing it still does reaches the broker. */
  die(): Promise<void>;
}

/** What the contract suite needs of a broker. */
export interface Broker {
  /** How long it keeps the partitions of a silent member, in milliseconds. */
  readonly sessionMs: number;
  connect(): Promise<BrokerConnection>;
  /** Writes a record that need not be an envelope. */
  writeRaw(topic: string, partition: number, key: string, text: string): Promise<void>;
  /** Cuts every connection and refuses new ones until `end`. */
  outage(): Promise<{ end(): Promise<void> }>;
  close(): Promise<void>;
}

/** The embedded log in a database of its own, behind a wire that can be cut; `serverUrl` has no database name. */
export const embeddedBroker = async (serverUrl: string, tuning: Omit<EmbeddedTransportOptions, 'pool'> = {}): Promise<Broker> => {
  const database = await temporaryDatabase(serverUrl, 'bus');
  const options = { sessionMs: 1_200, heartbeatMs: 150, pollMs: 300, retryFirstMs: 10, retryMaxMs: 200, ...tuning };
  const direct = new pg.Pool({ connectionString: database.url, max: 2 });
  const open: { transport: LogTransport; wire: Awaited<ReturnType<typeof wireTo>>; pool: pg.Pool; dead: boolean }[] = [];
  return {
    sessionMs: options.sessionMs,
    connect: async () => {
      const url = new URL(database.url);
      const wire = await wireTo(Number(url.port));
      url.port = String(wire.port);
      const pool = new pg.Pool({ connectionString: url.toString(), max: 6 });
      const connection = { transport: embeddedTransport({ ...options, pool }), wire, pool, dead: false };
      open.push(connection);
      return {
        transport: connection.transport,
        die: async () => {
          connection.dead = true;
          wire.cut();
        },
      };
    },
    writeRaw: async (topic, partition, key, text) => {
      await direct.query(
        `WITH moved AS (UPDATE bus_partition SET next = next + 1 WHERE topic = (SELECT id FROM bus_topic WHERE name = $1) AND partition = $2 RETURNING topic, partition, next)
         INSERT INTO bus_message SELECT topic, partition, next - 1, $3, $4, octet_length($4) FROM moved`,
        [topic, partition, key, text],
      );
    },
    outage: async () => {
      for (const { wire } of open) wire.cut();
      return { end: async () => open.forEach(({ wire, dead }) => (dead ? undefined : wire.mend())) };
    },
    close: async () => {
      await Promise.all(open.map(({ transport }) => transport.close()));
      await Promise.all(open.map(({ pool }) => pool.end()));
      await Promise.all(open.map(({ wire }) => wire.close()));
      await direct.end();
      await database.drop();
    },
  };
};

/** A name nobody has used on this broker before. */
export const uniqueName = (what: string): string => `contract.${what}.${randomUUID()}`;

/** What a group has read, with positions kept in memory in the way a consumer keeps them in its database. */
export class Reading {
  readonly messages: LogMessage[] = [];
  readonly errors: unknown[] = [];
  /** Who handled the batches of a partition, in order. */
  readonly readers: { readonly partition: number; readonly by: string }[] = [];
  private readonly positions = new Map<number, bigint>();

  constructor(
    readonly topic: string,
    readonly group = uniqueName('group'),
  ) {}

  /** Starts a member; `before` runs at the start of each batch and may fail or wait. */
  member(
    transport: LogTransport,
    by = 'a',
    before: (batch: LogBatch) => Promise<void> = async () => undefined,
    options: Partial<ConsumeOptions> = {},
  ): Promise<LogConsumer> {
    return transport.consume({
      group: this.group,
      topics: [this.topic],
      startAt: async (_topic, partition) => this.positions.get(partition),
      onError: (error) => this.errors.push(error),
      onBatch: async (batch) => {
        await before(batch);
        this.take(batch, by);
      },
      ...options,
    });
  }

  /** Sets where the group goes on. */
  startAt(partition: number, next: bigint): this {
    this.positions.set(partition, next);
    return this;
  }

  sequencesOf(key: string): readonly string[] {
    return this.messages.filter((message) => message.key === key).map((message) => message.envelope?.sequence ?? 'unreadable');
  }

  private take({ partition, from, messages, next }: LogBatch, by: string): void {
    const position = this.positions.get(partition) ?? 0n;
    if (from > position) throw new Error(`partition ${partition}: the batch starts at ${from}, but ${position} is next`);
    if (messages.some(({ offset }) => offset < from || offset >= next)) throw new Error('a record outside of its batch');
    if (next <= position) return;
    this.messages.push(...messages.filter(({ offset }) => offset >= position));
    this.positions.set(partition, next);
    this.readers.push({ partition, by });
  }
}
