import { comparePositions } from '@qiyue/event-store';
import type { ClientBase } from 'pg';
import type { Fault } from './fold';
import type { Halt } from './handle';
import type { Item } from './item';
import { haltOf, type FoldMember, type Member } from './member';
import { lockTables, saveHalt, savePosition, saveSearched, type Registered } from './registry';
import type { Position } from './sources';

/** An own event and where it stands in `$all`. */
export interface Entry {
  readonly item: Item;
  readonly position: Position;
}

/** A run of `$all` without a gap: every event of the members' streams after `from`, up to the last one here; there may be none. */
export interface OwnBatch {
  readonly from: Position | undefined;
  readonly entries: readonly Entry[];
  /** How far `$all` was searched. */
  readonly searched: Position | undefined;
}

export interface OwnBatchResult {
  /** Items looked at, and rows written or deleted, over all members. */
  readonly items: number;
  readonly rows: number;
  /** Tables that are not there any more, or retired. */
  readonly gone: readonly string[];
  /** Tables that stand before the batch: something between is missing, so nothing was written. */
  readonly behind: readonly string[];
  readonly halts: readonly Halt[];
}

const after = (entries: readonly Entry[], position: Position | undefined): readonly Entry[] => {
  const first = entries.findIndex((entry) => comparePositions(entry.position, position) > 0);
  return first < 0 ? [] : entries.slice(first);
};

const halt = async (tx: ClientBase, member: Member, fault: Fault, entries: readonly Entry[]): Promise<Halt> => {
  const told = haltOf(member, fault);
  const reached = entries[entries.findIndex(({ item }) => item === fault.item) - 1]?.position;
  if (reached !== undefined) await savePosition(tx, [member.physical], reached);
  await saveHalt(tx, member.physical, told);
  return told;
};

/**
 * Folds a batch into all members, in the caller's transaction. Locks every member's position row first; what a member has already is dropped, so a second
 * pod, a zombie or a redelivery writes nothing. A member that cannot fold an item keeps what came before it and halts there; the others go on.
 */
export const foldOwnBatch = async (
  tx: ClientBase,
  members: readonly Member[],
  { from, entries, searched }: OwnBatch,
  fold: FoldMember,
): Promise<OwnBatchResult> => {
  const locked = new Map(
    (
      await lockTables(
        tx,
        members.map(({ physical }) => physical),
      )
    ).map((table): [string, Registered] => [table.physical, table]),
  );
  const result = { items: 0, rows: 0, gone: [] as string[], behind: [] as string[], halts: [] as Halt[] };
  const upTo = entries.at(-1)?.position;
  const advanced: string[] = [];
  const level: string[] = [];
  for (const member of members) {
    const table = locked.get(member.physical);
    if (table === undefined || table.state === 'retired') {
      result.gone.push(member.physical);
    } else if (table.halt !== undefined) {
      continue;
    } else if (comparePositions(table.position, from) < 0) {
      result.behind.push(member.physical);
    } else if (comparePositions(table.position, upTo) >= 0) {
      level.push(member.physical);
    } else {
      const fresh = after(entries, table.position);
      const applied = await fold(
        tx,
        member,
        fresh.map(({ item }) => item),
      );
      result.items += fresh.length;
      result.rows += applied.rows;
      if (applied.fault === undefined) advanced.push(member.physical);
      else result.halts.push(await halt(tx, member, applied.fault, fresh));
    }
  }
  if (upTo !== undefined) await savePosition(tx, advanced, upTo);
  if (searched !== undefined && comparePositions(searched, upTo) > 0) await saveSearched(tx, [...advanced, ...level], searched);
  return result;
};
