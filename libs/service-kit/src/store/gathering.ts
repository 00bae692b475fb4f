import { sqlStateOf } from '@qiyue/database';

/** Finds what there is under several keys, with one statement. */
type Find<Found> = (keys: readonly string[]) => Promise<ReadonlyMap<string, Found>>;

interface Asked<Found> {
  readonly key: string;
  readonly answer: Promise<Found | undefined>;
  readonly resolve: (found: Found | undefined) => void;
  readonly reject: (fault: unknown) => void;
}

const MOST_KEYS = 100;

/** A value that PostgreSQL cannot take: the fault of the key, not of what else was asked for with it. */
const isOfAKey = (fault: unknown): boolean => sqlStateOf(fault)?.startsWith('22') === true;

/**
 * Look-ups by key. Those that come while one is under way wait for it and go together then, so that many at a time cost a statement and a connection
 * instead of many. Each sees the rows as they stand after it was asked.
 */
export class Gathering<Found> {
  private waiting = new Map<string, Asked<Found>>();
  private isAsking = false;

  constructor(private readonly find: Find<Found>) {}

  get(key: string): Promise<Found | undefined> {
    const known = this.waiting.get(key);
    if (known !== undefined) return known.answer;
    let settle!: Pick<Asked<Found>, 'resolve' | 'reject'>;
    const answer = new Promise<Found | undefined>((resolve, reject) => (settle = { resolve, reject }));
    this.waiting.set(key, { key, answer, ...settle });
    if (!this.isAsking) void this.ask();
    return answer;
  }

  private async ask(): Promise<void> {
    this.isAsking = true;
    while (this.waiting.size > 0) {
      const group = [...this.waiting.values()].slice(0, MOST_KEYS);
      for (const { key } of group) this.waiting.delete(key);
      await this.answer(group);
    }
    this.isAsking = false;
  }

  private async answer(group: readonly Asked<Found>[]): Promise<void> {
    try {
      const found = await this.find(group.map(({ key }) => key));
      for (const { key, resolve } of group) resolve(found.get(key));
    } catch (fault) {
      if (group.length > 1 && isOfAKey(fault)) for (const one of group) await this.answer([one]);
      else for (const { reject } of group) reject(fault);
    }
  }
}
