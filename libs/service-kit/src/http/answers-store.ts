import { UNHURRIED } from '@qiyue/database';
import type { Pool } from 'pg';

/** An answer as it was given. */
export interface StoredAnswer {
  readonly fingerprint: string;
  readonly status: number;
  readonly body: unknown;
  readonly etag: string | undefined;
}

const FIND = 'SELECT fingerprint, status, body, etag FROM kit_answers WHERE key = $1 AND expires_at > now()';

const keepWhere = (condition: string): string =>
  `INSERT INTO kit_answers (key, fingerprint, status, body, etag, expires_at)
   SELECT $1::uuid, $2::text, $3::integer, $4::jsonb, $5::text, now() + make_interval(days => $6::integer) WHERE ${condition}
   ON CONFLICT (key) DO UPDATE SET fingerprint = excluded.fingerprint, status = excluded.status, body = excluded.body, etag = excluded.etag, expires_at = excluded.expires_at WHERE kit_answers.expires_at <= now()`;

const KEEP = { name: 'kit_answers_keep', text: keepWhere('true') };
const KEEP_COPY = { name: 'kit_answers_keep_copy', text: keepWhere(UNHURRIED) };

/** Answers to keyed commands: refusals and what was so already, which the streams themselves cannot give again, and copies of what they can. */
export class AnswersStore {
  constructor(
    private readonly pool: Pool,
    private readonly keepDays: number,
  ) {}

  async find(key: string): Promise<StoredAnswer | undefined> {
    const { rows } = await this.pool.query<StoredAnswer>({ name: 'kit_answers_find', text: FIND, values: [key] });
    return rows[0];
  }

  /** The first answer stands. A `copy` of what a stream holds does not wait for the disk: should a crash of PostgreSQL take it, the stream gives it again. */
  async keep(key: string, { fingerprint, status, body, etag }: StoredAnswer, { copy }: { readonly copy: boolean }): Promise<void> {
    const values = [key, fingerprint, status, JSON.stringify(body), etag ?? null, this.keepDays];
    await this.pool.query({ ...(copy ? KEEP_COPY : KEEP), values });
  }

  async dropExpired(): Promise<void> {
    await this.pool.query('DELETE FROM kit_answers WHERE expires_at <= now()');
  }
}
