import type { Envelope } from '@qiyue/contracts';
import type { PoolClient } from 'pg';
import { isOfTheMoment, outcomeOf, pauseBefore, planOf, record, whileBeating, type BatchContext, type BatchOutcome } from './consume-batch';
import type { Delivery, ProjectionOptions } from './consumer-options';
import { allOf, BEGIN_UNHURRIED, inOrder, inShortTransaction, type Outcome } from '@qiyue/database';
import { describeError } from './faults';
import type { LogBatch, LogMessage } from './log-transport';
import { afterFailures, type Failure } from './sort-batch';

type Apply = ProjectionOptions['apply'];

const deliveryOf = ({ topic, partition }: LogBatch, attempt: number): Delivery => ({ topic, partition, attempt, isRedriven: false });

const envelopesOf = (messages: readonly LogMessage[]): readonly Envelope[] =>
  messages.flatMap(({ envelope }) => (envelope === undefined ? [] : [envelope]));

/** Applies, and writes what was left to be written. */
export const applyWhole = async (apply: Apply, tx: PoolClient, envelopes: readonly Envelope[], delivery: Delivery): Promise<void> => {
  await inOrder(tx, (await apply(tx, envelopes, delivery)) ?? []);
};

/**
 * Applies what can be applied, by halves, each under a savepoint, and finds the keys that fail. Order is kept: only what stands behind
 * a failed event of the same key is left out.
 */
const applyAllBut = async (
  context: BatchContext,
  tx: PoolClient,
  apply: Apply,
  batch: LogBatch,
  messages: readonly LogMessage[],
  failures: Map<string, Failure>,
): Promise<void> => {
  const rest = messages.filter(({ key }) => !failures.has(key));
  if (rest.length === 0) return;
  await tx.query('SAVEPOINT half');
  try {
    await applyWhole(apply, tx, envelopesOf(rest), deliveryOf(batch, Math.max(2, context.retry.attempts)));
    await tx.query('RELEASE SAVEPOINT half');
  } catch (error) {
    if (isOfTheMoment(context, error)) throw error;
    await tx.query('ROLLBACK TO SAVEPOINT half; RELEASE SAVEPOINT half');
    const [only] = rest;
    if (rest.length === 1 && only !== undefined) {
      failures.set(only.key, { offset: only.offset, reason: describeError(error), attempts: context.retry.attempts });
      return;
    }
    const middle = Math.ceil(rest.length / 2);
    await applyAllBut(context, tx, apply, batch, rest.slice(0, middle), failures);
    await applyAllBut(context, tx, apply, batch, rest.slice(middle), failures);
  }
};

/**
 * One batch in one transaction: lock the position, drop what is known, apply, move the position. Whatever fails undoes all of it, so the effect
 * of an event and the memory of it cannot part.
 */
export const consumeProjection = (context: BatchContext, apply: Apply): ((batch: LogBatch) => Promise<BatchOutcome>) => {
  const once = async (batch: LogBatch, attempt: number): Promise<BatchOutcome> =>
    inShortTransaction(
      context.pool,
      async (tx): Promise<Outcome<BatchOutcome>> => {
        const plan = await planOf(context, tx, batch, true);
        if (plan === undefined) return { value: { items: [] } };
        const messages = plan.items.filter(({ verdict }) => verdict === 'handle').map(({ message }) => message);
        if (attempt < context.retry.attempts) {
          // Recorded first: partitions wait for each other only where they write the same tables, so that part comes last and is short.
          const recorded = record(context, tx, batch, plan, plan.items);
          const applied = messages.length > 0 ? apply(tx, envelopesOf(messages), deliveryOf(batch, attempt)) : undefined;
          await allOf([recorded, applied]);
          return { value: outcomeOf(batch, plan, plan.items), last: (await applied) ?? [] };
        }
        const failures = new Map<string, Failure>();
        await applyAllBut(context, tx, apply, batch, messages, failures);
        const items = afterFailures(plan.items, failures);
        await record(context, tx, batch, plan, items);
        return { value: outcomeOf(batch, plan, items) };
      },
      BEGIN_UNHURRIED,
    );

  return (batch) =>
    whileBeating(batch, async (check) => {
      for (let attempt = 1; ; attempt += 1) {
        check();
        try {
          return await once(batch, attempt);
        } catch (error) {
          if (isOfTheMoment(context, error) || attempt >= context.retry.attempts) throw error;
          context.onRetry(error);
          await pauseBefore(attempt + 1, context.retry);
        }
      }
    });
};
