import type { Envelope } from '@qiyue/contracts';
import type { Delivery } from '@qiyue/messaging';
import type { PoolClient, QueryConfig } from 'pg';
import type { ReadModel } from './declaration';
import { factsFor, foldFacts, foldFactsShortly } from './facts-batch';
import type { ProjectionHooks } from './handle';
import { foldCarefully, type Member } from './member';
import { standingOf, tablesOf, type Registered } from './registry';
import { sourceOf } from './sources';

/**
 * Writes facts of one partition into read models, inside the transaction that moves the consumer's position. At the first attempt it gives back what is
 * still to be written, and throws where anything is amiss; at any other it finds the fact at fault and halts the model before it.
 */
export type FactsSink = (tx: PoolClient, envelopes: readonly Envelope[], delivery: Delivery) => Promise<readonly QueryConfig[]>;

/** A newer program's table serves. Facts wait until a program takes them that can write it, because nothing would bring it what this one passed by. */
export class Superseded extends Error {
  override readonly name = 'Superseded';
  readonly transient = true;
}

const membersOf = (byName: ReadonlyMap<string, ReadModel>, tables: readonly Registered[]): readonly Member[] =>
  tables.flatMap((table): readonly Member[] => {
    const model = byName.get(table.model);
    if (model === undefined || table.state !== 'live') return [];
    const standing = standingOf(model, table);
    if (standing === 'newer') throw new Superseded(`a newer version of ${model.name} serves`);
    return standing === 'same' && table.factsReady && table.halt === undefined ? [{ model, physical: table.physical }] : [];
  });

/**
 * The `apply` of a consumer in projection mode: folds facts into every model that follows them. Keeps no state, so it stays right across rebuilds,
 * restarts and other pods. A table that is being filled, that an older version of the program made, or that has halted is left alone:
 * the replay that fills it, or its successor, brings what it has missed.
 */
export const factsSink = (models: readonly ReadModel[], hooks: Pick<ProjectionHooks, 'onHalt'> = {}): FactsSink => {
  const following = models.filter(({ facts }) => facts.length > 0);
  const byName = new Map(following.map((model) => [model.name, model]));
  return async (tx, envelopes, delivery) => {
    const facts = factsFor(following, envelopes);
    if (facts.length === 0) return [];
    const names = following.filter(({ handlers }) => facts.some(({ item }) => handlers.has(item.type))).map(({ name }) => name);
    // Locks shadows as well, in the one order that all writers keep.
    const members = membersOf(byName, await tablesOf(tx, names, true));
    const from = { source: sourceOf(delivery), coming: delivery.isRedriven ? 'redriven' : 'delivered' } as const;
    if (delivery.attempt === 1) return foldFactsShortly(tx, members, facts, from);
    for (const halt of await foldFacts(tx, members, facts, from, foldCarefully)) hooks.onHalt?.(halt);
    return [];
  };
};
