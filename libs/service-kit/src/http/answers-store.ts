import type { Pool } from 'pg';

/** An answer as it was given. */
export interface StoredAnswer {
  readonly fingerprint: string;
  readonly status: number;
  readonly body: unknown;
  readonly etag: string | undefined;
}

const FIND = 'SELECT fingerprint, status, body, etag FROM kit_answers WHERE key = $1 AND expires_at > now()';

/** Answers to keyed commands that the streams themselves cannot give again: refusals and what was so already. */
export class AnswersStore {
  constructor(
    private readonly pool: Pool,
    private readonly keepDays: number,
  ) {}

  async find(key: string): Promise<StoredAnswer | undefined> {
    const { rows } = await this.pool.query<StoredAnswer>({ name: 'kit_answers_find', text: FIND, values: [key] });
    return rows[0];
  }

  /** The first answer stands. */
  async keep(key: string, { fingerprint, status, body, etag }: StoredAnswer): Promise<void> {
    await this.pool.query(
      `INSERT INTO kit_answers (key, fingerprint, status, body, etag, expires_at) VALUES ($1, $2, $3, $4, $5, now() + make_interval(days => $6))
       ON CONFLICT (key) DO UPDATE SET fingerprint = excluded.fingerprint, status = excluded.status, body = excluded.body, etag = excluded.etag, expires_at = excluded.expires_at WHERE kit_answers.expires_at <= now()`,
      [key, fingerprint, status, JSON.stringify(body), etag ?? null, this.keepDays],
    );
  }

  async dropExpired(): Promise<void> {
    await this.pool.query('DELETE FROM kit_answers WHERE expires_at <= now()');
  }
}
