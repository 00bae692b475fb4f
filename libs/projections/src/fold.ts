import { canonicalRow, slotOf, slotTextOf, type Row, type Slot } from './canonical';
import type { Handler, ReadModel, RowKey } from './declaration';
import type { Item } from './item';
import { handlerFor } from './read-model';

/** An item that could not be folded. Everything before it could. */
export interface Fault {
  readonly item: Item;
  readonly error: unknown;
}

interface Step {
  readonly item: Item;
  readonly handler: Handler;
  readonly slots: readonly Slot[];
}

/** Which rows the items of a batch touch. */
export interface Plan {
  readonly steps: readonly Step[];
  readonly slots: ReadonlyMap<string, Slot>;
  readonly fault: Fault | undefined;
}

const keysOf = (keys: RowKey | readonly RowKey[] | undefined): readonly RowKey[] =>
  keys === undefined ? [] : Array.isArray(keys) ? keys : [keys as RowKey];

const stepOf = (model: ReadModel, item: Item): Step | undefined => {
  const handler = handlerFor(model, item);
  if (handler === undefined) return undefined;
  const slots = keysOf(handler.key(item)).map((key) => slotOf(model.shape, key));
  const distinct = slots.length < 2 ? slots : [...new Map(slots.map((slot) => [slot.text, slot])).values()];
  return { item, handler, slots: distinct };
};

/** Plans a batch, up to the first item whose key cannot be told. */
export const planItems = (model: ReadModel, items: readonly Item[]): Plan => {
  const steps: Step[] = [];
  const slots = new Map<string, Slot>();
  for (const item of items) {
    let step: Step | undefined;
    try {
      step = stepOf(model, item);
    } catch (error) {
      return { steps, slots, fault: { item, error } };
    }
    if (step === undefined) continue;
    steps.push(step);
    for (const slot of step.slots) slots.set(slot.text, slot);
  }
  return { steps, slots, fault: undefined };
};

const foldStep = (
  model: ReadModel,
  { item, handler, slots }: Step,
  rows: ReadonlyMap<string, Row>,
): readonly (readonly [string, Row | undefined])[] =>
  slots.map((slot) => {
    const before = rows.get(slot.text);
    const returned = handler.fold(before, item.data, item, slot.given);
    if (returned === undefined) return [slot.text, undefined];
    if (returned === before) return [slot.text, before];
    const after = canonicalRow(model.shape, returned as Row, before);
    if (slotTextOf(model.shape, after) !== slot.text)
      throw new TypeError('a handler returned a row with another primary key than it was given');
    return [slot.text, after];
  });

/** Folds a plan into `rows`, which is changed in place and holds the rows as they were. Stops before the first item that cannot be folded: an item counts whole or not at all. */
export const foldPlan = (model: ReadModel, plan: Plan, rows: Map<string, Row>): Fault | undefined => {
  for (const step of plan.steps) {
    let results: ReturnType<typeof foldStep>;
    try {
      results = foldStep(model, step, rows);
    } catch (error) {
      return { item: step.item, error };
    }
    for (const [text, row] of results) {
      if (row === undefined) rows.delete(text);
      else rows.set(text, row);
    }
  }
  return plan.fault;
};

/**
 * The rows a history leads to, in memory and in the order they came to be: what a read model's spec compares with, and what the table must hold
 * byte for byte. Throws what a handler throws.
 */
export const foldRows = <R extends object>(
  model: ReadModel<R>,
  items: readonly Item[],
  from: readonly R[] = [],
): readonly Readonly<R>[] => {
  const rows = new Map(
    from.map((row): [string, Row] => [slotTextOf(model.shape, row as Row), canonicalRow(model.shape, row as Row, undefined)]),
  );
  const fault = foldPlan(model, planItems(model, items), rows);
  if (fault !== undefined) throw fault.error;
  return [...rows.values()] as unknown as readonly Readonly<R>[];
};
