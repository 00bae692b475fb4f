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
  // How far a table is in the facts of each partition, instead of in each stream. What was known by stream cannot be told by partition, so tables with
  // facts are rebuilt.
  `CREATE TABLE read_model_facts (
     physical        text NOT NULL,
     source          text NOT NULL,
     filled_commit   bigint,
     filled_prepare  bigint,
     handled_commit  bigint,
     handled_prepare bigint,
     PRIMARY KEY (physical, source)
   ) WITH (fillfactor = 50);
   UPDATE read_model_tables SET replay_cursor = NULL;
   UPDATE read_model_tables SET hash = '' WHERE physical IN (SELECT physical FROM read_model_streams);
   DROP TABLE read_model_streams`,
];

/** Brings this library's own tables up to date. Safe to call at every start and by several processes at once. */
export const migrate = (pool: Pool): Promise<void> => migrateTables(pool, 'projections', migrations);
