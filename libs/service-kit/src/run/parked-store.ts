import type { Pool } from 'pg';
import type { StoredEvent } from '@qiyue/event-store';
import { inTransaction } from '@qiyue/database';

/** What an own-event reaction waits with. */
export interface ParkedReaction {
  readonly reaction: string;
  readonly stream: string;
  readonly reason: string;
  readonly attempts: number;
  readonly since: string;
  readonly events: number;
}

const text = (event: StoredEvent): string =>
  JSON.stringify(event, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
const read = (event: Record<string, unknown>): StoredEvent => {
  const big = (value: unknown): bigint => BigInt(String(value).replace(/n$/, ''));
  const position = event['position'] as { commit: unknown; prepare: unknown } | undefined;
  return {
    ...event,
    revision: big(event['revision']),
    ...(position === undefined ? {} : { position: { commit: big(position.commit), prepare: big(position.prepare) } }),
  } as unknown as StoredEvent;
};

/** Streams on which an own-event reaction failed for good, with the events that wait behind the failed one. Events are stored sealed. */
export class ParkedStore {
  constructor(private readonly pool: Pool) {}

  /** What is parked of these streams, each as `reaction|stream`. */
  async among(streams: readonly string[]): Promise<readonly string[]> {
    const { rows } = await this.pool.query<{ key: string }>({
      name: 'kit_parked_among',
      text: `SELECT reaction || '|' || stream AS key FROM kit_parked WHERE stream = ANY ($1)`,
      values: [streams],
    });
    return rows.map(({ key }) => key);
  }

  async park(reaction: string, event: StoredEvent, reason: string, attempts: number): Promise<void> {
    await inTransaction(this.pool, async (tx) => {
      await tx.query(
        'INSERT INTO kit_parked (reaction, stream, reason, attempts) VALUES ($1, $2, $3, $4) ON CONFLICT (reaction, stream) DO NOTHING',
        [reaction, event.stream, reason, attempts],
      );
      await tx.query('INSERT INTO kit_parked_events (reaction, stream, revision, event) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING', [
        reaction,
        event.stream,
        event.revision.toString(),
        text(event),
      ]);
    });
  }

  /** Adds an event behind a parked one; false when nothing is parked there any more. */
  async append(reaction: string, event: StoredEvent): Promise<boolean> {
    return inTransaction(this.pool, async (tx) => {
      const { rowCount } = await tx.query('SELECT 1 FROM kit_parked WHERE reaction = $1 AND stream = $2 FOR UPDATE', [
        reaction,
        event.stream,
      ]);
      if (rowCount === 0) return false;
      await tx.query('INSERT INTO kit_parked_events (reaction, stream, revision, event) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING', [
        reaction,
        event.stream,
        event.revision.toString(),
        text(event),
      ]);
      return true;
    });
  }

  async first(reaction: string, stream: string): Promise<StoredEvent | undefined> {
    const { rows } = await this.pool.query<{ event: Record<string, unknown> }>(
      'SELECT event FROM kit_parked_events WHERE reaction = $1 AND stream = $2 ORDER BY revision LIMIT 1',
      [reaction, stream],
    );
    return rows[0] === undefined ? undefined : read(rows[0].event);
  }

  /** Takes the front event away, and the whole entry when nothing waits behind it. Returns how many still wait. */
  async drop(reaction: string, stream: string, revision: bigint): Promise<number> {
    return inTransaction(this.pool, async (tx) => {
      await tx.query('SELECT 1 FROM kit_parked WHERE reaction = $1 AND stream = $2 FOR UPDATE', [reaction, stream]);
      await tx.query('DELETE FROM kit_parked_events WHERE reaction = $1 AND stream = $2 AND revision = $3', [
        reaction,
        stream,
        revision.toString(),
      ]);
      const { rows } = await tx.query<{ left: string }>(
        'SELECT count(*) AS left FROM kit_parked_events WHERE reaction = $1 AND stream = $2',
        [reaction, stream],
      );
      const left = Number(rows[0]?.left ?? 0);
      if (left === 0) await tx.query('DELETE FROM kit_parked WHERE reaction = $1 AND stream = $2', [reaction, stream]);
      return left;
    });
  }

  async noteFailure(reaction: string, stream: string, reason: string): Promise<void> {
    await this.pool.query('UPDATE kit_parked SET reason = $3, attempts = attempts + 1 WHERE reaction = $1 AND stream = $2', [
      reaction,
      stream,
      reason,
    ]);
  }

  async list(): Promise<readonly ParkedReaction[]> {
    const { rows } = await this.pool.query<{
      reaction: string;
      stream: string;
      reason: string;
      attempts: number;
      since: Date;
      events: string;
    }>(
      `SELECT p.reaction, p.stream, p.reason, p.attempts, p.since, count(e.revision) AS events FROM kit_parked p LEFT JOIN kit_parked_events e USING (reaction, stream)
       GROUP BY p.reaction, p.stream, p.reason, p.attempts, p.since ORDER BY p.since, p.reaction, p.stream LIMIT 1000`,
    );
    return rows.map(({ since, events, ...rest }) => ({ ...rest, since: since.toISOString(), events: Number(events) }));
  }
}
