import type { Pool, PoolClient } from 'pg';
import type { ParkedKey, ParkingLimits } from './consumer-options';
import { inTransaction, statement } from '@qiyue/database';
import { writeEnvelope } from './envelope-text';
import { Halt, NothingParked } from './faults';
import type { LogMessage } from './log-transport';
import type { Sorted } from './sort-batch';

/** A parked event, as a re-drive finds it. */
export interface ParkedEvent {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly eventId: string;
  readonly type: string;
  readonly envelope: string;
}

interface Counts {
  readonly parkedKeys: number;
  readonly parkedEvents: number;
  readonly oldestParkedSeconds: number;
  readonly deadLetters: number;
  readonly unrouted: number;
}

const textOf = ({ envelope, raw }: LogMessage): string => (envelope === undefined ? (raw ?? '') : writeEnvelope(envelope));
/** PostgreSQL keeps no NUL in text, and a record that is not ours may hold one. */
export const storable = (text: string): string => text.replaceAll('\u0000', '\uFFFD');

const FIND = statement('SELECT key FROM parked_key WHERE group_name = $1 AND key = ANY ($2)');
// In one order everywhere, so that two of them never wait for each other.
const FIND_LOCKED = statement(`${FIND.text} ORDER BY key FOR UPDATE`);

/** The parked keys, dead letters and unrouted facts of one group. */
export class Parking {
  constructor(
    private readonly pool: Pool,
    private readonly group: string,
    private readonly limits: ParkingLimits,
  ) {}

  /** Which of these keys are parked. With `lock` their rows stay locked, so that a re-drive cannot end between the look and what follows from it. */
  async among(client: Pool | PoolClient, keys: readonly string[], lock: boolean): Promise<ReadonlySet<string>> {
    if (keys.length === 0) return new Set();
    const { rows } = await client.query<{ key: string }>({
      ...(lock ? FIND_LOCKED : FIND),
      values: [this.group, keys.map(storable)],
    });
    const parked = new Set(rows.map(({ key }) => key));
    return new Set(keys.filter((key) => parked.has(storable(key))));
  }

  /**
   * Puts the parked ones and those behind them in their place, and writes down the unrouted.
   * @throws Halt when that is more than may be parked.
   */
  async store(
    tx: PoolClient,
    topic: string,
    partition: number,
    items: readonly (Sorted & { readonly attempts?: number })[],
  ): Promise<void> {
    const of = (...verdicts: readonly Sorted['verdict'][]): typeof items => items.filter(({ verdict }) => verdicts.includes(verdict));
    const columns = (rows: typeof items): unknown[] => [
      this.group,
      topic,
      partition,
      rows.map(({ message }) => message.offset.toString()),
      rows.map(({ message }) => storable(message.key)),
      rows.map(({ message }) => storable(message.envelope?.id ?? '')),
      rows.map(({ message }) => storable(message.envelope?.type ?? '')),
      rows.map(({ message }) => storable(textOf(message))),
    ];
    const [unrouted, waiting, dead] = [of('unrouted'), of('park', 'behind'), of('park')];
    if (unrouted.length > 0) {
      await tx.query(
        `INSERT INTO unrouted (group_name, topic, partition, "offset", key, type, envelope)
         SELECT $1, $2, $3, o, k, t, e FROM unnest($4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[]) AS u (o, k, i, t, e) ON CONFLICT DO NOTHING`,
        columns(unrouted),
      );
    }
    if (waiting.length === 0) return;
    await tx.query('INSERT INTO parked_key (group_name, key) SELECT DISTINCT $1, unnest($2::text[]) ON CONFLICT DO NOTHING', [
      this.group,
      waiting.map(({ message }) => storable(message.key)),
    ]);
    await tx.query(
      `INSERT INTO parked_event (group_name, topic, partition, "offset", key, event_id, type, envelope)
       SELECT $1, $2, $3, * FROM unnest($4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[]) ON CONFLICT DO NOTHING`,
      columns(waiting),
    );
    if (dead.length > 0) {
      await tx.query(
        `INSERT INTO dead_letter (group_name, topic, partition, "offset", key, event_id, type, envelope, reason, attempts)
         SELECT $1, $2, $3, * FROM unnest($4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::int[]) ON CONFLICT DO NOTHING`,
        [...columns(dead), dead.map(({ reason }) => reason ?? ''), dead.map(({ attempts }) => attempts ?? 0)],
      );
    }
    await this.refuseOverflow(tx, [...new Set(waiting.map(({ message }) => storable(message.key)))]);
  }

  async first(client: Pool | PoolClient, key: string): Promise<ParkedEvent | undefined> {
    const { rows } = await client.query<{
      topic: string;
      partition: number;
      offset: string;
      event_id: string;
      type: string;
      envelope: string;
    }>(
      'SELECT topic, partition, "offset", event_id, type, envelope FROM parked_event WHERE group_name = $1 AND key = $2 ORDER BY topic, partition, "offset" LIMIT 1',
      [this.group, key],
    );
    const row = rows[0];
    return row === undefined ? undefined : { ...row, offset: BigInt(row.offset), eventId: row.event_id };
  }

  /** Takes the event at the front away, after what it was waiting for has been done in the same transaction. Returns what is left. */
  async settle(
    tx: PoolClient,
    key: string,
    event: ParkedEvent,
    how: { readonly resolution: 'redriven' | 'discarded'; readonly by?: string; readonly why?: string },
  ): Promise<number> {
    const place = [this.group, key, event.topic, event.partition, event.offset.toString()];
    if (how.resolution === 'discarded') await this.recordFailure(tx, key, event, 'discarded', 0);
    await tx.query(
      'DELETE FROM parked_event WHERE group_name = $1 AND key = $2 AND topic = $3 AND partition = $4 AND "offset" = $5',
      place,
    );
    await tx.query(
      `UPDATE dead_letter SET resolution = $6, resolved_at = now(), resolved_by = $7, resolved_why = $8
       WHERE group_name = $1 AND key = $2 AND topic = $3 AND partition = $4 AND "offset" = $5 AND resolution IS NULL`,
      [...place, how.resolution, how.by ?? null, how.why ?? null],
    );
    const left = await this.waiting(tx, key);
    if (left === 0) await tx.query('DELETE FROM parked_key WHERE group_name = $1 AND key = $2', [this.group, key]);
    return left;
  }

  /** An event that failed at the front of its key: kept as a dead letter; failing again only counts on. */
  async recordFailure(client: Pool | PoolClient, key: string, event: ParkedEvent, reason: string, attempts = 1): Promise<void> {
    await client.query(
      `INSERT INTO dead_letter AS d (group_name, topic, partition, "offset", key, event_id, type, envelope, reason, attempts)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
       ON CONFLICT (group_name, topic, partition, "offset") DO UPDATE SET attempts = d.attempts + excluded.attempts, reason = CASE WHEN excluded.attempts = 0 THEN d.reason ELSE excluded.reason END`,
      [this.group, event.topic, event.partition, event.offset.toString(), key, event.eventId, event.type, event.envelope, reason, attempts],
    );
  }

  async waiting(client: Pool | PoolClient, key: string): Promise<number> {
    const { rows } = await client.query<{ n: number }>('SELECT count(*)::int AS n FROM parked_event WHERE group_name = $1 AND key = $2', [
      this.group,
      key,
    ]);
    return rows[0]?.n ?? 0;
  }

  /** Gives up the front event, on record. */
  discard(key: string, why: string, by: string): Promise<{ readonly left: number }> {
    if (why.trim() === '' || by.trim() === '') throw new TypeError('a discard needs a reason and somebody who answers for it');
    return inTransaction(this.pool, async (tx) => {
      const parked = await this.among(tx, [key], true);
      const event = parked.has(key) ? await this.first(tx, key) : undefined;
      if (event === undefined) throw new NothingParked(`nothing is parked under this key in ${this.group}`);
      return { left: await this.settle(tx, key, event, { resolution: 'discarded', by, why }) };
    });
  }

  async list(): Promise<readonly ParkedKey[]> {
    const { rows } = await this.pool.query<{
      key: string;
      since: Date;
      events: number;
      event_id: string;
      type: string;
      reason: string | null;
      attempts: number | null;
    }>(
      `SELECT k.key, k.since, (SELECT count(*)::int FROM parked_event c WHERE c.group_name = k.group_name AND c.key = k.key) AS events, f.event_id, f.type, d.reason, d.attempts
       FROM parked_key k
       CROSS JOIN LATERAL (SELECT * FROM parked_event e WHERE e.group_name = k.group_name AND e.key = k.key ORDER BY topic, partition, "offset" LIMIT 1) f
       LEFT JOIN dead_letter d ON d.group_name = k.group_name AND d.topic = f.topic AND d.partition = f.partition AND d."offset" = f."offset" AND d.resolution IS NULL
       WHERE k.group_name = $1 ORDER BY k.since, k.key`,
      [this.group],
    );
    return rows.map((row) => ({
      key: row.key,
      since: row.since.toISOString(),
      events: row.events,
      first: { eventId: row.event_id, type: row.type, reason: row.reason ?? 'waits for a re-drive', attempts: row.attempts ?? 0 },
    }));
  }

  async counts(): Promise<Counts> {
    const { rows } = await this.pool.query<Counts>(
      `SELECT (SELECT count(*)::int FROM parked_key WHERE group_name = $1) AS "parkedKeys",
              (SELECT count(*)::int FROM parked_event WHERE group_name = $1) AS "parkedEvents",
              (SELECT coalesce(max(extract(epoch FROM clock_timestamp() - since)), 0)::float8 FROM parked_key WHERE group_name = $1) AS "oldestParkedSeconds",
              (SELECT count(*)::int FROM dead_letter WHERE group_name = $1 AND resolution IS NULL) AS "deadLetters",
              (SELECT count(*)::int FROM unrouted WHERE group_name = $1) AS unrouted`,
      [this.group],
    );
    return rows[0] as Counts;
  }

  private async refuseOverflow(tx: PoolClient, keys: readonly string[]): Promise<void> {
    const { rows } = await tx.query<{ keys: number; events: number }>(
      `SELECT (SELECT count(*)::int FROM parked_key WHERE group_name = $1) AS keys,
              (SELECT coalesce(max(n), 0)::int FROM (SELECT count(*) AS n FROM parked_event WHERE group_name = $1 AND key = ANY ($2) GROUP BY key) c) AS events`,
      [this.group, keys],
    );
    const { keys: parkedKeys = 0, events = 0 } = rows[0] ?? {};
    if (parkedKeys > this.limits.keys) throw new Halt(`${this.group}: more than ${this.limits.keys} keys would be parked`);
    if (events > this.limits.eventsPerKey)
      throw new Halt(`${this.group}: more than ${this.limits.eventsPerKey} events of one key would be parked`);
  }
}
