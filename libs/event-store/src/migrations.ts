import type { Pool } from 'pg';

const library = 'event-store';

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
export const migrateVault = async (pool: Pool): Promise<void> => {
  const connection = await pool.connect();
  try {
    await connection.query('BEGIN');
    await connection.query(`SELECT pg_advisory_xact_lock(hashtext('kit_migrations'))`);
    await connection.query(
      `CREATE TABLE IF NOT EXISTS kit_migrations (lib text NOT NULL, version integer NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (lib, version))`,
    );
    const { rows } = await connection.query<{ version: number }>('SELECT version FROM kit_migrations WHERE lib = $1', [library]);
    const applied = new Set(rows.map((row) => row.version));
    for (const [index, migration] of migrations.entries()) {
      if (applied.has(index + 1)) continue;
      await connection.query(migration);
      await connection.query('INSERT INTO kit_migrations (lib, version) VALUES ($1, $2)', [library, index + 1]);
    }
    await connection.query('COMMIT');
  } catch (error) {
    await connection.query('ROLLBACK').catch(() => undefined); // The first error is the one worth telling.
    throw error;
  } finally {
    connection.release();
  }
};
