import type { Envelope } from '@qiyue/contracts';
import type { Pool } from 'pg';
import { oncePerTurn } from './coalesced';
import { surviveDrops } from '@qiyue/database';
import { migrateOnce } from './database';
import { readEnvelope, writeEnvelope } from './envelope-text';
import { WrongPartitionCount, type Bounds, type LogMessage } from './log-transport';
import { partitionOf } from './partition-of';

/** The channel on which the log says that something is new. */
export const BUS_CHANNEL = 'qiyue_bus';

// A notification holds 8,000 bytes at most, so topics with very many partitions only say that they have grown.
const MOST_HEADS_TOLD = 200;
const MOST_BYTES_READ = 4 * 1024 * 1024;
const MOST_MESSAGES_WRITTEN = 1_000;
const MOST_BYTES_WRITTEN = 16 * 1024 * 1024;

const migrate = migrateOnce('messaging-bus', [
  `CREATE TABLE bus_topic (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE, partitions integer NOT NULL);
   -- The row is locked while a batch is written, so offsets are gapless and become visible in their order:
   -- a reader that has seen offset n has seen everything below n. A sequence could promise neither.
   CREATE TABLE bus_partition (topic integer NOT NULL REFERENCES bus_topic, partition integer NOT NULL, next bigint NOT NULL DEFAULT 0, PRIMARY KEY (topic, partition));
   CREATE TABLE bus_message (
     topic integer NOT NULL, partition integer NOT NULL, "offset" bigint NOT NULL, key text NOT NULL, envelope text NOT NULL, bytes integer NOT NULL,
     PRIMARY KEY (topic, partition, "offset"));
   CREATE TABLE bus_member (member uuid PRIMARY KEY, group_name text NOT NULL, topics integer[] NOT NULL, expires_at timestamptz NOT NULL);
   CREATE INDEX bus_member_group ON bus_member (group_name);
   CREATE TABLE bus_lease (
     group_name text NOT NULL, topic integer NOT NULL, partition integer NOT NULL, member uuid NOT NULL REFERENCES bus_member ON DELETE CASCADE,
     PRIMARY KEY (group_name, topic, partition));
   CREATE INDEX bus_lease_member ON bus_lease (member);`,
]);

const PUBLISH = `
  WITH input AS MATERIALIZED (
    SELECT * FROM unnest($2::int[], $3::text[], $4::text[]) WITH ORDINALITY AS t (partition, key, envelope, place)
  ), counts AS (
    SELECT partition, count(*) AS n FROM input GROUP BY partition
  ), locked AS MATERIALIZED (
    -- In the order of partitions, so that two publishers cannot wait for each other.
    SELECT p.partition, c.n FROM bus_partition p JOIN counts c USING (partition) WHERE p.topic = $1 ORDER BY p.partition FOR UPDATE OF p
  ), moved AS (
    UPDATE bus_partition p SET next = p.next + l.n FROM locked l WHERE p.topic = $1 AND p.partition = l.partition
    RETURNING p.partition, p.next - l.n AS first, p.next
  ), placed AS (
    INSERT INTO bus_message (topic, partition, "offset", key, envelope, bytes)
    SELECT $1, i.partition, m.first + row_number() OVER (PARTITION BY i.partition ORDER BY i.place) - 1, i.key, i.envelope, octet_length(i.envelope)
    FROM input i JOIN moved m USING (partition)
  )
  SELECT pg_notify('${BUS_CHANNEL}', 'm' || $1::int || CASE WHEN count(*) > ${MOST_HEADS_TOLD} THEN '' ELSE ' ' || string_agg(partition || ':' || next, ',') END) FROM moved`;

const READ = `
  SELECT w.place::int AS place, m."offset", m.key, m.envelope
  FROM unnest($1::int[], $2::int[], $3::bigint[]) WITH ORDINALITY AS w (topic, partition, next, place)
  CROSS JOIN LATERAL (
    SELECT r."offset", r.key, r.envelope, sum(r.bytes) OVER (ORDER BY r."offset" ROWS UNBOUNDED PRECEDING) - r.bytes AS before
    FROM (SELECT * FROM bus_message b WHERE b.topic = w.topic AND b.partition = w.partition AND b."offset" >= w.next ORDER BY b."offset" LIMIT $4) r
  ) m
  WHERE m.before < ${MOST_BYTES_READ}
  ORDER BY w.place, m."offset"`;

export interface BusTopic {
  readonly id: number;
  readonly name: string;
  readonly partitions: number;
}

export interface BusPlace {
  readonly topicId: number;
  readonly partition: number;
  readonly next: bigint;
}

interface MessageRow {
  readonly offset: string;
  readonly key: string;
  readonly envelope: string;
}

/** One look at the log for everybody who asked in the same turn. */
interface SharedRead {
  readonly places: Map<string, BusPlace>;
  readonly rows: Promise<ReadonlyMap<string, readonly MessageRow[]>>;
}

const nameOf = ({ topicId, partition, next }: BusPlace): string => `${topicId}/${partition}/${next}`;

/** The tables of the embedded log, without groups: topics, writing and reading. */
export class BusLog {
  private readonly topics = new Map<string, BusTopic>();
  /** Reads that have not been sent yet, by limit. */
  private readonly reads = new Map<number, SharedRead>();

  constructor(readonly pool: Pool) {
    surviveDrops(pool);
  }

  async ensureTopics(names: readonly string[], partitions: number): Promise<void> {
    await migrate(this.pool);
    await this.pool.query('INSERT INTO bus_topic (name, partitions) SELECT unnest($1::text[]), $2 ON CONFLICT (name) DO NOTHING', [
      names,
      partitions,
    ]);
    await this.pool.query(
      `INSERT INTO bus_partition (topic, partition) SELECT t.id, p FROM bus_topic t, generate_series(0, t.partitions - 1) AS p WHERE t.name = ANY ($1)
       ON CONFLICT DO NOTHING`,
      [names],
    );
    for (const topic of await this.known(names)) {
      if (topic.partitions !== partitions)
        throw new WrongPartitionCount(`topic ${topic.name} has ${topic.partitions} partitions, not ${partitions}`);
    }
  }

  /** @throws when a topic is missing: topics are made on purpose, never by the way. */
  async known(names: readonly string[]): Promise<readonly BusTopic[]> {
    if (names.some((name) => !this.topics.has(name))) {
      await migrate(this.pool);
      const { rows } = await this.pool.query<BusTopic>('SELECT id, name, partitions FROM bus_topic WHERE name = ANY ($1)', [names]);
      for (const topic of rows) this.topics.set(topic.name, topic);
    }
    return names.map((name) => {
      const topic = this.topics.get(name);
      if (topic === undefined) throw new Error(`there is no topic ${name}`);
      return topic;
    });
  }

  async publish(name: string, messages: readonly Envelope[]): Promise<void> {
    const [topic] = (await this.known([name])) as [BusTopic];
    let partitions: number[] = [];
    let keys: string[] = [];
    let texts: string[] = [];
    let length = 0;
    const flush = async (): Promise<void> => {
      if (keys.length > 0) await this.pool.query({ name: 'bus_publish', text: PUBLISH, values: [topic.id, partitions, keys, texts] });
      [partitions, keys, texts, length] = [[], [], [], 0];
    };
    for (const message of messages) {
      const text = writeEnvelope(message);
      partitions.push(partitionOf(message.partitionkey, topic.partitions));
      keys.push(message.partitionkey);
      texts.push(text);
      length += text.length;
      if (keys.length >= MOST_MESSAGES_WRITTEN || length >= MOST_BYTES_WRITTEN) await flush();
    }
    await flush();
  }

  readonly bounds = oncePerTurn((name) => this.readBounds(name));

  private async readBounds(name: string): Promise<ReadonlyMap<number, Bounds>> {
    const [topic] = (await this.known([name])) as [BusTopic];
    const { rows } = await this.pool.query<{ partition: number; first: string; next: string }>(
      `SELECT p.partition, p.next, coalesce((SELECT min(m."offset") FROM bus_message m WHERE m.topic = p.topic AND m.partition = p.partition), p.next) AS first
       FROM bus_partition p WHERE p.topic = $1 ORDER BY p.partition`,
      [topic.id],
    );
    return new Map(rows.map((row) => [row.partition, { first: BigInt(row.first), next: BigInt(row.next) }]));
  }

  /** Heads of all partitions of topics, by topic id and partition. */
  async heads(
    topicIds: readonly number[],
  ): Promise<readonly { readonly topicId: number; readonly partition: number; readonly next: bigint }[]> {
    const { rows } = await this.pool.query<{ topic: number; partition: number; next: string }>(
      'SELECT topic, partition, next FROM bus_partition WHERE topic = ANY ($1)',
      [topicIds],
    );
    return rows.map((row) => ({ topicId: row.topic, partition: row.partition, next: BigInt(row.next) }));
  }

  async tail(name: string): Promise<ReadonlyMap<number, Envelope>> {
    const [topic] = (await this.known([name])) as [BusTopic];
    const { rows } = await this.pool.query<{ partition: number; envelope: string }>(
      `SELECT p.partition, m.envelope FROM bus_partition p
       CROSS JOIN LATERAL (SELECT envelope FROM bus_message b WHERE b.topic = p.topic AND b.partition = p.partition ORDER BY b."offset" DESC LIMIT 1) m
       WHERE p.topic = $1`,
      [topic.id],
    );
    return new Map(
      rows.map((row) => {
        const envelope = readEnvelope(row.envelope);
        if (envelope === undefined) throw new Error(`the last record of ${name}/${row.partition} is not an envelope`);
        return [row.partition, envelope];
      }),
    );
  }

  /**
   * What stands at each of these places, at most `limit` records and some megabytes for each. Requests of one turn share one round trip and what
   * they have in common is fetched once: a fact wakes all groups of a process together. Each gets envelopes of its own.
   */
  async read(places: readonly BusPlace[], limit: number): Promise<readonly (readonly LogMessage[])[]> {
    const shared = this.reads.get(limit) ?? this.newRead(limit);
    for (const place of places) shared.places.set(nameOf(place), place);
    const rows = await shared.rows;
    return places.map((place) =>
      (rows.get(nameOf(place)) ?? []).map((row) => {
        const envelope = readEnvelope(row.envelope);
        return { offset: BigInt(row.offset), key: row.key, envelope, ...(envelope === undefined ? { raw: row.envelope } : {}) };
      }),
    );
  }

  private newRead(limit: number): SharedRead {
    const places = new Map<string, BusPlace>();
    const turn = new Promise<void>((resolve) => void setImmediate(resolve));
    const read: SharedRead = { places, rows: turn.then(() => this.readRows([...places.values()], limit)) };
    this.reads.set(limit, read);
    return read;
  }

  private async readRows(places: readonly BusPlace[], limit: number): Promise<ReadonlyMap<string, readonly MessageRow[]>> {
    // Whoever asks from here on might have heard of records that this statement does not see yet.
    this.reads.delete(limit);
    const { rows } = await this.pool.query<MessageRow & { place: number }>({
      name: 'bus_read',
      text: READ,
      values: [places.map((p) => p.topicId), places.map((p) => p.partition), places.map((p) => p.next.toString()), limit],
    });
    const found = new Map<string, MessageRow[]>(places.map((place) => [nameOf(place), []]));
    for (const row of rows) found.get(nameOf(places[row.place - 1] as BusPlace))?.push(row);
    return found;
  }
}
