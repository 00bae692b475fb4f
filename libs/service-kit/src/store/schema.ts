/** Tables of the kit in the database of each service. All but `answers` are rebuilt from events; answers expire. */
export const serviceSchema: readonly string[] = [
  `CREATE TABLE kit_answers (
     key uuid PRIMARY KEY,
     fingerprint text NOT NULL,
     status integer NOT NULL,
     body jsonb NOT NULL,
     etag text,
     expires_at timestamptz NOT NULL
   );
   CREATE INDEX kit_answers_expiry ON kit_answers (expires_at);
   CREATE TABLE kit_deadlines (
     stream text NOT NULL,
     name text NOT NULL,
     due_at timestamptz NOT NULL,
     due_text text NOT NULL,
     event_id uuid NOT NULL,
     correlation_id text NOT NULL,
     traceparent text,
     set_revision bigint NOT NULL,
     attempts integer NOT NULL DEFAULT 0,
     retry_at timestamptz,
     parked_reason text,
     PRIMARY KEY (stream, name)
   );
   CREATE INDEX kit_deadlines_due ON kit_deadlines (due_at) WHERE parked_reason IS NULL;
   CREATE TABLE kit_positions (
     station text PRIMARY KEY,
     position text NOT NULL,
     version text NOT NULL
   );
   CREATE TABLE kit_parked (
     reaction text NOT NULL,
     stream text NOT NULL,
     reason text NOT NULL,
     attempts integer NOT NULL,
     since timestamptz NOT NULL DEFAULT now(),
     PRIMARY KEY (reaction, stream)
   );
   CREATE TABLE kit_parked_events (
     reaction text NOT NULL,
     stream text NOT NULL,
     revision bigint NOT NULL,
     event jsonb NOT NULL,
     PRIMARY KEY (reaction, stream, revision),
     FOREIGN KEY (reaction, stream) REFERENCES kit_parked (reaction, stream) ON DELETE CASCADE
   );`,
];

/** Tables of the platform database: the test clock's place and the embedded profile's signing key (wrapped). */
export const platformSchema: readonly string[] = [
  `CREATE TABLE test_clock (
     id integer PRIMARY KEY CHECK (id = 1),
     offset_ms bigint NOT NULL,
     frozen_at_ms bigint
   );
   CREATE TABLE signing_keys (
     id integer PRIMARY KEY CHECK (id = 1),
     wrapped bytea NOT NULL
   );`,
];
