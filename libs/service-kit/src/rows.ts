import type { Type as Class } from '@nestjs/common';
import type { Caller } from './http/caller';

export type Row = object;
/** The key of a row: its one primary column's value, or all primary columns. */
export type RowKey<R extends Row> = string | Partial<R>;
type Scalar = string | number | boolean | null;

/** What rows must hold: a value, one of several, or a range (`from` inclusive, `until` exclusive). */
export type Where<R extends Row> = {
  readonly [Column in keyof R]?: Scalar | readonly Scalar[] | { readonly from?: string | number; readonly until?: string | number };
};

export interface ListOptions<R extends Row> {
  readonly where?: Where<R>;
  /** Column to order by, before the key; `-` in front for descending. Defaults to the key. */
  readonly order?: (keyof R & string) | `-${keyof R & string}`;
  /** Rows a page; at most the configured page size. */
  readonly limit?: number | undefined;
  /** `next` of the page before. */
  readonly after?: string | undefined;
}

export interface PageOf<R> {
  readonly items: readonly R[];
  /** Cursor of the page that follows; absent on the last. */
  readonly next?: string;
}

/** How queries and facts read the service's own read models. Personal fields come sealed; the answer reveals or masks them by the caller's role. */
export abstract class Rows {
  abstract get<R extends Row>(row: Class<R>, key: RowKey<R>): Promise<R | undefined>;
  /** Like `get`, but answers 404 when there is none, or when the caller is a customer and the row's `accountId` is another's. */
  abstract one<R extends Row>(row: Class<R>, key: RowKey<R>, who?: Caller): Promise<R>;
  /** Every row of a table that stays small, in no order; whoever asks meanwhile is given the same answer. */
  abstract all<R extends Row>(row: Class<R>): Promise<readonly R[]>;
  abstract list<R extends Row>(row: Class<R>, options?: ListOptions<R>): Promise<PageOf<R>>;
  /** Reads with SQL, for what `list` cannot say. */
  abstract sql<T extends object>(text: string, values?: readonly unknown[]): Promise<readonly T[]>;
  /** Personal fields revealed for the account's customer and for the given staff roles (recorded), masked for everyone else. */
  abstract reveal<T>(value: T, who: Caller, staff?: readonly string[]): Promise<T>;
}
