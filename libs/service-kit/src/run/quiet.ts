/** Something that has to be quiet before the platform is: a relay, a consumer, a subscription, the deadlines. */
export interface QuietCheck {
  /** The same in every process that runs it. */
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

/** What one process says of itself. */
export interface Look {
  readonly checks: readonly { readonly name: string; readonly quiet: boolean }[];
  readonly parked: readonly string[];
  /** Earliest instant that any deadline of the process waits for. */
  readonly nextDue?: string;
}

/** Asks every other process of the platform at once; one that does not answer is busy. What is parked is asked for at the end alone. */
export type LookAround = (withParked: boolean) => Promise<readonly Look[]>;

const alone: LookAround = async () => [];
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Of a check that several processes run, one has to be quiet: what they all wait for is done, whoever has done it, and a stand-by never knows. */
const busyOf = (looks: readonly Look[]): readonly string[] => {
  const quiet = new Map<string, boolean>();
  for (const check of looks.flatMap(({ checks }) => checks)) quiet.set(check.name, check.quiet || quiet.get(check.name) === true);
  return [...quiet].filter(([, isQuiet]) => !isQuiet).map(([name]) => name);
};

/** Knows everything that works by itself in this process. */
export class QuietRegistry {
  private readonly checks = new Set<QuietCheck>();
  private readonly wakers = new Set<() => void>();

  /** `head` answers where the event store ends: while it moves, somebody works. */
  constructor(private readonly head: () => Promise<string>) {}

  register(...checks: readonly QuietCheck[]): void {
    for (const check of checks) this.checks.add(check);
  }

  /** Calls `wake` at each look, for what would otherwise wait for its next poll. */
  onSettle(wake: () => void): void {
    this.wakers.add(wake);
  }

  clear(): void {
    this.checks.clear();
    this.wakers.clear();
  }

  /** Asks everything in this process once. */
  async look(withParked: boolean): Promise<Look> {
    for (const wake of this.wakers) wake();
    const checks = [...this.checks];
    const [answers, parked] = await Promise.all([
      Promise.all(checks.map(async ({ name, isQuiet }) => ({ name, quiet: await isQuiet().catch(() => false) }))),
      Promise.all(checks.map(({ parked: list }) => (withParked ? list?.().catch(() => []) : undefined) ?? [])),
    ]);
    return { checks: answers, parked: parked.flat() };
  }

  /**
   * Waits until everybody was quiet twice in a row with no append between.
   *
   * Once is not enough: a consumer may have been asked before the relay of another process told it something. But if nothing was stored between two quiet
   * rounds, every relay was done with all there was in the first, so the consumers asked in the second had all of it before them, and have handled it.
   */
  async settle(timeoutMs: number, others: LookAround = alone): Promise<Settled> {
    const until = performance.now() + timeoutMs;
    let lastBusy: readonly string[] = [];
    let quietSince: string | undefined;
    const ended = async (quiet: boolean, busy: readonly string[], rounds: number): Promise<Settled> => {
      const looks = await Promise.all([this.look(true), others(true)]);
      return { quiet, busy, lastBusy, parked: [...new Set(looks.flat().flatMap(({ parked }) => parked))], rounds };
    };
    for (let rounds = 1; ; rounds += 1) {
      const before = await this.head();
      const [own, around] = await Promise.all([this.look(false), others(false)]);
      const busy = busyOf([own, ...around]);
      const after = await this.head();
      if (busy.length > 0) lastBusy = busy;
      if (busy.length === 0 && before === after && quietSince === before) return ended(true, busy, rounds);
      quietSince = busy.length === 0 && before === after ? before : undefined;
      if (performance.now() > until) return ended(false, busy, rounds);
      await pause(busy.length === 0 ? 1 : Math.min(50, 2 + rounds));
    }
  }
}
