import { migrateOnce } from './database';

/** Makes the tables of relays and consumers in a service's database. Idempotent and safe for two pods at once; starting a relay or consumer calls it. */
export const migrateMessaging = migrateOnce('messaging', [
  `CREATE TABLE consumer_position (
     group_name text NOT NULL, topic text NOT NULL, partition integer NOT NULL,
     -- Where the group began; above zero it did not see the start of the streams.
     start bigint NOT NULL, next bigint NOT NULL,
     PRIMARY KEY (group_name, topic, partition));
   CREATE TABLE stream_seen (
     group_name text NOT NULL, stream text NOT NULL, sequence bigint NOT NULL,
     PRIMARY KEY (group_name, stream));
   CREATE TABLE parked_key (
     group_name text NOT NULL, key text NOT NULL, since timestamptz NOT NULL DEFAULT now(),
     PRIMARY KEY (group_name, key));
   -- What waits, in order. Envelopes are kept as text: hostile content must not be able to break a jsonb column.
   CREATE TABLE parked_event (
     group_name text NOT NULL, key text NOT NULL, topic text NOT NULL, partition integer NOT NULL, "offset" bigint NOT NULL,
     event_id text NOT NULL, type text NOT NULL, envelope text NOT NULL,
     PRIMARY KEY (group_name, key, topic, partition, "offset"),
     FOREIGN KEY (group_name, key) REFERENCES parked_key);
   -- Every event that failed for good, and what became of it. Rows stay.
   CREATE TABLE dead_letter (
     group_name text NOT NULL, topic text NOT NULL, partition integer NOT NULL, "offset" bigint NOT NULL, key text NOT NULL,
     event_id text NOT NULL, type text NOT NULL, reason text NOT NULL, attempts integer NOT NULL, envelope text NOT NULL,
     failed_at timestamptz NOT NULL DEFAULT now(),
     resolution text CHECK (resolution IN ('redriven', 'discarded')), resolved_at timestamptz, resolved_by text, resolved_why text,
     PRIMARY KEY (group_name, topic, partition, "offset"));
   CREATE INDEX dead_letter_open ON dead_letter (group_name, key) WHERE resolution IS NULL;
   CREATE TABLE unrouted (
     group_name text NOT NULL, topic text NOT NULL, partition integer NOT NULL, "offset" bigint NOT NULL, key text NOT NULL,
     type text NOT NULL, envelope text NOT NULL, at timestamptz NOT NULL DEFAULT now(),
     PRIMARY KEY (group_name, topic, partition, "offset"));
   CREATE TABLE relay_position (
     service text PRIMARY KEY, epoch bigint NOT NULL DEFAULT 0,
     commit_position bigint, prepare_position bigint,
     -- Place of the last event that is on the bus: a bus that ends before it has lost messages.
     told_commit bigint, told_prepare bigint);
   CREATE TABLE published_tail (
     service text NOT NULL, stream text NOT NULL, sequence bigint NOT NULL,
     PRIMARY KEY (service, stream));`,
  // Where a partition was read up to is known by the place of its last fact, not by a row for each stream.
  `ALTER TABLE consumer_position ADD COLUMN last_commit bigint, ADD COLUMN last_prepare bigint;
   DROP TABLE stream_seen;`,
]);
