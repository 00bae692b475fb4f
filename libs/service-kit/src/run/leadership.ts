import type { Pool, PoolClient } from 'pg';

/** Ends what the leader runs. */
export type StepDown = () => Promise<void>;

interface LeadershipOptions {
  readonly pool: Pool;
  /** One leader for each name in one database. */
  readonly name: string;
  /** Starts what only one process may run; called again after the lead was lost and won back. */
  readonly lead: () => Promise<StepDown>;
  readonly retryMs?: number;
  readonly onTrouble: (fault: unknown) => void;
}

/** Runs something in one process at a time: whoever holds an advisory lock leads, a stand-by takes over when its connection is gone. */
export class Leadership {
  private state: 'standby' | 'leading' | 'stopped' = 'standby';
  private wake: () => void = () => undefined;
  private readonly running: Promise<void>;

  constructor(private readonly options: LeadershipOptions) {
    this.running = this.loop();
  }

  isLeading(): boolean {
    return this.state === 'leading';
  }

  async stop(): Promise<void> {
    this.state = 'stopped';
    this.wake();
    await this.running;
  }

  private stopped(): boolean {
    return this.state === 'stopped';
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private async loop(): Promise<void> {
    const { pool, onTrouble, retryMs = 250 } = this.options;
    while (!this.stopped()) {
      try {
        const client = await pool.connect();
        let broken: Error | undefined;
        try {
          await this.tryToLead(client);
        } catch (fault) {
          broken = fault as Error;
          throw fault;
        } finally {
          client.release(broken ?? this.lostLock);
          this.lostLock = undefined;
        }
      } catch (fault) {
        onTrouble(fault);
      }
      if (!this.stopped()) await this.pause(retryMs);
    }
  }

  private lostLock: Error | undefined;

  private async tryToLead(client: PoolClient): Promise<void> {
    const { name, lead } = this.options;
    const { rows } = await client.query<{ won: boolean }>('SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS won', [name]);
    if (rows[0]?.won !== true) return;
    const lost = new Promise<void>((resolve) => {
      client.once('error', (fault: Error) => {
        this.lostLock = fault;
        resolve();
      });
    });
    const stepDown = await lead();
    if (!this.stopped()) this.state = 'leading';
    try {
      await Promise.race([lost, this.untilStopped()]);
    } finally {
      if (!this.stopped()) this.state = 'standby';
      await stepDown();
    }
    if (this.lostLock === undefined) await client.query('SELECT pg_advisory_unlock(hashtextextended($1, 0))', [name]);
  }

  private untilStopped(): Promise<void> {
    if (this.stopped()) return Promise.resolve();
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }
}
