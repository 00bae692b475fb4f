import { parseType, type Envelope } from '@qiyue/contracts';
import { statement, type Statement } from '@qiyue/database';
import { comparePositions, laterPosition, parsePosition } from '@qiyue/event-store';
import type { ClientBase, QueryConfig } from 'pg';
import { loadFor } from './apply-batch';
import { quoted } from './bulk-write';
import type { ReadModel } from './declaration';
import type { Halt } from './handle';
import { itemOfEnvelope, itemsOf, placeBefore, type Item, type Placed } from './item';
import { haltOf, type FoldMember, type Member } from './member';
import { saveHalt } from './registry';
import type { Position } from './sources';

/**
 * How facts come to a table. The consumer delivers each once, in order, after whatever was delivered before; what it had parked is re-driven later; a
 * replay brings all of them from the start, also those that are parked.
 */
export type Coming = 'delivered' | 'redriven' | 'replayed';

/** How far a table is in one partition: what a replay has brought, and what the consumer has. */
interface Reach {
  readonly filled: Position | undefined;
  readonly handled: Position | undefined;
}

const concerns = (model: ReadModel, item: Item): boolean => {
  const handler = model.handlers.get(item.type);
  return handler !== undefined && handler.source === 'fact' && handler.owner === item.service;
};

/** The facts among envelopes that one of the models has a handler for, in order. What is no fact of this platform is passed by: the consumer has noted it. */
export const factsFor = (models: readonly ReadModel[], envelopes: readonly Envelope[]): readonly Placed[] =>
  envelopes.flatMap((envelope) => {
    if (parseType(envelope.type) === undefined) return [];
    const item = itemOfEnvelope(envelope);
    return models.some((model) => concerns(model, item)) ? [{ item, position: parsePosition(envelope.position) }] : [];
  });

/** Drops what is not after a place, and what comes twice. */
export const factsAfter = (facts: readonly Placed[], place: Position | undefined): readonly Placed[] => {
  let last = place;
  return facts.filter(({ position }) => {
    if (comparePositions(position, last) <= 0) return false;
    last = position;
    return true;
  });
};

const READ = `SELECT physical, filled_commit || ':' || filled_prepare AS filled, handled_commit || ':' || handled_prepare AS handled
  FROM read_model_facts WHERE physical = ANY ($1) AND source = $2`;

/** Reads how far tables are and notes how far they will be once the caller's transaction ends; never a step back. */
const reading = (noted: 'filled' | 'handled'): Statement =>
  statement(`WITH noted AS (
    INSERT INTO read_model_facts AS f (physical, source, ${noted}_commit, ${noted}_prepare) SELECT physical, $2, $3, $4 FROM unnest($1::text[]) AS physical
    ON CONFLICT (physical, source) DO UPDATE SET ${noted}_commit = excluded.${noted}_commit, ${noted}_prepare = excluded.${noted}_prepare
    WHERE f.${noted}_commit IS NULL OR (f.${noted}_commit, f.${noted}_prepare) < (excluded.${noted}_commit, excluded.${noted}_prepare)) ${READ}`);

const statements = { redriven: statement(READ), delivered: reading('handled'), replayed: reading('filled') } as const;

/** From where facts come, and how. */
interface From {
  readonly source: string;
  readonly coming: Coming;
}

const reachOf = async (
  tx: ClientBase,
  members: readonly Member[],
  facts: readonly Placed[],
  { source, coming }: From,
): Promise<ReadonlyMap<string, Reach>> => {
  const physicals = members.map(({ physical }) => physical);
  const upTo = facts.map(({ position }) => position).reduce(laterPosition);
  const { rows } = await tx.query<{ physical: string; filled: string | null; handled: string | null }>({
    ...statements[coming],
    values: [physicals, source, ...(coming === 'redriven' ? [] : [upTo.commit, upTo.prepare])],
  });
  const place = (text: string | null): Position | undefined => (text === null ? undefined : parsePosition(text));
  return new Map(rows.map(({ physical, filled, handled }) => [physical, { filled: place(filled), handled: place(handled) }]));
};

/** How far a table is in each partition it has facts of. */
export const reachesOf = async (tx: ClientBase, physical: string): Promise<ReadonlyMap<string, Position>> => {
  const { rows } = await tx.query<{ source: string; place: string | null }>(
    `SELECT source, CASE WHEN handled_commit IS NULL OR (filled_commit, filled_prepare) > (handled_commit, handled_prepare)
       THEN filled_commit || ':' || filled_prepare ELSE handled_commit || ':' || handled_prepare END AS place
     FROM read_model_facts WHERE physical = $1`,
    [physical],
  );
  return new Map(rows.flatMap(({ source, place }) => (place === null ? [] : [[source, parsePosition(place)] as const])));
};

/** A member that could not fold a fact has what came before it and no more. */
const stopBefore = async (
  tx: ClientBase,
  physical: string,
  source: string,
  coming: Coming,
  reached: Position | undefined,
): Promise<void> => {
  if (coming === 'redriven') return;
  const noted = coming === 'replayed' ? 'filled' : 'handled';
  await tx.query(`UPDATE read_model_facts SET ${noted}_commit = $3, ${noted}_prepare = $4 WHERE physical = $1 AND source = $2`, [
    physical,
    source,
    reached?.commit,
    reached?.prepare,
  ]);
};

/** Facts that concern a member, of those that its table has not. */
const freshFor = (concerning: readonly Placed[], reach: Reach | undefined, coming: Coming): readonly Placed[] =>
  factsAfter(concerning, coming === 'redriven' ? reach?.filled : laterPosition(reach?.filled, reach?.handled));

/**
 * Folds facts of one partition into members whose position rows the caller has locked. A fact that a table has is dropped, so redelivery and replay are
 * harmless: a partition is told in the order of its owner's event store, and one place says what has been. Only what was parked comes out of that order;
 * a table has it if a replay has passed it. A member that cannot fold a fact keeps what came before it and halts; the others go on.
 */
export const foldFacts = async (
  tx: ClientBase,
  members: readonly Member[],
  facts: readonly Placed[],
  { source, coming }: From,
  fold: FoldMember,
): Promise<readonly Halt[]> => {
  if (members.length === 0 || facts.length === 0) return [];
  const reaches = await reachOf(tx, members, facts, { source, coming });
  const halts: Halt[] = [];
  for (const member of members) {
    const reach = reaches.get(member.physical);
    const concerning = facts.filter(({ item }) => concerns(member.model, item));
    const fresh = freshFor(concerning, reach, coming);
    const { fault } = await fold(tx, member, itemsOf(fresh));
    if (fault === undefined) continue;
    await stopBefore(
      tx,
      member.physical,
      source,
      coming,
      placeBefore(fresh, fault.item) ?? (coming === 'replayed' ? reach?.filled : reach?.handled),
    );
    const told = haltOf(member, fault);
    await saveHalt(tx, member.physical, told);
    halts.push(told);
  }
  return halts;
};

/**
 * The same in one round trip, and in what it gives back to be written, where nothing is amiss. Loaded is all that the facts touch, because which of them a
 * table has is known only then. Throws `Unfoldable` where a fact cannot be folded.
 */
export const foldFactsShortly = async (
  tx: ClientBase,
  members: readonly Member[],
  facts: readonly Placed[],
  from: From,
): Promise<readonly QueryConfig[]> => {
  if (members.length === 0 || facts.length === 0) return [];
  const concerning = members.map(({ model }) => facts.filter(({ item }) => concerns(model, item)));
  const [reaches, ...loaded] = await Promise.all([
    reachOf(tx, members, facts, from),
    ...members.map(({ model, physical }, index) => loadFor(tx, model, quoted(physical), itemsOf(concerning[index] ?? []))),
  ]);
  return loaded.flatMap((fold, index) => {
    const reach = reaches.get(members[index]?.physical ?? '');
    return fold(itemsOf(freshFor(concerning[index] ?? [], reach, from.coming))).writes;
  });
};
