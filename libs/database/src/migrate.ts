import type { Pool } from 'pg';
import { inTransaction } from './connection';

// Taken before any library changes tables, so that two pods or two libraries never do so at once: "kit" in hexadecimal ASCII.
const MIGRATION_LOCK = 0x6b6974;

/**
 * Applies the steps that this database has not seen of a library, in order, all or none. `steps` is only ever added to: a released one is never edited.
 * Safe to call at every start and by several processes at once.
 */
export const migrate = (pool: Pool, library: string, steps: readonly string[]): Promise<void> =>
  inTransaction(pool, async (tx) => {
    await tx.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    await tx.query(
      'CREATE TABLE IF NOT EXISTS kit_migrations (lib text NOT NULL, version integer NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (lib, version))',
    );
    const { rows } = await tx.query<{ version: number }>('SELECT version FROM kit_migrations WHERE lib = $1', [library]);
    const applied = new Set(rows.map(({ version }) => version));
    for (const [index, step] of steps.entries()) {
      if (applied.has(index + 1)) continue;
      await tx.query(step);
      await tx.query('INSERT INTO kit_migrations (lib, version) VALUES ($1, $2)', [library, index + 1]);
    }
  });
