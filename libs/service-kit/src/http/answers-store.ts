import type { Pool } from 'pg';
import type { Gathering, LookUps } from '../store/gathering';

/** An answer as it was given. */
export interface StoredAnswer {
  readonly fingerprint: string;
  readonly status: number;
  readonly body: unknown;
  readonly etag: string | undefined;
}

const FIND = 'SELECT key, fingerprint, status, body, etag FROM kit_answers WHERE expires_at > now() AND key';
// One key has a statement of its own, which PostgreSQL need not plan anew each time.
const FIND_ONE = { name: 'kit_answers_find_one', text: `${FIND} = $1` };
const FIND_SEVERAL = { name: 'kit_answers_find', text: `${FIND} = ANY($1::uuid[])` };

/** Answers to keyed commands that the streams themselves cannot give again: refusals and what was so already. */
export class AnswersStore {
  private readonly found: Gathering<StoredAnswer>;

  constructor(
    private readonly pool: Pool,
    lookUps: LookUps,
    private readonly keepDays: number,
  ) {
    this.found = lookUps.of({
      ask: (keys) => (keys.length === 1 ? { ...FIND_ONE, values: [keys[0]] } : { ...FIND_SEVERAL, values: [keys] }),
      sort: (rows) => new Map((rows as readonly (StoredAnswer & { key: string })[]).map(({ key, ...answer }) => [key, answer])),
    });
  }

  find(key: string): Promise<StoredAnswer | undefined> {
    return this.found.get(key);
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
