import { comparePositions } from '@qiyue/event-store';
import type { Outcome } from '@qiyue/database';
import type { ClientBase, QueryConfig } from 'pg';
import { loadFor, type Folded } from './apply-batch';
import { quoted } from './bulk-write';
import type { Fault } from './fold';
import type { Halt } from './handle';
import type { Item } from './item';
import { haltOf, type FoldMember, type Member } from './member';
import { lockTables, saveHalt, savingPosition, savingSearched, type Registered } from './registry';
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

const put = async (tx: ClientBase, statements: readonly QueryConfig[]): Promise<void> => {
  for (const one of statements) await tx.query(one);
};

const halt = async (tx: ClientBase, member: Member, fault: Fault, entries: readonly Entry[]): Promise<Halt> => {
  const told = haltOf(member, fault);
  const reached = entries[entries.findIndex(({ item }) => item === fault.item) - 1]?.position;
  if (reached !== undefined) await put(tx, savingPosition([member.physical], reached));
  await saveHalt(tx, member.physical, told);
  return told;
};

type Standing = 'gone' | 'halted' | 'behind' | 'level' | 'open';

/** How a member's table, its position row locked, stands to a batch. */
const standing = (table: Registered | undefined, from: Position | undefined, upTo: Position | undefined): Standing => {
  if (table === undefined || table.state === 'retired') return 'gone';
  if (table.halt !== undefined) return 'halted';
  if (comparePositions(table.position, from) < 0) return 'behind';
  return comparePositions(table.position, upTo) >= 0 ? 'level' : 'open';
};

const lock = async (tx: ClientBase, members: readonly Member[]): Promise<ReadonlyMap<string, Registered>> => {
  const physicals = members.map(({ physical }) => physical);
  return new Map((await lockTables(tx, physicals)).map((table) => [table.physical, table]));
};

const itemsOf = (entries: readonly Entry[]): readonly Item[] => entries.map(({ item }) => item);

/** What notes where tables stand after a batch; those that had it already have only been searched further. */
const savingPlaces = (
  advanced: readonly string[],
  upTo: Position | undefined,
  level: readonly string[],
  searched: Position | undefined,
): readonly QueryConfig[] => [
  ...(upTo === undefined ? [] : savingPosition(advanced, upTo)),
  ...(searched !== undefined && comparePositions(searched, upTo) > 0 ? savingSearched([...advanced, ...level], searched) : []),
];

const empty = () => ({ items: 0, rows: 0, gone: [] as string[], behind: [] as string[], halts: [] as Halt[] });

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
  const locked = await lock(tx, members);
  const result = empty();
  const upTo = entries.at(-1)?.position;
  const advanced: string[] = [];
  const level: string[] = [];
  for (const member of members) {
    const table = locked.get(member.physical);
    const state = standing(table, from, upTo);
    if (state === 'gone' || state === 'behind') result[state].push(member.physical);
    if (state === 'level') level.push(member.physical);
    if (state !== 'open') continue;
    const fresh = after(entries, table?.position);
    const applied = await fold(tx, member, itemsOf(fresh));
    result.items += fresh.length;
    result.rows += applied.rows;
    if (applied.fault === undefined) advanced.push(member.physical);
    else result.halts.push(await halt(tx, member, applied.fault, fresh));
  }
  await put(tx, savingPlaces(advanced, upTo, level, searched));
  return result;
};

/**
 * The same in two round trips, where nothing is amiss: positions are locked and rows loaded with the first, rows and positions written with the second.
 * Loaded is all that the batch touches, because which of it a member has already is known only then. Throws `Unfoldable` where an item cannot be folded.
 */
export const foldOwnBatchShortly = async (
  tx: ClientBase,
  members: readonly Member[],
  { from, entries, searched }: OwnBatch,
): Promise<Outcome<OwnBatchResult>> => {
  const items = itemsOf(entries);
  const [locked, ...loaded] = await Promise.all([
    lock(tx, members),
    ...members.map(({ model, physical }) => loadFor(tx, model, quoted(physical), items)),
  ]);
  const result = empty();
  const upTo = entries.at(-1)?.position;
  const folded: Folded[] = [];
  const advanced: string[] = [];
  const level: string[] = [];
  for (const [index, { physical }] of members.entries()) {
    const table = locked.get(physical);
    const state = standing(table, from, upTo);
    if (state === 'gone' || state === 'behind') result[state].push(physical);
    if (state === 'level') level.push(physical);
    if (state !== 'open') continue;
    const fresh = after(entries, table?.position);
    folded.push((loaded[index] as (fresh: readonly Item[]) => Folded)(itemsOf(fresh)));
    result.items += fresh.length;
    advanced.push(physical);
  }
  result.rows = folded.reduce((sum, { rows }) => sum + rows, 0);
  return { value: result, last: [...folded.flatMap(({ writes }) => writes), ...savingPlaces(advanced, upTo, level, searched)] };
};
