import { UNHURRIED } from '@qiyue/database';
import type { Pool, PoolClient } from 'pg';
import { oncePerTurn } from './coalesced';
import { parsePlace } from './envelope-of';
import { Halt, OutOfPlace } from './faults';
import type { LogBatch, LogTransport } from './log-transport';
import type { Position } from './relay-options';

/** What a group remembers of a partition, as far as a batch is concerned. */
export interface GroupMemory {
  /** Where it stands. */
  readonly next: bigint;
  /** It stands at the partition's very first record. */
  readonly atStart: boolean;
  /** Place of the last fact seen; undefined before the first. */
  readonly last: Position | undefined;
  /** Whether anything is parked in the group at all. */
  readonly hasParked: boolean;
}

/** The positions of one group, in the database its effects are written to. */
export class Positions {
  private readonly boundsOf = oncePerTurn((topic) => this.transport.bounds(topic));
  private readonly nextsOf = oncePerTurn((topic) => this.findAll(topic));

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
        [
          this.group,
          topic,
          bounds.map(([partition]) => partition),
          bounds.map(([, { first, next }]) => (this.startFrom === 'latest' ? next : first).toString()),
        ],
      );
    }
  }

  /**
   * Where reading goes on.
   * @throws Halt when the log cannot continue there: it was cut before the group had read it, or it is another, shorter log.
   */
  async startAt(topic: string, partition: number): Promise<bigint> {
    const position = (await this.nextsOf(topic)).get(partition);
    // Only after the position: asked before, the log could look shorter than what another member has read of it meanwhile.
    const here = (await this.boundsOf(topic)).get(partition);
    if (position === undefined) {
      await this.initialise();
      throw new OutOfPlace(`${this.group} had no position in ${topic}/${partition}`);
    }
    if (here !== undefined && position < here.first)
      throw new Halt(`${topic}/${partition} begins at ${here.first}, but ${position} was not read yet`);
    if (here !== undefined && position > here.next)
      throw new Halt(`${topic}/${partition} ends at ${here.next}, but was read up to ${position}: this is another log`);
    return position;
  }

  /**
   * Everything the group remembers that bears on a batch, in one round trip. With `lock` the position stays locked until the transaction ends: of two
   * members with the same batch one writes and the other finds it done.
   */
  async recall(
    client: Pool | PoolClient,
    batch: Pick<LogBatch, 'topic' | 'partition' | 'from'>,
    lock?: { readonly statementTimeoutMs: number },
  ): Promise<GroupMemory> {
    const { topic, partition, from } = batch;
    const first = await this.ask(client, topic, partition, lock);
    // A statement that had to wait for the lock sees the position as it is but the rest as it was before the wait; asked again, it sees all as it is.
    return lock !== undefined && first.next !== from ? this.ask(client, topic, partition, lock) : first;
  }

  private async ask(
    client: Pool | PoolClient,
    topic: string,
    partition: number,
    lock?: { readonly statementTimeoutMs: number },
  ): Promise<GroupMemory> {
    const { rows } = await client.query<{ start: string; next: string; last: string | null; hasParked: boolean }>({
      name: `consumer_recall${lock === undefined ? '' : '_lock'}`,
      text: `WITH here AS MATERIALIZED (SELECT * FROM consumer_position WHERE group_name = $1 AND topic = $2 AND partition = $3 ${lock === undefined ? '' : 'FOR UPDATE'})
             SELECT start, next, last_commit || ':' || last_prepare AS last, EXISTS (SELECT FROM parked_key WHERE group_name = $1) AS "hasParked"
               ${lock === undefined ? '' : `, set_config('statement_timeout', $4, true)`}
             FROM here`,
      values: [this.group, topic, partition, ...(lock === undefined ? [] : [String(lock.statementTimeoutMs)])],
    });
    const row = rows[0];
    if (row === undefined) throw new OutOfPlace(`${this.group} has no position in ${topic}/${partition}`);
    return {
      next: BigInt(row.next),
      atStart: BigInt(row.start) === 0n && BigInt(row.next) === 0n,
      last: row.last === null ? undefined : parsePlace(row.last),
      hasParked: row.hasParked,
    };
  }

  /**
   * Moves the position and what was seen last, in one statement, if the group still stands at `from`; says whether it did. Does not wait for the disk: a
   * group that a crash of PostgreSQL sets back is given the same records again.
   */
  async advance(
    client: Pool | PoolClient,
    topic: string,
    partition: number,
    from: bigint,
    next: bigint,
    last: Position | undefined,
  ): Promise<boolean> {
    const { rowCount } = await client.query({
      name: 'consumer_advance',
      text: `UPDATE consumer_position SET next = $5, last_commit = $6, last_prepare = $7
             WHERE group_name = $1 AND topic = $2 AND partition = $3 AND next = $4 AND ${UNHURRIED}`,
      values: [this.group, topic, partition, from, next, last?.commit, last?.prepare],
    });
    return rowCount === 1;
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

  private async findAll(topic: string): Promise<ReadonlyMap<number, bigint>> {
    const { rows } = await this.pool.query<{ partition: number; next: string }>(
      'SELECT partition, next FROM consumer_position WHERE group_name = $1 AND topic = $2',
      [this.group, topic],
    );
    return new Map(rows.map(({ partition, next }) => [partition, BigInt(next)]));
  }
}
