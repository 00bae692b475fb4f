import { sqlStateOf } from '@qiyue/database';
import type { QueryConfig } from 'pg';

type Row = object;

/** How rows are looked for. */
export interface Search<Found> {
  /** Finds what there is under several keys, with one statement. */
  readonly ask: (keys: readonly string[]) => QueryConfig;
  /** What was found, by key. */
  readonly sort: (rows: readonly Row[]) => ReadonlyMap<string, Found>;
}

/** Puts several statements at once, each answered or refused by itself; throws where there is nobody to put them to. */
type Ask = (statements: readonly QueryConfig[]) => Promise<readonly PromiseSettledResult<{ readonly rows: readonly Row[] }>[]>;

interface Asked<Found> {
  readonly key: string;
  readonly answer: Promise<Found | undefined>;
  readonly resolve: (found: Found | undefined) => void;
  readonly reject: (fault: unknown) => void;
}

/** Look-ups that one statement answers. */
interface Group {
  readonly statement: QueryConfig;
  settle(rows: readonly Row[]): void;
  reject(fault: unknown): void;
  /** Each of its keys by itself. */
  apart(): readonly Group[];
}

const MOST_KEYS = 100;
const PLAN_IS_STALE = '0A000';

/** A value that PostgreSQL cannot take: the fault of the key, not of what else was asked for with it. */
const isOfAKey = (fault: unknown): boolean => sqlStateOf(fault)?.startsWith('22') === true;

const groupOf = <Found>({ ask, sort }: Search<Found>, asked: readonly Asked<Found>[]): Group => ({
  statement: ask(asked.map(({ key }) => key)),
  settle: (rows) => {
    const found = sort(rows);
    for (const { key, resolve } of asked) resolve(found.get(key));
  },
  reject: (fault) => {
    for (const { reject } of asked) reject(fault);
  },
  apart: () => (asked.length === 1 ? [] : asked.map((one) => groupOf({ ask, sort }, [one]))),
});

/** Look-ups of one kind by key. Each sees the rows as they stand after it was asked. */
export class Gathering<Found> {
  private readonly waiting = new Map<string, Asked<Found>>();

  constructor(
    private readonly search: Search<Found>,
    private readonly wake: () => void,
  ) {}

  get(key: string): Promise<Found | undefined> {
    const known = this.waiting.get(key);
    if (known !== undefined) return known.answer;
    let settle!: Pick<Asked<Found>, 'resolve' | 'reject'>;
    const answer = new Promise<Found | undefined>((resolve, reject) => (settle = { resolve, reject }));
    this.waiting.set(key, { key, answer, ...settle });
    this.wake();
    return answer;
  }

  /** What waits, as far as it may go together. */
  take(): Group | undefined {
    const asked = [...this.waiting.values()].slice(0, MOST_KEYS);
    for (const { key } of asked) this.waiting.delete(key);
    return asked.length === 0 ? undefined : groupOf(this.search, asked);
  }
}

/**
 * All look-ups of a service by key. Those of one turn of the event loop, and those that come while others are under way, go to PostgreSQL together: one
 * statement for each kind, one message for all kinds, one connection.
 */
export class LookUps {
  private readonly kinds: Pick<Gathering<unknown>, 'take'>[] = [];
  private isAsking = false;

  constructor(private readonly ask: Ask) {}

  of<Found>(search: Search<Found>): Gathering<Found> {
    const gathering = new Gathering(search, () => void (this.isAsking || this.run()));
    this.kinds.push(gathering);
    return gathering;
  }

  private async run(): Promise<void> {
    this.isAsking = true;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const groups = this.kinds.map((kind) => kind.take()).filter((group) => group !== undefined);
      if (groups.length === 0) break;
      await this.answer(groups);
    }
    this.isAsking = false;
  }

  private async answer(groups: readonly Group[]): Promise<void> {
    try {
      const answers = await this.ask(groups.map(({ statement }) => statement));
      for (const [index, group] of groups.entries()) {
        const answer = answers[index] as (typeof answers)[number];
        if (answer.status === 'fulfilled') group.settle(answer.value.rows);
        else await this.refused(group, answer.reason);
      }
    } catch (fault) {
      // Whoever is answered already does not hear of it.
      for (const { reject } of groups) reject(fault);
    }
  }

  /** The fault may be of the prepared plan, or of one key: then there is another way to ask. */
  private async refused(group: Group, fault: unknown): Promise<void> {
    if (sqlStateOf(fault) === PLAN_IS_STALE && group.statement.name !== undefined) await this.answer([unnamed(group)]);
    else if (isOfAKey(fault) && group.apart().length > 0) await this.answer(group.apart());
    else group.reject(fault);
  }
}

/** The same without a prepared plan: a read model of another version has been swapped in since, with other columns. */
const unnamed = (group: Group): Group => {
  const { name: _name, ...statement } = group.statement;
  return { ...group, statement };
};
