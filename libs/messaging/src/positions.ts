import type { Pool, PoolClient } from 'pg';
import { Halt, OutOfPlace } from './faults';
import type { Bounds, LogTransport } from './log-transport';

/** Where a group stands in a partition. */
export interface GroupPosition {
  readonly next: bigint;
  readonly fromStart: boolean;
}

/** The positions of one group, in the database its effects are written to. */
export class Positions {
  private readonly asked = new Map<string, Promise<ReadonlyMap<number, Bounds>>>();

  constructor(
    private readonly pool: Pool,
    private readonly transport: LogTransport,
    private readonly group: string,
    private readonly topics: readonly string[],
    private readonly startFrom: 'earliest' | 'latest',
  ) {}

  /** Writes down where a new group begins; a group that is known stays where it is. */
  async initialise(): Promise<void> {
    for (const topic of this.topics) {
      const bounds = [...(await this.transport.bounds(topic))];
      await this.pool.query(
        `INSERT INTO consumer_position (group_name, topic, partition, start, next)
         SELECT $1, $2, partition, start, start FROM unnest($3::int[], $4::bigint[]) AS b (partition, start) ON CONFLICT DO NOTHING`,
        [this.group, topic, bounds.map(([partition]) => partition), bounds.map(([, { first, next }]) => (this.startFrom === 'latest' ? next : first).toString())],
      );
    }
  }

  /**
   * Where reading goes on.
   * @throws Halt when the log cannot continue there: it was cut before the group had read it, or it is another, shorter log.
   */
  async startAt(topic: string, partition: number): Promise<bigint> {
    const [position, bounds] = await Promise.all([this.find(topic, partition), this.boundsOf(topic)]);
    const here = bounds.get(partition);
    if (position === undefined) {
      await this.initialise();
      throw new OutOfPlace(`${this.group} had no position in ${topic}/${partition}`);
    }
    if (here !== undefined && position < here.first) throw new Halt(`${topic}/${partition} begins at ${here.first}, but ${position} was not read yet`);
    if (here !== undefined && position > here.next) throw new Halt(`${topic}/${partition} ends at ${here.next}, but was read up to ${position}: this is another log`);
    return position;
  }

  /** Locks the row until the transaction ends, so that of two members with the same batch one writes and the other finds it done. */
  async lock(tx: PoolClient, topic: string, partition: number, statementTimeoutMs: number): Promise<GroupPosition> {
    const { rows } = await tx.query<{ start: string; next: string }>({
      name: 'consumer_position_lock',
      text: `SELECT start, next, set_config('statement_timeout', $4, true) FROM consumer_position WHERE group_name = $1 AND topic = $2 AND partition = $3 FOR UPDATE`,
      values: [this.group, topic, partition, String(statementTimeoutMs)],
    });
    return this.read(rows[0], topic, partition);
  }

  async peek(client: PoolClient, topic: string, partition: number): Promise<GroupPosition> {
    const { rows } = await client.query<{ start: string; next: string }>({
      name: 'consumer_position_peek',
      text: 'SELECT start, next FROM consumer_position WHERE group_name = $1 AND topic = $2 AND partition = $3',
      values: [this.group, topic, partition],
    });
    return this.read(rows[0], topic, partition);
  }

  async seen(client: PoolClient, streams: readonly string[]): Promise<ReadonlyMap<string, bigint>> {
    if (streams.length === 0) return new Map();
    const { rows } = await client.query<{ stream: string; sequence: string }>({
      name: 'stream_seen_find',
      text: 'SELECT stream, sequence FROM stream_seen WHERE group_name = $1 AND stream = ANY ($2)',
      values: [this.group, streams],
    });
    return new Map(rows.map(({ stream, sequence }) => [stream, BigInt(sequence)]));
  }

  /** Moves the position and what was seen, in one statement. */
  async advance(tx: PoolClient, topic: string, partition: number, next: bigint, seen: ReadonlyMap<string, bigint>): Promise<void> {
    await tx.query({
      name: 'consumer_position_advance',
      text: `WITH remembered AS (
               INSERT INTO stream_seen (group_name, stream, sequence) SELECT $1, * FROM unnest($5::text[], $6::bigint[])
               ON CONFLICT (group_name, stream) DO UPDATE SET sequence = excluded.sequence)
             UPDATE consumer_position SET next = $4 WHERE group_name = $1 AND topic = $2 AND partition = $3`,
      values: [this.group, topic, partition, next.toString(), [...seen.keys()], [...seen.values()].map(String)],
    });
  }

  /** Records between the positions and the heads; 0 means that everything published before the call is handled. */
  async lag(): Promise<bigint> {
    const heads = await Promise.all(this.topics.map(async (topic) => [topic, await this.transport.head(topic)] as const));
    const { rows } = await this.pool.query<{ topic: string; partition: number; next: string }>({
      name: 'consumer_position_all',
      text: 'SELECT topic, partition, next FROM consumer_position WHERE group_name = $1',
      values: [this.group],
    });
    const nexts = new Map(rows.map((row) => [`${row.topic}/${row.partition}`, BigInt(row.next)]));
    let lag = 0n;
    for (const [topic, head] of heads) {
      for (const [partition, end] of head) {
        const next = nexts.get(`${topic}/${partition}`) ?? 0n;
        // A position beyond the head belongs to another log: certainly not caught up, however long this one is.
        lag += end >= next ? end - next : next - end;
      }
    }
    return lag;
  }

  private async find(topic: string, partition: number): Promise<bigint | undefined> {
    const { rows } = await this.pool.query<{ next: string }>('SELECT next FROM consumer_position WHERE group_name = $1 AND topic = $2 AND partition = $3', [this.group, topic, partition]);
    return rows[0] === undefined ? undefined : BigInt(rows[0].next);
  }

  /** Asked once for all partitions that are given out together. */
  private boundsOf(topic: string): Promise<ReadonlyMap<number, Bounds>> {
    const asked = this.asked.get(topic) ?? this.transport.bounds(topic).finally(() => this.asked.delete(topic));
    this.asked.set(topic, asked);
    return asked;
  }

  private read(row: { start: string; next: string } | undefined, topic: string, partition: number): GroupPosition {
    if (row === undefined) throw new OutOfPlace(`${this.group} has no position in ${topic}/${partition}`);
    return { next: BigInt(row.next), fromStart: BigInt(row.start) === 0n };
  }
}
