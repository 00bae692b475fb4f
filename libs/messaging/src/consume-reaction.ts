import type { Envelope } from '@qiyue/contracts';
import type { PoolClient } from 'pg';
import {
  isOfTheMoment,
  leavesTraces,
  outcomeOf,
  pauseBefore,
  planOf,
  record,
  whileBeating,
  within,
  type BatchContext,
  type BatchOutcome,
  type Items,
  type Plan,
} from './consume-batch';
import { inTransaction } from '@qiyue/database';
import { describeError, OutOfPlace } from './faults';
import type { LogBatch, LogMessage } from './log-transport';
import { afterFailures, type Failure } from './sort-batch';

type React = (envelope: Envelope) => Promise<void>;

/** Tries one event; gives its failure once the tries are used up. An outage is thrown instead: then the whole batch comes again. */
const tryOne = async (
  context: BatchContext,
  react: React,
  message: LogMessage,
  envelope: Envelope,
  check: () => void,
): Promise<Failure | undefined> => {
  for (let attempt = 1; ; attempt += 1) {
    check();
    try {
      await within(context.tryTimeoutMs, react(envelope));
      return undefined;
    } catch (error) {
      if (attempt >= context.retry.attempts) {
        if (isOfTheMoment(context, error)) throw error;
        return { offset: message.offset, reason: describeError(error), attempts: attempt };
      }
      context.onRetry(error);
      await pauseBefore(attempt + 1, context.retry);
    }
  }
};

/** Works on several keys at once and on each in order; a key stops at its first failure. */
const reactToAll = async (
  context: BatchContext,
  react: React,
  messages: readonly LogMessage[],
  concurrency: number,
  check: () => void,
): Promise<ReadonlyMap<string, Failure>> => {
  const byKey = new Map<string, LogMessage[]>();
  for (const message of messages) byKey.set(message.key, [...(byKey.get(message.key) ?? []), message]);
  const queue = [...byKey];
  const failures = new Map<string, Failure>();
  let stopped: unknown;
  // When one worker meets an outage the others need not find out for themselves.
  const goOn = (): void => {
    check();
    if (stopped !== undefined) throw stopped;
  };
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [key, events] = next;
      for (const message of events) {
        if (message.envelope === undefined) continue;
        const failure = await tryOne(context, react, message, message.envelope, goOn);
        if (failure === undefined) continue;
        failures.set(key, failure);
        break;
      }
    }
  };
  const results = await Promise.allSettled(
    Array.from({ length: Math.min(concurrency, queue.length) }, () =>
      worker().catch((error: unknown) => {
        stopped ??= error;
        throw error;
      }),
    ),
  );
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return failures;
};

/** Records an outcome that parks something. The keys stay locked until the end, so that no re-drive can finish after the look at them. */
const recordParked = async (context: BatchContext, tx: PoolClient, batch: LogBatch, plan: Plan, items: Items): Promise<void> => {
  const waiting = items
    .filter(({ message, verdict }) => verdict === 'behind' && plan.parked.has(message.key))
    .map(({ message }) => message.key);
  const parked = await context.parking.among(tx, [...new Set(waiting)], true);
  // A re-drive has finished since the plan was made: what was to wait behind it must be handled after all.
  if (waiting.some((key) => !parked.has(key))) throw new OutOfPlace(`${batch.topic}/${batch.partition}: a parked key flows again`);
  await record(context, tx, batch, plan, items);
};

/**
 * Reacts to a batch outside of any transaction, then records the outcome in one: parked keys, memory and position. A crash in between brings the
 * batch again, which idempotent reactions do not mind. Nothing is recorded if the group moved on meanwhile.
 */
export const consumeReaction = (context: BatchContext, react: React, concurrency: number): ((batch: LogBatch) => Promise<BatchOutcome>) => {
  return (batch) =>
    whileBeating(batch, async (check) => {
      const plan = await planOf(context, context.pool, batch, false);
      if (plan === undefined) return { items: [] };
      const messages = plan.items.filter(({ verdict }) => verdict === 'handle').map(({ message }) => message);
      const failures = await reactToAll(context, react, messages, concurrency, check);
      const items = afterFailures(plan.items, failures);
      if (leavesTraces(items)) await inTransaction(context.pool, (tx) => recordParked(context, tx, batch, plan, items));
      else await record(context, context.pool, batch, plan, items);
      return outcomeOf(batch, plan, items);
    });
};
