import type { Envelope } from '@qiyue/contracts';
import type { PoolClient } from 'pg';
import type { RedriveResult } from './consumer-options';
import { within, type BatchContext } from './consume-batch';
import { transact, withClient } from '@qiyue/database';
import { readEnvelope } from './envelope-text';
import { describeError } from './faults';
import type { ParkedEvent } from './parking';

/** What handling one event means: `before` outside of the transaction, `inside` in the one that takes it off the parked ones. */
export interface RedriveWork {
  readonly before?: (envelope: Envelope) => Promise<void>;
  readonly inside?: (tx: PoolClient, envelope: Envelope, event: ParkedEvent) => Promise<void>;
}

/** Parked as this, an event cannot be handled by the code as it is. */
const unfit = (context: BatchContext, event: ParkedEvent, envelope: Envelope | undefined): string | undefined => {
  if (envelope === undefined) return 'unreadable';
  return context.routeOf(event.type) === 'handle' ? undefined : 'unknown-version';
};

const redriveFirst = async (
  context: BatchContext,
  client: PoolClient,
  key: string,
  event: ParkedEvent,
  work: RedriveWork,
): Promise<number> => {
  const envelope = readEnvelope(event.envelope);
  const reason = unfit(context, event, envelope);
  if (envelope === undefined || reason !== undefined) throw Object.assign(new Error(reason), { name: reason });
  if (work.before !== undefined) await within(context.tryTimeoutMs, work.before(envelope));
  return transact(client, async (tx) => {
    await context.parking.among(tx, [key], true);
    await work.inside?.(tx, envelope, event);
    return context.parking.settle(tx, key, event, { resolution: 'redriven' });
  });
};

/**
 * Handles what is parked under a key, in order, each event with its own transaction, until nothing is left or one fails. What arrives meanwhile
 * waits behind and is handled as well. Only one re-drive of a key runs at a time, over all processes.
 */
export const redrive = (context: BatchContext, group: string, key: string, work: RedriveWork): Promise<RedriveResult> =>
  withClient(context.pool, async (client) => {
    const lock = `hashtextextended('redrive ' || $1 || ' ' || $2, 0)`;
    const { rows } = await client.query<{ mine: boolean }>(`SELECT pg_try_advisory_lock(${lock}) AS mine`, [group, key]);
    if (rows[0]?.mine !== true)
      return { handled: 0, left: await context.parking.waiting(client, key), reason: 'another re-drive is running' };
    try {
      let handled = 0;
      for (;;) {
        const event = await context.parking.first(client, key);
        if (event === undefined) return { handled, left: 0 };
        try {
          const left = await redriveFirst(context, client, key, event, work);
          handled += 1;
          if (left === 0) return { handled, left };
        } catch (error) {
          const reason = describeError(error);
          if (!context.isTransient(error)) await context.parking.recordFailure(client, key, event, reason);
          return { handled, left: await context.parking.waiting(client, key), reason };
        }
      }
    } finally {
      // A connection that broke has let go of the lock already.
      await client.query(`SELECT pg_advisory_unlock(${lock})`, [group, key]).catch((error: Error) => client.emit('error', error));
    }
  });
