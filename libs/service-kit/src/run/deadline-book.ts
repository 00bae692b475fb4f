import { createHash } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import { formatPosition, parsePosition, type Position, type StoredEvent } from '@qiyue/event-store';
import { itemOfStored } from '@qiyue/projections';
import type { AnyDeadline } from '../declare/deadline';
import { inTransaction, UNHURRIED } from '@qiyue/database';

const STATION = 'deadlines';

/** A row of the book. */
export interface BookedDeadline {
  readonly stream: string;
  readonly name: string;
  /** As the event says it. */
  readonly due_text: string;
  readonly event_id: string;
  readonly correlation_id: string;
  readonly traceparent: string | null;
  readonly set_revision: string;
  readonly attempts: number;
}

interface Change {
  readonly stream: string;
  readonly name: string;
  readonly event: StoredEvent;
  readonly dueAt: string | undefined;
}

/** Changes of the book that an event makes, in the order the deadlines are declared. */
export const changesOf = (declared: readonly AnyDeadline[], event: StoredEvent): readonly Change[] =>
  declared.flatMap(({ name, stream, set, clear }) => {
    if (stream.category !== event.category) return [];
    const setter = set[event.type];
    if (setter !== undefined) return [{ stream: event.stream, name, event, dueAt: setter(event.data as never, itemOfStored(event)) }];
    return clear.includes(event.type) ? [{ stream: event.stream, name, event, dueAt: undefined }] : [];
  });

/** All of a batch in one statement, which is one round trip and one transaction: what is cleared, what is set, and how far the book is. */
const APPLY = `WITH cleared AS (
    DELETE FROM kit_deadlines k USING unnest($4::text[], $5::text[], $6::bigint[]) AS c (stream, name, revision)
    WHERE k.stream = c.stream AND k.name = c.name AND k.set_revision <= c.revision),
  booked AS (
    INSERT INTO kit_deadlines (stream, name, set_revision, due_at, due_text, event_id, correlation_id, traceparent)
    SELECT stream, name, revision, due::timestamptz, due, id, correlation, trace
    FROM unnest($7::text[], $8::text[], $9::bigint[], $10::text[], $11::uuid[], $12::text[], $13::text[]) AS s (stream, name, revision, due, id, correlation, trace)
    ON CONFLICT (stream, name) DO UPDATE SET due_at = excluded.due_at, due_text = excluded.due_text, event_id = excluded.event_id, correlation_id = excluded.correlation_id,
      traceparent = excluded.traceparent, set_revision = excluded.set_revision, attempts = 0, retry_at = NULL, parked_reason = NULL
    WHERE kit_deadlines.set_revision < excluded.set_revision)
  INSERT INTO kit_positions (station, position, version) SELECT $1, $2, $3 WHERE ${UNHURRIED}
  ON CONFLICT (station) DO UPDATE SET position = excluded.position, version = excluded.version`;

const columnsOf = (changes: readonly Change[]): (string | null)[][] => [
  changes.map(({ stream }) => stream),
  changes.map(({ name }) => name),
  changes.map(({ event }) => event.revision.toString()),
  changes.map(({ dueAt }) => dueAt ?? null),
  changes.map(({ event }) => event.id),
  changes.map(({ event }) => event.metadata.correlationId),
  changes.map(({ event }) => event.metadata.traceparent ?? null),
];

/** The deadlines of a service that are waited for: a projection of its own events, rebuilt when the declarations change. */
export class DeadlineBook {
  private readonly version: string;

  constructor(
    private readonly pool: Pool,
    private readonly declared: readonly AnyDeadline[],
  ) {
    const source = declared.map(({ name, stream, set, clear }) => [
      stream.category,
      name,
      Object.entries(set).map(([type, setter]) => `${type}:${setter.toString()}`),
      clear,
    ]);
    this.version = createHash('sha256').update(JSON.stringify(source)).digest('hex');
  }

  /** Where to go on reading; starts over when the declarations have changed. */
  async position(): Promise<Position | undefined> {
    const { rows } = await this.pool.query<{ position: string; version: string }>(
      'SELECT position, version FROM kit_positions WHERE station = $1',
      [STATION],
    );
    const [row] = rows;
    if (row?.version === this.version) return parsePosition(row.position);
    await inTransaction(this.pool, async (tx) => {
      await tx.query('DELETE FROM kit_deadlines WHERE parked_reason IS NULL');
      await tx.query('DELETE FROM kit_positions WHERE station = $1', [STATION]);
    });
    return undefined;
  }

  /**
   * Books a batch of own events and moves the position, in one transaction that does not wait for the disk: the two come again together. Gives the
   * instants that were booked.
   */
  async apply(events: readonly StoredEvent[], upTo: Position): Promise<readonly string[]> {
    const last = new Map<string, Change>();
    for (const change of events.flatMap((event) => changesOf(this.declared, event))) last.set(`${change.stream}|${change.name}`, change);
    const set = [...last.values()].filter(({ dueAt }) => dueAt !== undefined);
    const cleared = [...last.values()].filter(({ dueAt }) => dueAt === undefined);
    const values = [STATION, formatPosition(upTo), this.version, ...columnsOf(cleared).slice(0, 3), ...columnsOf(set)];
    await this.pool.query({ name: 'kit_deadlines_apply', text: APPLY, values });
    return set.map(({ dueAt }) => dueAt as string);
  }

  /** Earliest instant that something waits for; parked ones do not wait. */
  async next(): Promise<string | undefined> {
    const { rows } = await this.pool.query<{ due_at: Date }>(
      'SELECT due_at FROM kit_deadlines WHERE parked_reason IS NULL ORDER BY due_at LIMIT 1',
    );
    return rows[0]?.due_at.toISOString();
  }

  async isAnythingDue(now: string): Promise<boolean> {
    const { rowCount } = await this.pool.query('SELECT 1 FROM kit_deadlines WHERE parked_reason IS NULL AND due_at <= $1 LIMIT 1', [now]);
    return rowCount !== null && rowCount > 0;
  }

  /** Takes the first due deadline that nobody else has in hand, within the transaction. */
  async claim(tx: PoolClient, now: string): Promise<BookedDeadline | undefined> {
    const { rows } = await tx.query<BookedDeadline>(
      `SELECT stream, name, due_text, event_id, correlation_id, traceparent, set_revision, attempts FROM kit_deadlines
       WHERE parked_reason IS NULL AND due_at <= $1 AND (retry_at IS NULL OR retry_at <= now())
       ORDER BY due_at, stream, name LIMIT 1 FOR UPDATE SKIP LOCKED`,
      [now],
    );
    return rows[0];
  }

  async strike(tx: PoolClient, { stream, name, set_revision }: BookedDeadline): Promise<void> {
    await tx.query('DELETE FROM kit_deadlines WHERE stream = $1 AND name = $2 AND set_revision = $3', [stream, name, set_revision]);
  }

  async postpone(tx: PoolClient, { stream, name, set_revision }: BookedDeadline, delayMs: number, parkedReason?: string): Promise<void> {
    await tx.query(
      `UPDATE kit_deadlines SET attempts = attempts + 1, retry_at = now() + make_interval(secs => $4::double precision / 1000), parked_reason = $5 WHERE stream = $1 AND name = $2 AND set_revision = $3`,
      [stream, name, set_revision, delayMs, parkedReason ?? null],
    );
  }

  /** What failed for good. */
  async parked(): Promise<
    readonly {
      readonly stream: string;
      readonly name: string;
      readonly due_text: string;
      readonly attempts: number;
      readonly parked_reason: string;
    }[]
  > {
    const { rows } = await this.pool.query<{ stream: string; name: string; due_text: string; attempts: number; parked_reason: string }>(
      'SELECT stream, name, due_text, attempts, parked_reason FROM kit_deadlines WHERE parked_reason IS NOT NULL ORDER BY due_at, stream, name LIMIT 1000',
    );
    return rows;
  }

  /** Makes a parked deadline due again; whether there was one. */
  async redrive(stream: string, name: string): Promise<boolean> {
    const { rowCount } = await this.pool.query(
      'UPDATE kit_deadlines SET parked_reason = NULL, attempts = 0, retry_at = NULL WHERE stream = $1 AND name = $2 AND parked_reason IS NOT NULL',
      [stream, name],
    );
    return rowCount === 1;
  }

  /** Gives up a parked deadline; whether there was one. */
  async discard(stream: string, name: string): Promise<boolean> {
    const { rowCount } = await this.pool.query('DELETE FROM kit_deadlines WHERE stream = $1 AND name = $2 AND parked_reason IS NOT NULL', [
      stream,
      name,
    ]);
    return rowCount === 1;
  }
}
