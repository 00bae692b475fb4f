import { migrate } from '@qiyue/database';
import type { Pool } from 'pg';

/** In order; never edited once released. */
const migrations: readonly string[] = [
  `CREATE TABLE account_keys (
     account_id   text PRIMARY KEY,
     wrapped_key  bytea,
     kek_id       text,
     created_at   timestamptz NOT NULL DEFAULT now(),
     destroyed_at timestamptz,
     CHECK ((wrapped_key IS NULL) = (destroyed_at IS NOT NULL))
   )`,
];

/** Brings the vault's tables up to date. Safe to call at every start and by several processes at once. */
export const migrateVault = (pool: Pool): Promise<void> => migrate(pool, 'event-store', migrations);
