import type { Pool } from 'pg';
import { inTransaction } from '@qiyue/database';
import { migrateMessaging } from './migrations';

/**
 * Lets a group read its topics again from their first record, for when the bus was filled anew. How far it has seen each partition stays known, so
 * nothing takes effect twice. Stop the group's consumers first.
 */
export const rewindGroup = async (pool: Pool, group: string): Promise<void> => {
  await migrateMessaging(pool);
  await pool.query('UPDATE consumer_position SET start = 0, next = 0 WHERE group_name = $1', [group]);
};

/** Forgets a group altogether: positions, memory and parked events. Its dead letters stay as a record. Stop its consumers first. */
export const forgetGroup = async (pool: Pool, group: string): Promise<void> => {
  await migrateMessaging(pool);
  await inTransaction(pool, async (tx) => {
    for (const table of ['parked_event', 'parked_key', 'unrouted', 'consumer_position'])
      await tx.query(`DELETE FROM ${table} WHERE group_name = $1`, [group]);
  });
};

/** Lets a relay tell everything again from the start of the event store, for when the bus has lost it. What is on the bus is not told twice. */
export const resetRelay = async (pool: Pool, service: string): Promise<void> => {
  await migrateMessaging(pool);
  await inTransaction(pool, async (tx) => {
    // A new epoch, so that a leader that still runs cannot save over it.
    await tx.query(
      'UPDATE relay_position SET epoch = epoch + 1, commit_position = NULL, prepare_position = NULL, told_commit = NULL, told_prepare = NULL WHERE service = $1',
      [service],
    );
    await tx.query('DELETE FROM published_tail WHERE service = $1', [service]);
  });
};
