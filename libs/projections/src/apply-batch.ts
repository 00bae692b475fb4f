import { inOrder } from '@qiyue/database';
import type { ClientBase, QueryConfig } from 'pg';
import { loadRows, quoted, writesOf, type Changes } from './bulk-write';
import type { Row } from './canonical';
import type { ReadModel } from './declaration';
import { foldPlan, planItems, type Fault, type Plan } from './fold';
import type { Item } from './item';

export interface Applied {
  /** Rows written or deleted. */
  readonly rows: number;
  /** The first item that could not be folded; those before it are applied, those from it on are not. */
  readonly fault: Fault | undefined;
}

/** What a plan makes of rows; `before` holds at least those that it touches. */
const changesOf = (model: ReadModel, plan: Plan, before: ReadonlyMap<string, Row>): Changes & { readonly fault: Fault | undefined } => {
  const after = new Map(before);
  const fault = foldPlan(model, plan, after);
  const changed = [...after].filter(([text, row]) => before.get(text) !== row);
  const [added, replaced] = [false, true].map((isKnown) => changed.filter(([text]) => before.has(text) === isKnown).map(([, row]) => row));
  const removed = [...before.keys()]
    .filter((text) => !after.has(text))
    .map((text) => plan.slots.get(text))
    .filter((slot) => slot !== undefined);
  return { added: added ?? [], replaced: replaced ?? [], removed, fault };
};

const rowsOf = ({ added, replaced, removed }: Changes): number => added.length + replaced.length + removed.length;

/**
 * Folds items into a table: one SELECT, then at most one INSERT of new rows, one of changed ones and one DELETE, however many items there are.
 * `table` is an SQL name, quoted. The caller keeps others from writing to the table meanwhile.
 */
export const foldInto = async (tx: ClientBase, model: ReadModel, table: string, items: readonly Item[]): Promise<Applied> => {
  const plan = planItems(model, items);
  if (plan.steps.length === 0) return { rows: 0, fault: plan.fault };
  const changes = changesOf(model, plan, await loadRows(tx, model.shape, table, [...plan.slots.values()]));
  await inOrder(tx, writesOf(model.shape, table, changes));
  return { rows: rowsOf(changes), fault: changes.fault };
};

/** An item could not be folded: which one, and what then, is for whoever does it with care. */
export class Unfoldable extends Error {
  override readonly name = 'Unfoldable';
}

/** Items folded in memory, and what writes the rows that they lead to. */
export interface Folded {
  readonly rows: number;
  readonly writes: readonly QueryConfig[];
}

/**
 * Loads the rows of items ahead, before it is known which of the items the table has already: for a connection whose statements go together. What it gives
 * folds the others; it throws `Unfoldable` where one cannot be.
 */
export const loadFor = async (
  tx: ClientBase,
  model: ReadModel,
  table: string,
  items: readonly Item[],
): Promise<(fresh: readonly Item[]) => Folded> => {
  const { shape } = model;
  const plan = planItems(model, items);
  if (plan.fault !== undefined) throw new Unfoldable();
  const before = await loadRows(tx, shape, table, [...plan.slots.values()]);
  return (fresh) => {
    const changes = changesOf(model, fresh.length === items.length ? plan : planItems(model, fresh), before);
    if (changes.fault !== undefined) throw new Unfoldable();
    return { rows: rowsOf(changes), writes: writesOf(shape, table, changes) };
  };
};

/**
 * Folds items into a model's rows, inside the caller's transaction, which must keep others from doing so at the same time. Knows nothing of positions and
 * duplicates. `table` is the name of the table, by default the model's own. Throws what a handler throws; roll back then.
 */
export const applyBatch = async (
  tx: ClientBase,
  model: ReadModel,
  items: readonly Item[],
  options: { readonly table?: string } = {},
): Promise<void> => {
  const { fault } = await foldInto(tx, model, quoted(options.table ?? model.name), items);
  if (fault !== undefined) throw fault.error;
};
