import type { Pool } from 'pg';
import { migrate as migrateTables } from '@qiyue/database';

/** In order; never edited once released. */
const migrations: readonly string[] = [
  // One row per physical table. It is the position row as well: whoever writes rows of the table holds its lock.
  `CREATE SEQUENCE read_model_generation;
   CREATE TABLE read_model_tables (
     physical         text PRIMARY KEY,
     model            text NOT NULL,
     version          integer NOT NULL,
     hash             text NOT NULL,
     state            text NOT NULL CHECK (state IN ('live', 'shadow', 'retired')),
     commit_position  bigint,
     prepare_position bigint,
     searched_commit  bigint,
     searched_prepare bigint,
     facts_ready      boolean NOT NULL,
     replay_cursor    text,
     halt             jsonb
   ) WITH (fillfactor = 50);
   CREATE UNIQUE INDEX read_model_tables_one_live ON read_model_tables (model) WHERE state = 'live';
   CREATE UNIQUE INDEX read_model_tables_one_shadow ON read_model_tables (model) WHERE state = 'shadow';
   CREATE TABLE read_model_streams (
     physical text NOT NULL,
     stream   text COLLATE "C" NOT NULL,
     revision bigint NOT NULL,
     PRIMARY KEY (physical, stream)
   )`,
];

/** Brings this library's own tables up to date. Safe to call at every start and by several processes at once. */
export const migrate = (pool: Pool): Promise<void> => migrateTables(pool, 'projections', migrations);
