import { migrate, surviveDrops } from '@qiyue/database';
import type { Pool } from 'pg';

/** Once per pool while it succeeds, so that every consumer of a service may ask. */
export const migrateOnce = (lib: string, steps: readonly string[]): ((pool: Pool) => Promise<void>) => {
  const running = new WeakMap<Pool, Promise<void>>();
  return (pool) => {
    const known = running.get(pool) ?? migrate(surviveDrops(pool), lib, steps);
    running.set(pool, known);
    known.catch(() => running.delete(pool));
    return known;
  };
};
