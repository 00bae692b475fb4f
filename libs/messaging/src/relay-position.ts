import { UNHURRIED } from '@qiyue/database';
import type { Pool, PoolClient } from 'pg';
import type { Position } from './relay-options';

/** Somebody else leads by now: nothing of this relay counts any more. */
export class Fenced extends Error {
  override readonly name = 'Fenced';
}

/** What a leader takes over. */
export interface Lead {
  readonly epoch: string;
  /** The last event handled; undefined before the first. */
  readonly position: Position | undefined;
  /** Whether anything has ever been told. */
  readonly hasTold: boolean;
}

const place = (commit: string | null, prepare: string | null): Position | undefined =>
  commit === null || prepare === null ? undefined : { commit: BigInt(commit), prepare: BigInt(prepare) };

/** The row that says how far a service's relay is, and who may move it. */
export class RelayPosition {
  constructor(
    private readonly pool: Pool,
    private readonly service: string,
  ) {}

  /** Makes everything any earlier leader still tries to save void. */
  async takeLead(client: PoolClient): Promise<Lead> {
    const { rows } = await client.query<{
      epoch: string;
      commit_position: string | null;
      prepare_position: string | null;
      told_commit: string | null;
    }>(
      `INSERT INTO relay_position AS r (service, epoch) VALUES ($1, 1) ON CONFLICT (service) DO UPDATE SET epoch = r.epoch + 1
       RETURNING epoch, commit_position, prepare_position, told_commit`,
      [this.service],
    );
    const row = rows[0] as (typeof rows)[number];
    return { epoch: row.epoch, position: place(row.commit_position, row.prepare_position), hasTold: row.told_commit !== null };
  }

  /** The sequence told last of each of these streams. */
  async tails(streams: readonly string[]): Promise<Map<string, bigint>> {
    if (streams.length === 0) return new Map();
    const { rows } = await this.pool.query<{ stream: string; sequence: string }>({
      name: 'published_tail_find',
      text: 'SELECT stream, sequence FROM published_tail WHERE service = $1 AND stream = ANY ($2)',
      values: [this.service, streams],
    });
    return new Map(rows.map(({ stream, sequence }) => [stream, BigInt(sequence)]));
  }

  /**
   * Saves how far it is and what was told last of each stream, in one statement. Does not wait for the disk: where a crash of PostgreSQL takes it
   * back, the next leader finds on the bus what has been told.
   * @throws Fenced when another leader has taken over.
   */
  async save(epoch: string, position: Position, told: Position | undefined, tails: ReadonlyMap<string, bigint>): Promise<void> {
    const { rows } = await this.pool.query<{ mine: number }>({
      name: 'relay_position_save',
      text: `WITH mine AS (
               UPDATE relay_position SET commit_position = $3, prepare_position = $4, told_commit = coalesce($5, told_commit), told_prepare = coalesce($6, told_prepare)
               WHERE service = $1 AND epoch = $2 AND ${UNHURRIED} RETURNING 1),
             tails AS (
               INSERT INTO published_tail (service, stream, sequence) SELECT $1, t.stream, t.sequence FROM unnest($7::text[], $8::bigint[]) AS t (stream, sequence), mine
               ON CONFLICT (service, stream) DO UPDATE SET sequence = excluded.sequence)
             SELECT count(*)::int AS mine FROM mine`,
      values: [
        this.service,
        epoch,
        position.commit.toString(),
        position.prepare.toString(),
        told?.commit.toString() ?? null,
        told?.prepare.toString() ?? null,
        [...tails.keys()],
        [...tails.values()].map(String),
      ],
    });
    if (rows[0]?.mine !== 1) throw new Fenced(`the relay of ${this.service} is led by another`);
  }
}
