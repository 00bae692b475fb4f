import { typeOf, type Envelope, type Fact } from '@qiyue/contracts';
import { events, internal, stream, Type } from '@qiyue/decider';
import { comparePositions, type StoredEvent, type Subscription } from '@qiyue/event-store';
import type { Delivery } from '@qiyue/messaging';
import { Pool } from 'pg';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Item } from './item';
import { readModel } from './read-model';
import type { Position, Replay, Subscribe } from './sources';

/** Polls until a condition holds. */
export const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
};

let databases = 0;

/** A database of the suite's own on the tests' PostgreSQL. */
export const openDatabase = async (
  suite: string,
): Promise<{ readonly pool: Pool; readonly url: string; readonly close: () => Promise<void> }> => {
  const server = process.env['QIYUE_TEST_POSTGRES_URL'] as string;
  const name = `projections_${suite}_${process.pid}_${(databases += 1)}`;
  const admin = new Pool({ connectionString: `${server}/postgres`, max: 1 });
  await admin.query(`CREATE DATABASE "${name}"`);
  const pool = new Pool({ connectionString: `${server}/${name}`, max: 12 });
  pool.on('error', () => undefined);
  return {
    pool,
    url: `${server}/${name}`,
    close: async () => {
      await pool.end();
      await admin.query(`DROP DATABASE "${name}" WITH (FORCE)`);
      await admin.end();
    },
  };
};

const positionOf = (index: number): Position => ({ commit: BigInt(index + 1) * 10n, prepare: BigInt(index + 1) * 10n });

/** An event store in memory. */
export interface FakeStore {
  readonly log: readonly StoredEvent[];
  append(stream: string, type: string, data: object): StoredEvent;
  readonly subscribe: Subscribe;
  /** Held back, events are stored but not delivered. */
  hold(): void;
  release(): void;
}

export const fakeStore = (): FakeStore => {
  const log: StoredEvent[] = [];
  const revisions = new Map<string, bigint>();
  const wakers = new Set<() => void>();
  let held = false;
  const wakeAll = (): void => [...wakers].forEach((wake) => wake());
  const lastOf = (categories: readonly string[]): Position | undefined =>
    log.findLast(({ category }) => categories.includes(category))?.position;
  const subscribe: Subscribe = ({ categories, from, onBatch, batchSize = 500 }) => {
    let handled = from;
    let stopped = false;
    let running = true;
    const loop = (async () => {
      while (!stopped) {
        const next = held
          ? []
          : log
              .filter(({ category, position }) => categories.includes(category) && comparePositions(position, handled) > 0)
              .slice(0, batchSize);
        const upTo = next.at(-1)?.position;
        if (upTo === undefined) {
          await new Promise<void>((resolve) => {
            const wake = (): void => {
              wakers.delete(wake);
              resolve();
            };
            wakers.add(wake);
          });
          continue;
        }
        await onBatch(next, upTo);
        handled = upTo;
      }
      running = false;
    })();
    const subscription: Subscription = {
      position: () => handled,
      caughtUp: async () => comparePositions(handled, lastOf(categories)) >= 0,
      stop: async () => {
        stopped = true;
        wakeAll();
        await loop;
      },
      health: () => ({
        state: running ? 'live' : 'stopped',
        position: handled,
        lastError: undefined,
        events: 0,
        batches: 0,
        resubscriptions: 0,
        failures: 0,
        stalls: 0,
      }),
    };
    return subscription;
  };
  return {
    log,
    subscribe,
    append: (streamName, type, data) => {
      const revision = (revisions.get(streamName) ?? -1n) + 1n;
      revisions.set(streamName, revision);
      const dash = streamName.indexOf('-');
      const id = `${streamName}@${revision}`;
      const stored: StoredEvent = {
        id,
        stream: streamName,
        category: streamName.slice(0, dash),
        streamId: streamName.slice(dash + 1),
        revision,
        position: positionOf(log.length),
        type,
        data,
        metadata: {
          schemaVersion: 1,
          correlationId: 'c',
          causationId: 'c',
          commandId: id,
          fingerprint: '',
          command: 'x',
          factsHash: '',
          actor: { kind: 'system', id: 'spec' },
          recordedAt: '2026-03-02T00:00:00.000Z',
          prevHash: '',
          hash: '',
        },
      };
      log.push(stored);
      wakeAll();
      return stored;
    },
    hold: () => (held = true),
    release: () => {
      held = false;
      wakeAll();
    },
  };
};

const orderEvents = events({
  OrderPlaced: internal('spec', Type.Object({ customer: Type.String(), minor: Type.Integer(), note: Type.Optional(Type.String()) })),
  LineAdded: internal('spec', Type.Object({ sku: Type.String(), minor: Type.Integer() })),
  OrderPaid: internal('spec', Type.Object({ minor: Type.Integer() })),
  OrderDropped: internal('spec', Type.Object({})),
});

export const order = stream({
  category: 'order',
  events: orderEvents,
  initialState: { status: 'none' },
  evolve: (state) => state,
  decide: {},
});

@Entity('orders')
export class OrderRow {
  @PrimaryColumn() orderId!: string;
  @Index() @Column() customer!: string;
  @Column() minor!: number;
  @Column('bigint') paidMinor!: string;
  @Column() open!: boolean;
  @Column('text', { nullable: true }) note!: string | null;
  @Column('jsonb') lines!: readonly { readonly sku: string; readonly minor: number }[];
}

/** One row per order. */
export const ordersModel = (version = 1) =>
  readModel(OrderRow, {
    version,
    own: [order],
    on: {
      OrderPlaced: (_row, { customer, minor, note }, { streamId }) => ({
        orderId: streamId,
        customer,
        minor,
        paidMinor: '0',
        open: true,
        note: note ?? null,
        lines: [],
      }),
      LineAdded: (row, { sku, minor }) => row && { ...row, minor: row.minor + minor, lines: [...row.lines, { sku, minor }] },
      OrderPaid: (row, { minor }) => row && { ...row, paidMinor: String(BigInt(row.paidMinor) + BigInt(minor)), open: false },
      OrderDropped: () => undefined,
    },
  });

@Entity('balances')
export class BalanceRow {
  @PrimaryColumn() side!: string;
  @PrimaryColumn('bigint') bucket!: string;
  @Column() items!: number;
  @Column('bigint') minor!: string;
}

/** Several rows per event, a key of two columns, rows fed by many streams: what counts twice shows. */
export const balancesModel = (version = 1) =>
  readModel(BalanceRow, {
    version,
    own: [order],
    on: {
      OrderPlaced: {
        key: ({ data, streamId }) => [
          { side: 'all', bucket: '0' },
          { side: data.customer, bucket: String(streamId.length) },
        ],
        fold: (row, { minor }, _item, key) => {
          const { side, bucket } = key as BalanceRow;
          return { side, bucket, items: (row?.items ?? 0) + 1, minor: String(BigInt(row?.minor ?? 0) + BigInt(minor)) };
        },
      },
    },
  });

const fact = <Name extends string, Schema extends Fact['schema']>(
  service: Fact['service'],
  name: Name,
  schema: Schema,
  example: Fact<Name, Schema>['example'],
): Fact<Name, Schema> => ({ service, name, version: 1, meaning: 'Spec.', schema, example });

export const AccountOpened = fact('identity', 'AccountOpened', Type.Object({ name: Type.String() }), { name: 'x' });
export const AccountCounted = fact('identity', 'AccountCounted', Type.Object({ by: Type.Integer() }), { by: 1 });

@Entity('accounts')
export class AccountRow {
  @PrimaryColumn() accountId!: string;
  @Column() name!: string;
  @Column() count!: number;
}

export const accountsModel = (version = 1) =>
  readModel(AccountRow, {
    version,
    facts: [AccountOpened, AccountCounted],
    on: {
      AccountOpened: (_row, { name }, { streamId }) => ({ accountId: streamId, name, count: 0 }),
      AccountCounted: (row, { by }) => row && { ...row, count: row.count + by },
    },
  });

/** A log of facts in memory, of one partition. Positions grow with every fact. */
export const fakeLog = () => {
  const log: Envelope[] = [];
  const last = new Map<string, string>();
  const place = { topic: 'facts', partition: 0 };
  let told = 0;
  const replay: Replay = async function* (services, from) {
    const head = log.length;
    for (let at = from === undefined ? 0 : Number(from); at < head; at += 3) {
      const end = Math.min(at + 3, head);
      yield {
        ...place,
        envelopes: log.slice(at, end).filter(({ source }) => services.some((service) => source === `/qiyue/${service}`)),
        next: String(end),
      };
    }
  };
  return {
    log,
    replay,
    /** How the consumer says that it hands over facts of this log, at its first attempt unless told. */
    delivery: (more: Partial<Delivery> = {}): Delivery => ({ ...place, attempt: 1, isRedriven: false, ...more }),
    tell: (of: Fact, streamName: string, revision: number, data: object): Envelope => {
      const previous = last.get(streamName);
      last.set(streamName, String(revision));
      const envelope: Envelope = {
        specversion: '1.0',
        id: `${streamName}@${revision}`,
        source: `/qiyue/${of.service}`,
        type: typeOf(of),
        subject: streamName,
        partitionkey: streamName,
        time: '2026-03-02T00:00:00.000Z',
        recordedtime: '2026-03-02T00:00:00.000Z',
        datacontenttype: 'application/json',
        dataschema: '',
        sequence: String(revision),
        ...(previous === undefined ? {} : { previoussequence: previous }),
        position: `${(told += 1)}:${told}`,
        correlationid: 'c',
        causationid: 'c',
        chainhash: 'h',
        data,
      };
      log.push(envelope);
      return envelope;
    },
  };
};

/** An own item, made by hand. */
export const itemOf = (streamName: string, revision: number, type: string, data: object): Item => ({
  source: 'own',
  type,
  data,
  id: `${streamName}@${revision}`,
  stream: streamName,
  streamId: streamName.slice(streamName.indexOf('-') + 1),
  revision: BigInt(revision),
  recordedAt: '2026-03-02T00:00:00.000Z',
  correlationId: 'c',
  causationId: 'c',
  actor: { kind: 'system', id: 'spec' },
});
