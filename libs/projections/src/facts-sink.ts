import type { Envelope } from '@qiyue/contracts';
import type { PoolClient } from 'pg';
import type { ReadModel } from './declaration';
import { factsFor, foldFacts } from './facts-batch';
import type { ProjectionHooks } from './handle';
import { foldCarefully, foldQuickly, type Member } from './member';
import { standingOf, tablesOf } from './registry';

/**
 * Writes facts into read models, inside the transaction that moves the consumer's position. At the first attempt it throws where PostgreSQL refuses a
 * row, and the transaction is lost; at any other, or if none is told, it finds the fact at fault and halts the model before it.
 */
export type FactsSink = (tx: PoolClient, envelopes: readonly Envelope[], attempt?: number) => Promise<void>;

/**
 * The `apply` of a consumer in projection mode: folds facts into every model that follows them. Keeps no state, so it stays right across rebuilds,
 * restarts and other pods. A table that is being filled, that another version of the program made, or that has halted is left alone:
 * the replay that fills it brings what it has missed.
 */
export const factsSink = (models: readonly ReadModel[], hooks: Pick<ProjectionHooks, 'onHalt'> = {}): FactsSink => {
  const following = models.filter(({ facts }) => facts.length > 0);
  const byName = new Map(following.map((model) => [model.name, model]));
  return async (tx, envelopes, attempt) => {
    const items = factsFor(following, envelopes);
    if (items.length === 0) return;
    const names = following.filter(({ handlers }) => items.some(({ type }) => handlers.has(type))).map(({ name }) => name);
    // Locks shadows as well, in the one order that all writers keep.
    const tables = await tablesOf(tx, names, true);
    const members = tables.flatMap((table): Member[] => {
      const model = byName.get(table.model);
      const ready =
        model !== undefined &&
        table.state === 'live' &&
        table.factsReady &&
        table.halt === undefined &&
        standingOf(model, table) === 'same';
      return ready ? [{ model, physical: table.physical }] : [];
    });
    for (const halt of await foldFacts(tx, members, items, attempt === 1 ? foldQuickly : foldCarefully)) hooks.onHalt?.(halt);
  };
};
