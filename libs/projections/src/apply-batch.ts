import type { ClientBase } from 'pg';
import { insertRows, loadRows, quoted, removeRows, replaceRows } from './bulk-write';
import type { ReadModel } from './declaration';
import { foldPlan, planItems, type Fault } from './fold';
import type { Item } from './item';

export interface Applied {
  /** Rows written or deleted. */
  readonly rows: number;
  /** The first item that could not be folded; those before it are applied, those from it on are not. */
  readonly fault: Fault | undefined;
}

/**
 * Folds items into a table: one SELECT, then at most one INSERT of new rows, one of changed ones and one DELETE, however many items there are.
 * `table` is an SQL name, quoted. The caller keeps others from writing to the table meanwhile.
 */
export const foldInto = async (tx: ClientBase, model: ReadModel, table: string, items: readonly Item[]): Promise<Applied> => {
  const plan = planItems(model, items);
  if (plan.steps.length === 0) return { rows: 0, fault: plan.fault };
  const before = await loadRows(tx, model.shape, table, [...plan.slots.values()]);
  const after = new Map(before);
  const fault = foldPlan(model, plan, after);
  const changed = [...after].filter(([text, row]) => before.get(text) !== row);
  const [added, replaced] = [false, true].map((isKnown) => changed.filter(([text]) => before.has(text) === isKnown).map(([, row]) => row));
  const removed = [...before.keys()]
    .filter((text) => !after.has(text))
    .map((text) => plan.slots.get(text))
    .filter((slot) => slot !== undefined);
  await removeRows(tx, model.shape, table, removed);
  await insertRows(tx, model.shape, table, added ?? []);
  await replaceRows(tx, model.shape, table, replaced ?? []);
  return { rows: changed.length + removed.length, fault };
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
