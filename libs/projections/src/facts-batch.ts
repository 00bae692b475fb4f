import { parseType, type Envelope } from '@qiyue/contracts';
import type { ClientBase } from 'pg';
import { ownTypes } from './bulk-write';
import type { ReadModel } from './declaration';
import { itemOfEnvelope, type Item } from './item';
import type { Halt } from './handle';
import { haltOf, type FoldMember, type Member } from './member';
import { saveHalt } from './registry';

/** Last revision folded, by stream, of one physical table. */
type Seen = Map<string, bigint>;

/** A stream's name is its service's own affair, so the service goes with it. */
const streamOf = ({ service, stream }: Item): string => `${service}/${stream}`;

const concerns = (model: ReadModel, item: Item): boolean => {
  const handler = model.handlers.get(item.type);
  return handler !== undefined && handler.source === 'fact' && handler.owner === item.service;
};

/** The facts among envelopes that one of the models has a handler for, in order. What is no fact of this platform is passed by: the consumer has noted it. */
export const factsFor = (models: readonly ReadModel[], envelopes: readonly Envelope[]): readonly Item[] =>
  envelopes
    .filter(({ type }) => parseType(type) !== undefined)
    .map(itemOfEnvelope)
    .filter((item) => models.some((model) => concerns(model, item)));

const loadSeen = async (tx: ClientBase, physicals: readonly string[], items: readonly Item[]): Promise<ReadonlyMap<string, Seen>> => {
  const seen = new Map(physicals.map((physical): [string, Seen] => [physical, new Map()]));
  const { rows } = await tx.query<[string, string, string]>({
    name: 'read_model_streams_find',
    text: 'SELECT physical, stream, revision FROM read_model_streams WHERE physical = ANY($1) AND stream = ANY($2)',
    values: [physicals, [...new Set(items.map(streamOf))]],
    rowMode: 'array',
    types: ownTypes,
  });
  for (const [physical, stream, revision] of rows) seen.get(physical)?.set(stream, BigInt(revision));
  return seen;
};

const INSERT = 'INSERT INTO read_model_streams (physical, stream, revision) SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])';
const ADD = { name: 'read_model_streams_add', text: INSERT };
const MOVE = {
  name: 'read_model_streams_move',
  text: `${INSERT} ON CONFLICT (physical, stream) DO UPDATE SET revision = excluded.revision`,
};

/** Streams heard of for the first time and streams known already (`seen`), by themselves: adding is cheaper than looking what there is to replace. */
const saveSeen = async (tx: ClientBase, changed: readonly (readonly [string, Seen])[], seen: ReadonlyMap<string, Seen>): Promise<void> => {
  const rows = changed.flatMap(([physical, streams]) =>
    [...streams].map(([stream, revision]) => ({ physical, stream, revision, isKnown: seen.get(physical)?.has(stream) === true })),
  );
  for (const [statement, some] of [
    [ADD, rows.filter(({ isKnown }) => !isKnown)],
    [MOVE, rows.filter(({ isKnown }) => isKnown)],
  ] as const) {
    const columns = [
      some.map(({ physical }) => physical),
      some.map(({ stream }) => stream),
      some.map(({ revision }) => revision.toString()),
    ];
    if (some.length > 0) await tx.query({ ...statement, values: columns });
  }
};

/** Drops what is not after the last revision seen of its stream, and notes the rest as seen. */
const unseen = (items: readonly Item[], seen: ReadonlyMap<string, bigint>): { readonly fresh: readonly Item[]; readonly reached: Seen } => {
  const reached: Seen = new Map();
  const fresh = items.filter((item) => {
    const stream = streamOf(item);
    const last = reached.get(stream) ?? seen.get(stream);
    if (last !== undefined && item.revision <= last) return false;
    reached.set(stream, item.revision);
    return true;
  });
  return { fresh, reached };
};

/** How far a table is in the streams of these items. */
export const seenOf = async (tx: ClientBase, physical: string, items: readonly Item[]): Promise<ReadonlyMap<string, bigint>> =>
  (await loadSeen(tx, [physical], items)).get(physical) as Seen;

/** Parts what another table, `other`, has folded already (`fresh`) from what it has not (`rest`); drops what is in `folded`, which is brought up to date. */
export const keepUnseen = (
  items: readonly Item[],
  folded: Map<string, bigint>,
  other: ReadonlyMap<string, bigint>,
): { readonly fresh: readonly Item[]; readonly rest: readonly Item[] } => {
  const within = items.filter((item) => item.revision <= (other.get(streamOf(item)) ?? -1n));
  const { fresh, reached } = unseen(within, folded);
  for (const [stream, revision] of reached) folded.set(stream, revision);
  return { fresh, rest: items.filter((item) => item.revision > (other.get(streamOf(item)) ?? -1n)) };
};

/**
 * Folds facts into members whose position rows the caller has locked. A fact that came before (by revision within its stream) is dropped per table,
 * so redelivery and replay are harmless. A member that cannot fold a fact keeps what came before it and halts; the others go on.
 */
export const foldFacts = async (
  tx: ClientBase,
  members: readonly Member[],
  items: readonly Item[],
  fold: FoldMember,
): Promise<readonly Halt[]> => {
  if (members.length === 0 || items.length === 0) return [];
  const seen = await loadSeen(
    tx,
    members.map(({ physical }) => physical),
    items,
  );
  const changed: (readonly [string, Seen])[] = [];
  const halts: Halt[] = [];
  for (const member of members) {
    const { fresh, reached } = unseen(
      items.filter((item) => concerns(member.model, item)),
      seen.get(member.physical) as Seen,
    );
    const { fault } = await fold(tx, member, fresh);
    if (fault === undefined) {
      changed.push([member.physical, reached]);
      continue;
    }
    const told = haltOf(member, fault);
    const before = fresh.slice(0, fresh.indexOf(fault.item));
    changed.push([member.physical, unseen(before, new Map()).reached]);
    await saveHalt(tx, member.physical, told);
    halts.push(told);
  }
  await saveSeen(tx, changed, seen);
  return halts;
};
