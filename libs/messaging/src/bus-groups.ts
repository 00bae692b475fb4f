import { randomUUID } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import { BUS_CHANNEL } from './bus-log';
import { inTransaction } from '@qiyue/database';

export interface BusPartition {
  readonly topicId: number;
  readonly partition: number;
}

export const partitionKey = ({ topicId, partition }: BusPartition): string => `${topicId}/${partition}`;

interface MemberRow {
  readonly member: string;
  readonly topics: readonly number[];
}

/**
 * Which member reads a partition: the members of a topic in turn. Every member computes the same, so nobody has to lead.
 * The topic is added so that topics with one partition do not all fall to the first member.
 */
export const shareOf = (
  member: string,
  members: readonly MemberRow[],
  partitionsOf: ReadonlyMap<number, number>,
): readonly BusPartition[] =>
  [...partitionsOf].flatMap(([topicId, partitions]) => {
    const readers = members
      .filter(({ topics }) => topics.includes(topicId))
      .map((row) => row.member)
      .sort();
    return Array.from({ length: partitions }, (_, partition) => ({ topicId, partition })).filter(
      ({ partition }) => readers[(partition + topicId) % readers.length] === member,
    );
  });

/** What a beat found out about one's own membership. */
export interface Beat {
  /** False: the others took this member for dead and its partitions with it. */
  readonly alive: boolean;
  /** The group as it is, in a form that changes when the group does. */
  readonly group: string;
}

/** What a member holds after a rebalance. */
export interface Share {
  readonly held: readonly BusPartition[];
  /** Keys of those it should hold; what it holds beyond is given back when its batch is done. */
  readonly wanted: ReadonlySet<string>;
  /** Something it should hold has not been given back by another yet. */
  readonly waiting: boolean;
}

/** The rows that say who reads what. Leases only avoid double work; what a member still writes after losing one is undone by the position rows. */
export class BusGroups {
  constructor(
    private readonly pool: Pool,
    private readonly sessionMs: number,
  ) {}

  async join(group: string, topics: readonly number[]): Promise<string> {
    const member = randomUUID();
    await this.pool.query(
      `WITH joined AS (INSERT INTO bus_member (member, group_name, topics, expires_at) VALUES ($1, $2, $3, now() + $4 * interval '1 millisecond'))
       SELECT pg_notify('${BUS_CHANNEL}', 'g' || $1::text || ' ' || $2)`,
      [member, group, topics, this.sessionMs],
    );
    return member;
  }

  /** Takes the member and its leases away and tells the others. */
  async leave(group: string, member: string): Promise<void> {
    await this.pool.query(
      `WITH left_ AS (DELETE FROM bus_member WHERE member = $1) SELECT pg_notify('${BUS_CHANNEL}', 'g' || $1::text || ' ' || $2::text)`,
      [member, group],
    );
  }

  /** Says that these members live; one round trip for all groups of a process. */
  async beat(members: readonly { readonly member: string; readonly group: string }[]): Promise<ReadonlyMap<string, Beat>> {
    const { rows } = await this.pool.query<{ member: string; group_name: string; mine: boolean; live: boolean }>({
      name: 'bus_beat',
      text: `WITH beat AS (UPDATE bus_member SET expires_at = now() + $2 * interval '1 millisecond' WHERE member = ANY ($1::uuid[]) RETURNING member)
             SELECT m.member, m.group_name, b.member IS NOT NULL AS mine, b.member IS NOT NULL OR m.expires_at > now() AS live
             FROM bus_member m LEFT JOIN beat b USING (member) WHERE m.group_name = ANY ($3) ORDER BY m.member`,
      values: [members.map((m) => m.member), this.sessionMs, [...new Set(members.map((m) => m.group))]],
    });
    const alive = new Set(rows.filter((row) => row.mine).map((row) => row.member));
    return new Map(
      members.map(({ member, group }) => [
        member,
        {
          alive: alive.has(member),
          group: rows
            .filter((row) => row.group_name === group)
            .map((row) => `${row.member}${row.live ? '' : ' dead'}`)
            .join(),
        },
      ]),
    );
  }

  /**
   * Buries members that have expired, gives back what this member should no longer read (unless `busy`) and takes what it should and nobody holds.
   * Returns what it holds now and whether it waits for others to give back. Undefined: it was taken for dead itself.
   */
  rebalance(
    group: string,
    member: string,
    partitionsOf: ReadonlyMap<number, number>,
    busy: ReadonlySet<string>,
  ): Promise<Share | undefined> {
    return inTransaction(this.pool, async (tx) => {
      await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('qiyue_bus ' || $1, 0))`, [group]);
      await tx.query('DELETE FROM bus_member WHERE group_name = $1 AND expires_at < now() AND member <> $2', [group, member]);
      const members = await tx.query<MemberRow>('SELECT member, topics FROM bus_member WHERE group_name = $1', [group]);
      if (!members.rows.some((row) => row.member === member)) return undefined;
      const wanted = shareOf(member, members.rows, partitionsOf);
      const mine = await this.exchange(tx, group, member, wanted, busy);
      const keys = new Set(mine.map(partitionKey));
      return { held: mine, wanted: new Set(wanted.map(partitionKey)), waiting: wanted.some((one) => !keys.has(partitionKey(one))) };
    });
  }

  /** Gives one partition back, once the batch that was running is done. */
  async release(group: string, member: string, { topicId, partition }: BusPartition): Promise<void> {
    await this.pool.query(
      `WITH freed AS (DELETE FROM bus_lease WHERE group_name = $1 AND topic = $2 AND partition = $3 AND member = $4) SELECT pg_notify('${BUS_CHANNEL}', 'g' || $4::text || ' ' || $1::text)`,
      [group, topicId, partition, member],
    );
  }

  private async exchange(
    tx: PoolClient,
    group: string,
    member: string,
    wanted: readonly BusPartition[],
    busy: ReadonlySet<string>,
  ): Promise<readonly BusPartition[]> {
    const keep = new Set([...wanted.map(partitionKey), ...busy]);
    const held = await tx.query<{ topic: number; partition: number }>(
      'SELECT topic, partition FROM bus_lease WHERE group_name = $1 AND member = $2',
      [group, member],
    );
    const mine = held.rows.map((row) => ({ topicId: row.topic, partition: row.partition }));
    const surplus = mine.filter((one) => !keep.has(partitionKey(one)));
    if (surplus.length > 0) {
      await tx.query(
        `WITH freed AS (DELETE FROM bus_lease l USING unnest($3::int[], $4::int[]) AS s (topic, partition)
           WHERE l.group_name = $1 AND l.member = $2 AND l.topic = s.topic AND l.partition = s.partition)
         SELECT pg_notify('${BUS_CHANNEL}', 'g' || $2::text || ' ' || $1::text)`,
        [group, member, surplus.map((one) => one.topicId), surplus.map((one) => one.partition)],
      );
    }
    const taken = await tx.query<{ topic: number; partition: number }>(
      `INSERT INTO bus_lease (group_name, member, topic, partition) SELECT $1, $2, * FROM unnest($3::int[], $4::int[]) ON CONFLICT DO NOTHING RETURNING topic, partition`,
      [group, member, wanted.map((one) => one.topicId), wanted.map((one) => one.partition)],
    );
    return [
      ...mine.filter((one) => keep.has(partitionKey(one))),
      ...taken.rows.map((row) => ({ topicId: row.topic, partition: row.partition })),
    ];
  }
}
