import type { ClientBase } from 'pg';
import { foldInto, type Applied } from './apply-batch';
import { quoted } from './bulk-write';
import { sqlStateOf } from '@qiyue/database';
import type { ReadModel } from './declaration';
import type { Fault } from './fold';
import type { Halt } from './handle';
import type { Item } from './item';

/** A model and the physical table it is folded into. */
export interface Member {
  readonly model: ReadModel;
  readonly physical: string;
}

/** Folds items into a member's table, inside the caller's transaction. */
export type FoldMember = (tx: ClientBase, member: Member, items: readonly Item[]) => Promise<Applied>;

/** Whether PostgreSQL refused the data (too long for an index, for instance), which it will do again, rather than being in trouble itself. */
export const isDataError = (error: unknown): boolean => /^(22|23|54)/.test(sqlStateOf(error) ?? '');

/** Whether a table was dropped. */
export const isGone = (error: unknown): boolean => sqlStateOf(error) === '42P01';

/** Finds the very item whose row PostgreSQL refuses, by halves, and keeps what comes before it. */
export const foldCarefully: FoldMember = async (tx, member, items) => {
  await tx.query('SAVEPOINT read_model');
  try {
    const applied = await foldInto(tx, member.model, quoted(member.physical), items);
    await tx.query('RELEASE SAVEPOINT read_model');
    return applied;
  } catch (error) {
    if (!isDataError(error)) throw error;
    await tx.query('ROLLBACK TO SAVEPOINT read_model; RELEASE SAVEPOINT read_model');
    if (items.length < 2) return { rows: 0, fault: { item: items[0] as Item, error } };
    const half = items.length >> 1;
    const first = await foldCarefully(tx, member, items.slice(0, half));
    if (first.fault !== undefined) return first;
    const second = await foldCarefully(tx, member, items.slice(half));
    return { rows: first.rows + second.rows, fault: second.fault };
  }
};

/** What to tell of an item that could not be folded. Messages of ours never hold values, and handlers only see sealed ones. */
export const haltOf = ({ model, physical }: Member, { item, error }: Fault): Halt => ({
  model: model.name,
  table: physical,
  item: { id: item.id, type: item.type, stream: item.stream, revision: item.revision.toString() },
  reason: error instanceof Error ? `${error.name}: ${error.message}` : 'something that is no error was thrown',
});
