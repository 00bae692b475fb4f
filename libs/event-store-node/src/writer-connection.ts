import { Client } from 'pg';
import type { RecordedEvent } from './model';
import { boolArray, byteaArray, int8Array, textArray, uuidArray } from './pg-arrays';
import { ensureSchema, INDEX_ONLY } from './schema';
import type { SeenId } from './commit-check';

// Any number does: an advisory lock belongs to one database.
const WRITER_LOCK = 2113;

const INSERT = `
INSERT INTO events (position, stream, revision, id, type, is_json, created_ms, data, metadata)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::uuid[], $5::text[], $6::boolean[], $7::bigint[], $8::bytea[], $9::bytea[])
WHERE COALESCE((SELECT max(position) FROM events), 0) = $10::bigint
  AND NOT EXISTS (SELECT FROM unnest($11::text[]) AS fresh(stream) JOIN events ON events.stream = fresh.stream COLLATE "C")`;

const LAST_POSITION = 'SELECT COALESCE(max(position), 0) AS position FROM events';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Another process writes to this database. */
export class DatabaseInUseError extends Error {
  constructor() {
    super('another event-store node is using this database');
  }
}

/** What the writer must know of the database before it writes. */
export interface WriterStart {
  /** The last position given out; 0 when there is none. */
  readonly position: number;
  /** The newest event ids, oldest first. */
  readonly recent: readonly (SeenId & { readonly id: string })[];
}

/**
 * The one connection that writes. It holds an advisory lock for as long as it lives, and every INSERT goes through it:
 * a process that lost the lock cannot write any more, because it lost the connection with it.
 */
export class WriterConnection {
  private client: Client | undefined;

  /** @param onLost is told once when the connection breaks. */
  constructor(
    private readonly url: string,
    private readonly onLost: (error: Error) => void,
  ) {}

  get isOpen(): boolean {
    return this.client !== undefined;
  }

  /** Connects, waits up to `lockWaitMs` for the previous writer to be gone, makes the table, and reads where to go on. */
  async open(lockWaitMs: number, recentIds: number): Promise<WriterStart> {
    const client = new Client({
      connectionString: this.url,
      keepAlive: true,
      application_name: 'event-store-node writer',
      options: INDEX_ONLY,
    });
    client.on('error', (error) => this.lose(client, error));
    client.on('end', () => this.lose(client, new Error('the connection to PostgreSQL ended')));
    await client.connect();
    try {
      await this.lock(client, lockWaitMs);
      await ensureSchema(client);
      const start = await this.readStart(client, recentIds);
      this.client = client;
      return start;
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
  }

  /**
   * Writes the events in one statement, which is one transaction and one flush. It only happens if the last position is
   * `after` and none of the `fresh` streams has an event.
   *
   * @returns whether it happened.
   */
  async insert(events: readonly RecordedEvent[], after: number, fresh: readonly string[]): Promise<boolean> {
    const { rowCount } = await this.connected().query({
      name: 'insert',
      text: INSERT,
      values: [
        int8Array(events.map((event) => event.position)),
        textArray(events.map((event) => event.stream)),
        int8Array(events.map((event) => event.revision)),
        uuidArray(events.map((event) => event.id)),
        textArray(events.map((event) => event.type)),
        boolArray(events.map((event) => event.isJson)),
        int8Array(events.map((event) => event.createdMs)),
        byteaArray(events.map((event) => event.data)),
        byteaArray(events.map((event) => event.metadata)),
        String(after),
        textArray(fresh),
      ],
    });
    return rowCount === events.length;
  }

  /** The last position given out; 0 when there is none. */
  async lastPosition(): Promise<number> {
    const { rows } = await this.connected().query<{ position: string }>(LAST_POSITION);
    return Number(rows[0]?.position ?? 0);
  }

  async close(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    await client?.end().catch(() => undefined);
  }

  private connected(): Client {
    if (!this.client) throw new Error('not connected to PostgreSQL');
    return this.client;
  }

  private lose(client: Client, error: Error): void {
    if (this.client !== client) return;
    this.client = undefined;
    this.onLost(error);
  }

  private async lock(client: Client, lockWaitMs: number): Promise<void> {
    const giveUpAt = performance.now() + lockWaitMs;
    for (;;) {
      const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [WRITER_LOCK]);
      if (rows[0]?.locked) return;
      if (performance.now() >= giveUpAt) throw new DatabaseInUseError();
      await pause(50);
    }
  }

  private async readStart(client: Client, recentIds: number): Promise<WriterStart> {
    const { rows } = await client.query<{ id: string; stream: string; revision: string; position: string }>(
      'SELECT id, stream, revision, position FROM events ORDER BY position DESC LIMIT $1',
      [Math.max(1, recentIds)],
    );
    const recent = rows
      .reverse()
      .map(({ id, stream, revision, position }) => ({ id, stream, revision: Number(revision), position: Number(position) }));
    return { position: recent.at(-1)?.position ?? 0, recent };
  }
}
