/** Something that has to be quiet before the platform is: a relay, a consumer, a subscription, the deadlines. */
export interface QuietCheck {
  readonly name: string;
  /** Whether it has handled everything there was at the time of the call. */
  readonly isQuiet: () => Promise<boolean>;
  /** What it has set aside, which does not count as busy but is reported. */
  readonly parked?: () => Promise<readonly string[]>;
}

/** How settling ended. */
export interface Settled {
  readonly quiet: boolean;
  /** Who was not quiet in the last round; empty when all were. */
  readonly busy: readonly string[];
  /** Who was last seen busy. */
  readonly lastBusy: readonly string[];
  readonly parked: readonly string[];
  readonly rounds: number;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Knows everything that works by itself in this process. */
export class QuietRegistry {
  private readonly checks = new Set<QuietCheck>();
  private readonly wakers = new Set<() => void>();

  /** `head` answers where the event store ends: while it moves, somebody works. */
  constructor(private readonly head: () => Promise<string>) {}

  register(...checks: readonly QuietCheck[]): void {
    for (const check of checks) this.checks.add(check);
  }

  /** Calls `wake` at the start of each settling, for what would otherwise wait for its next poll. */
  onSettle(wake: () => void): void {
    this.wakers.add(wake);
  }

  clear(): void {
    this.checks.clear();
    this.wakers.clear();
  }

  /** Waits until all were quiet twice in a row with no append between. */
  async settle(timeoutMs: number): Promise<Settled> {
    const until = performance.now() + timeoutMs;
    let lastBusy: readonly string[] = [];
    let quietSince: string | undefined;
    for (let rounds = 1; ; rounds += 1) {
      for (const wake of this.wakers) wake();
      const before = await this.head();
      const busy = await this.busy();
      const after = await this.head();
      if (busy.length > 0) lastBusy = busy;
      if (busy.length === 0 && before === after && quietSince === before)
        return { quiet: true, busy, lastBusy, parked: await this.parked(), rounds };
      quietSince = busy.length === 0 && before === after ? before : undefined;
      if (performance.now() > until) return { quiet: false, busy, lastBusy, parked: await this.parked(), rounds };
      await pause(busy.length === 0 ? 1 : Math.min(50, 2 + rounds));
    }
  }

  private async busy(): Promise<readonly string[]> {
    const answers = await Promise.all(
      [...this.checks].map(async ({ name, isQuiet }) => ({ name, quiet: await isQuiet().catch(() => false) })),
    );
    return answers.filter(({ quiet }) => !quiet).map(({ name }) => name);
  }

  private async parked(): Promise<readonly string[]> {
    const lists = await Promise.all([...this.checks].map(({ parked }) => parked?.().catch(() => []) ?? []));
    return lists.flat();
  }
}
