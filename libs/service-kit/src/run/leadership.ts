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
        await this.tryToLead(await pool.connect());
      } catch (fault) {
        onTrouble(fault);
      }
      if (!this.stopped()) await this.pause(retryMs);
    }
  }

  /** Takes the lock if it is free and leads until the connection breaks or this is stopped. The connection is thrown away unless the lock was given back. */
  private async tryToLead(client: PoolClient): Promise<void> {
    const { name, lead } = this.options;
    let broken: Error | undefined = new Error('the lock was not given back');
    let onError: (fault: Error) => void = () => undefined;
    const lost = new Promise<void>((resolve) => (onError = () => resolve()));
    client.on('error', onError);
    try {
      const { rows } = await client.query<{ won: boolean }>('SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS won', [name]);
      if (rows[0]?.won === true) {
        await this.leadUntil(lost, await lead());
        await client.query('SELECT pg_advisory_unlock(hashtextextended($1, 0))', [name]);
      }
      broken = undefined;
    } finally {
      client.removeListener('error', onError);
      client.release(broken);
    }
  }

  private async leadUntil(lost: Promise<void>, stepDown: StepDown): Promise<void> {
    if (!this.stopped()) this.state = 'leading';
    try {
      await Promise.race([lost, this.untilStopped()]);
    } finally {
      if (!this.stopped()) this.state = 'standby';
      await stepDown();
    }
  }

  private untilStopped(): Promise<void> {
    if (this.stopped()) return Promise.resolve();
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }
}
