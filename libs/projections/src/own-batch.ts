import { comparePositions } from '@qiyue/event-store';
import { inOrder, type Outcome } from '@qiyue/database';
import type { ClientBase, QueryConfig } from 'pg';
import { loadFor, type Folded } from './apply-batch';
import { quoted } from './bulk-write';
import type { Fault } from './fold';
import type { Halt } from './handle';
import { itemsOf, placeBefore, type Item, type Placed } from './item';
import { haltOf, type FoldMember, type Member } from './member';
import { lockTables, saveHalt, savingPosition, savingSearched, type Registered } from './registry';
import type { Position } from './sources';

/** A run of `$all` without a gap: every event of the members' streams after `from`, up to the last one here; there may be none. */
export interface OwnBatch {
  readonly from: Position | undefined;
  readonly entries: readonly Placed[];
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

const after = (entries: readonly Placed[], position: Position | undefined): readonly Placed[] => {
  const first = entries.findIndex((entry) => comparePositions(entry.position, position) > 0);
  return first < 0 ? [] : entries.slice(first);
};

const halt = async (tx: ClientBase, member: Member, fault: Fault, entries: readonly Placed[]): Promise<Halt> => {
  const told = haltOf(member, fault);
  const reached = placeBefore(entries, fault.item);
  if (reached !== undefined) await inOrder(tx, savingPosition([member.physical], reached));
  await saveHalt(tx, member.physical, told);
  return told;
};

/** Members by how their tables, the position rows locked, stand to a batch. */
interface Standings {
  readonly gone: readonly string[];
  readonly behind: readonly string[];
  /** They have it already. */
  readonly level: readonly string[];
  readonly open: readonly { readonly member: Member; readonly fresh: readonly Placed[] }[];
}

const standingsOf = (members: readonly Member[], tables: readonly Registered[], { from, entries }: OwnBatch): Standings => {
  const locked = new Map(tables.map((table) => [table.physical, table]));
  const upTo = entries.at(-1)?.position;
  const gone: string[] = [];
  const behind: string[] = [];
  const level: string[] = [];
  const open: Standings['open'][number][] = [];
  for (const member of members) {
    const table = locked.get(member.physical);
    if (table === undefined || table.state === 'retired') gone.push(member.physical);
    else if (table.halt !== undefined) continue;
    else if (comparePositions(table.position, from) < 0) behind.push(member.physical);
    else if (comparePositions(table.position, upTo) >= 0) level.push(member.physical);
    else open.push({ member, fresh: after(entries, table.position) });
  }
  return { gone, behind, level, open };
};

const lock = (tx: ClientBase, members: readonly Member[]): Promise<readonly Registered[]> =>
  lockTables(
    tx,
    members.map(({ physical }) => physical),
  );

/** What notes where tables stand after a batch; those that had it already have only been searched further. */
const savingPlaces = (advanced: readonly string[], level: readonly string[], { entries, searched }: OwnBatch): readonly QueryConfig[] => {
  const upTo = entries.at(-1)?.position;
  return [
    ...(upTo === undefined ? [] : savingPosition(advanced, upTo)),
    ...(searched !== undefined && comparePositions(searched, upTo) > 0 ? savingSearched([...advanced, ...level], searched) : []),
  ];
};

/**
 * Folds a batch into all members, in the caller's transaction. Locks every member's position row first; what a member has already is dropped, so a second
 * pod, a zombie or a redelivery writes nothing. A member that cannot fold an item keeps what came before it and halts there; the others go on.
 */
export const foldOwnBatch = async (
  tx: ClientBase,
  members: readonly Member[],
  batch: OwnBatch,
  fold: FoldMember,
): Promise<OwnBatchResult> => {
  const { gone, behind, level, open } = standingsOf(members, await lock(tx, members), batch);
  const halts: Halt[] = [];
  const advanced: string[] = [];
  let items = 0;
  let rows = 0;
  for (const { member, fresh } of open) {
    const applied = await fold(tx, member, itemsOf(fresh));
    items += fresh.length;
    rows += applied.rows;
    if (applied.fault === undefined) advanced.push(member.physical);
    else halts.push(await halt(tx, member, applied.fault, fresh));
  }
  await inOrder(tx, savingPlaces(advanced, level, batch));
  return { items, rows, gone, behind, halts };
};

/**
 * The same in two round trips, where nothing is amiss: positions are locked and rows loaded with the first, rows and positions written with the second.
 * Loaded is all that the batch touches, because which of it a member has already is known only then. Throws `Unfoldable` where an item cannot be folded.
 */
export const foldOwnBatchShortly = async (
  tx: ClientBase,
  members: readonly Member[],
  batch: OwnBatch,
): Promise<Outcome<OwnBatchResult>> => {
  const all = itemsOf(batch.entries);
  const [tables, ...loaded] = await Promise.all([
    lock(tx, members),
    ...members.map(async (member) => [member, await loadFor(tx, member.model, quoted(member.physical), all)] as const),
  ]);
  const folds = new Map(loaded);
  const { gone, behind, level, open } = standingsOf(members, tables, batch);
  const folded = open.map(({ member, fresh }) => (folds.get(member) as (fresh: readonly Item[]) => Folded)(itemsOf(fresh)));
  const advanced = open.map(({ member }) => member.physical);
  const items = open.reduce((sum, { fresh }) => sum + fresh.length, 0);
  const rows = folded.reduce((sum, one) => sum + one.rows, 0);
  return {
    value: { items, rows, gone, behind, halts: [] },
    last: [...folded.flatMap(({ writes }) => writes), ...savingPlaces(advanced, level, batch)],
  };
};
