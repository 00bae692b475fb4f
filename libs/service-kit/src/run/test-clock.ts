import type { Pool } from 'pg';
import { Clock } from '../clock';

interface Place {
  readonly offset_ms: string;
  readonly frozen_at_ms: string | null;
}

/**
 * A clock that can be moved ahead, for the embedded profile and tests. Its place is kept in the platform database, so a restart keeps the time
 * and every process shares it (each reads it a few times a second, and at each move).
 */
export class TestClock extends Clock {
  private offsetMs = 0;
  private frozenAtMs: number | undefined;
  private timer: NodeJS.Timeout | undefined;

  private constructor(private readonly pool: Pool) {
    super();
  }

  /** Opens the clock; the first process to do so sets it to `startAt`, or leaves it at the machine's time. */
  static async open(pool: Pool, mode: 'on' | 'frozen', startAt?: string): Promise<TestClock> {
    const clock = new TestClock(pool);
    const startMs = startAt === undefined ? Date.now() : Date.parse(startAt);
    await pool.query('INSERT INTO test_clock (id, offset_ms, frozen_at_ms) VALUES (1, $1, $2) ON CONFLICT (id) DO NOTHING', [
      startMs - Date.now(),
      mode === 'frozen' ? startMs : null,
    ]);
    await clock.read();
    clock.timer = setInterval(() => void clock.read().catch(() => undefined), 250).unref();
    return clock;
  }

  override nowMs(): number {
    return this.frozenAtMs ?? Date.now() + this.offsetMs;
  }

  /** What happened after a move must not be handled as if it had happened before: whoever hears of it first looks at the clock again. */
  override async reach(instant: string): Promise<void> {
    if (Date.parse(instant) > this.nowMs()) await this.read();
  }

  /** Moves the clock to an instant; never back. */
  async moveTo(instantMs: number): Promise<void> {
    const offsetMs = instantMs - Date.now();
    await this.pool.query(
      `UPDATE test_clock SET offset_ms = greatest(offset_ms, $1), frozen_at_ms = CASE WHEN frozen_at_ms IS NULL THEN NULL ELSE greatest(frozen_at_ms, $2) END WHERE id = 1`,
      [Math.ceil(offsetMs), instantMs],
    );
    await this.read();
  }

  close(): void {
    clearInterval(this.timer);
  }

  /** Takes over a move that another process has made. */
  async read(): Promise<void> {
    const { rows } = await this.pool.query<Place>('SELECT offset_ms, frozen_at_ms FROM test_clock WHERE id = 1');
    const [place] = rows;
    if (place === undefined) return;
    this.offsetMs = Number(place.offset_ms);
    this.frozenAtMs = place.frozen_at_ms === null ? undefined : Number(place.frozen_at_ms);
  }
}
