import type { Type as Class } from '@nestjs/common';
import { MASKED, SEALED_PREFIX } from '@qiyue/decider';
import { sqlStateOf, statement } from '@qiyue/database';
import type { Pool } from 'pg';
import { collectSealed, replaceSealed, type Vault } from '@qiyue/event-store';
import { REVISION } from '../answer';
import type { Caller } from '../http/caller';
import { kitProblem } from '../http/problem';
import { Rows, type ListOptions, type PageOf, type Row, type RowKey, type Where } from '../rows';
import type { Gathering, LookUps } from '../store/gathering';
import type { RowTable } from '../store/row-table';
import { decodeCursor, encodeCursor } from './cursor';

/** The account that a sealed text belongs to. */
const subjectOf = (sealed: string): string => sealed.slice(SEALED_PREFIX.length).split(':')[0] ?? '';

const PLAN_IS_STALE = '0A000';

/** Notes that staff read the personal data of accounts (5.2). */
export type PersonalReadNote = (who: Caller, accountIds: readonly string[]) => Promise<void>;

interface Parts {
  readonly pool: Pool;
  readonly lookUps: LookUps;
  readonly tableOf: (row: unknown) => RowTable;
  readonly vault: Vault;
  readonly pageSizeMax: number;
  readonly notePersonalRead: PersonalReadNote;
}

/** A row with a `revision` column is answered with it as its ETag. */
const withRevision = <R extends Row>(row: R): R => {
  const { revision } = row as { revision?: unknown };
  return typeof revision === 'string' || typeof revision === 'number' ? { ...row, [REVISION]: String(revision) } : row;
};

/** What is known of a table, made when it is first asked for. */
const kept = <V>(known: Map<RowTable, V>, table: RowTable, make: () => V): V => {
  const value = known.get(table) ?? make();
  known.set(table, value);
  return value;
};

class Values {
  readonly list: unknown[] = [];

  add(value: unknown): string {
    this.list.push(value);
    return `$${this.list.length}`;
  }
}

const conditionsOf = <R extends Row>(table: RowTable, where: Where<R>, values: Values): readonly string[] =>
  Object.entries<unknown>(where).flatMap(([property, wanted]) => {
    if (wanted === undefined) return [];
    const column = table.column(property);
    if (wanted === null) return [`${column} IS NULL`];
    if (Array.isArray(wanted)) return [`${column} = ANY(${values.add(wanted)})`];
    if (typeof wanted !== 'object') return [`${column} = ${values.add(wanted)}`];
    const { from, until } = wanted as { from?: string | number; until?: string | number };
    return [
      ...(from === undefined ? [] : [`${column} >= ${values.add(from)}`]),
      ...(until === undefined ? [] : [`${column} < ${values.add(until)}`]),
    ];
  });

export class RowsRuntime extends Rows {
  private readonly byKey = new Map<RowTable, Gathering<Row>>();
  private readonly whole = new Map<RowTable, Gathering<readonly Row[]>>();

  constructor(private readonly parts: Parts) {
    super();
  }

  override async get<R extends Row>(row: Class<R>, key: RowKey<R>): Promise<R | undefined> {
    const table = this.parts.tableOf(row);
    if (typeof key === 'string' && table.textKey !== undefined) {
      const found = (await kept(this.byKey, table, () => this.searched(table)).get(key)) as R | undefined;
      // A row of one's own: others may have asked for the same.
      return found === undefined ? undefined : withRevision({ ...found });
    }
    const values = new Values();
    const keys: Record<string, unknown> = typeof key === 'string' ? { [table.keys[0] as string]: key } : (key as Record<string, unknown>);
    const where = table.keys.map((property) => `${table.column(property)} = ${values.add(keys[property])}`);
    const text = `SELECT ${table.selection} FROM ${table.name} WHERE ${where.join(' AND ')}`;
    const rows = await this.query<R>(text, values.list);
    return rows[0] === undefined ? undefined : withRevision(rows[0]);
  }

  private searched(table: RowTable): Gathering<Row> {
    const textKey = table.textKey as string;
    const text = `SELECT ${table.selection} FROM ${table.name} WHERE ${table.column(textKey)}`;
    // One key has a statement of its own, which PostgreSQL need not plan anew each time.
    const [one, several] = [statement(`${text} = $1`), statement(`${text} = ANY($1::text[])`)];
    return this.parts.lookUps.of({
      ask: (keys) => (keys.length === 1 ? { ...one, values: [keys[0]] } : { ...several, values: [keys] }),
      sort: (rows) => new Map(rows.map((row) => [(row as Record<string, string>)[textKey] as string, row])),
    });
  }

  override async all<R extends Row>(row: Class<R>): Promise<readonly R[]> {
    const table = this.parts.tableOf(row);
    const rows = kept(this.whole, table, () => {
      const question = statement(`SELECT ${table.selection} FROM ${table.name}`);
      return this.parts.lookUps.of<readonly Row[]>({ ask: () => question, sort: (found) => new Map([['', found]]) });
    });
    return ((await rows.get('')) ?? []) as readonly R[];
  }

  override async one<R extends Row>(row: Class<R>, key: RowKey<R>, who?: Caller): Promise<R> {
    const found = await this.get(row, key);
    const owner = (found as { accountId?: unknown } | undefined)?.accountId;
    if (found === undefined || (who?.role === 'customer' && owner !== undefined && owner !== who.accountId)) throw kitProblem('not-found');
    return found;
  }

  override async list<R extends Row>(row: Class<R>, options: ListOptions<R> = {}): Promise<PageOf<R>> {
    const table = this.parts.tableOf(row);
    const limit = options.limit ?? Math.min(50, this.parts.pageSizeMax);
    if (limit > this.parts.pageSizeMax)
      throw kitProblem('invalid', {
        errors: [{ pointer: 'query/limit', detail: `limit must not be greater than ${this.parts.pageSizeMax}` }],
      });
    const values = new Values();
    const descending = options.order?.startsWith('-') === true;
    const first = options.order?.replace(/^-/, '');
    const order = [...(first === undefined || table.keys.includes(first) ? [] : [first]), ...table.keys];
    if (first !== undefined && table.keys.includes(first)) order.sort((a, b) => Number(b === first) - Number(a === first));
    const columns = order.map((property) => table.column(property));
    const where = [...conditionsOf(table, options.where ?? {}, values)];
    if (options.after !== undefined) {
      const place = decodeCursor(options.after, order).map((value) => values.add(value));
      where.push(`(${columns.join(', ')}) ${descending ? '<' : '>'} (${place.join(', ')})`);
    }
    const text = `SELECT ${table.selection} FROM ${table.name}${where.length === 0 ? '' : ` WHERE ${where.join(' AND ')}`} ORDER BY ${columns.map((column) => `${column} ${descending ? 'DESC' : 'ASC'}`).join(', ')} LIMIT ${values.add(limit + 1)}`;
    const rows = await this.query<R>(text, values.list);
    const items = rows.slice(0, limit);
    const last = items.at(-1) as Record<string, unknown> | undefined;
    return rows.length <= limit || last === undefined ? { items } : { items, next: encodeCursor(order, last) };
  }

  override async sql<T extends object>(text: string, values: readonly unknown[] = []): Promise<readonly T[]> {
    // Without values it may be a script, of which there is nothing to prepare.
    return values.length === 0 ? (await this.parts.pool.query<T>(text)).rows : this.query<T>(text, values);
  }

  /** Under a name, so that a connection parses and plans it once; how many different ones there are is up to the code. */
  private async query<T extends object>(text: string, values: readonly unknown[]): Promise<T[]> {
    const { pool } = this.parts;
    try {
      return (await pool.query<T>({ ...statement(text), values: [...values] })).rows;
    } catch (error) {
      // A read model of another version has been swapped in since, with other columns.
      if (sqlStateOf(error) !== PLAN_IS_STALE) throw error;
      return (await pool.query<T>(text, [...values])).rows;
    }
  }

  override async reveal<T>(value: T, who: Caller, staff: readonly string[] = []): Promise<T> {
    const sealed = collectSealed(value, new Set());
    if (sealed.size === 0) return value;
    const read = new Set<string>();
    const texts = await Promise.all(
      [...sealed].map(async (one) => {
        const subject = subjectOf(one);
        const isOwn = who.role === 'customer' && who.accountId === subject;
        if (!isOwn && !staff.includes(who.role)) return [one, MASKED] as const;
        if (!isOwn) read.add(subject);
        return [one, await this.parts.vault.reveal(one)] as const;
      }),
    );
    if (read.size > 0) await this.parts.notePersonalRead(who, [...read].sort());
    const found = new Map(texts);
    return replaceSealed(value, (one) => found.get(one) ?? one) as T;
  }
}
