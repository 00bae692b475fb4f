import type { Envelope } from '@qiyue/contracts';
import { surviveDrops } from '@qiyue/database';
import pg from 'pg';
import { startConsumer } from './consumer';
import type { ConsumerHandle, ConsumerProblem, ProjectionOptions, ReactionOptions } from './consumer-options';
import type { LogTransport } from './log-transport';
import { placing } from './testing-envelopes';
import { uniqueName } from './testing-broker';
import { temporaryDatabase, until } from './testing-support';

const PARTITIONS = 4;

const lit = { service: 'lamp', name: 'LampLit', version: 1 };
const catalogue = [lit, { service: 'lamp', name: 'LampSold', version: 1 }];

type Projection = Partial<Omit<ProjectionOptions, 'mode' | 'apply'>> & { readonly apply?: ProjectionOptions['apply'] };
type Reaction = Partial<Omit<ReactionOptions, 'mode' | 'react'>> & { readonly react?: ReactionOptions['react'] };

/**
 * A consuming service for specs: a database with one table, `effect`, into which a projection writes each envelope it applies and of which a
 * reaction writes each envelope it reacts to. Without unique keys, so that doing anything twice shows.
 */
export class SampleService {
  readonly problems: ConsumerProblem[] = [];
  readonly handles: ConsumerHandle[] = [];
  readonly group = uniqueName('group');
  /** Gives envelopes their places in the order in which they come here. */
  readonly placed = placing(PARTITIONS);

  private constructor(
    readonly pool: pg.Pool,
    readonly url: string,
    readonly topic: string,
    private readonly drop: () => Promise<void>,
  ) {}

  static async open(serverUrl: string, topic: string): Promise<SampleService> {
    const database = await temporaryDatabase(serverUrl, 'service');
    const pool = surviveDrops(new pg.Pool({ connectionString: database.url, max: 12 }));
    await pool.query('CREATE TABLE effect (at bigint GENERATED ALWAYS AS IDENTITY, stream text NOT NULL, id text NOT NULL)');
    return new SampleService(pool, database.url, topic, () => database.drop());
  }

  /** Tells envelopes on the service's topic as a relay would. */
  readonly tell = (transport: LogTransport, envelopes: readonly Envelope[]): Promise<void> =>
    transport.publish(this.topic, this.placed(envelopes));

  /** Writes one row per envelope, in a statement per envelope as a careless handler would. */
  readonly write = async (tx: pg.Pool | pg.PoolClient, envelopes: readonly Envelope[]): Promise<void> => {
    for (const { subject, id } of envelopes) await tx.query('INSERT INTO effect (stream, id) VALUES ($1, $2)', [subject, id]);
  };

  private get common() {
    return {
      pool: this.pool,
      group: this.group,
      topics: [this.topic],
      partitions: PARTITIONS,
      handles: [lit],
      catalogue,
      retry: { attempts: 3, firstDelayMs: 1, maxDelayMs: 5 },
      onProblem: (problem: ConsumerProblem) => void this.problems.push(problem),
    };
  }

  async project(transport: LogTransport, over: Projection = {}): Promise<ConsumerHandle> {
    const handle = await startConsumer({ ...this.common, transport, apply: this.write, ...over, mode: 'projection' });
    this.handles.push(handle);
    return handle;
  }

  async react(transport: LogTransport, over: Reaction = {}): Promise<ConsumerHandle> {
    const handle = await startConsumer({
      ...this.common,
      transport,
      react: (envelope) => this.write(this.pool, [envelope]),
      ...over,
      mode: 'reaction',
    });
    this.handles.push(handle);
    return handle;
  }

  /** Ids of what took effect, in order; of one stream if told. */
  async effects(stream?: string): Promise<readonly string[]> {
    const { rows } = await this.pool.query<{ id: string }>('SELECT id FROM effect WHERE $1::text IS NULL OR stream = $1 ORDER BY at', [
      stream ?? null,
    ]);
    return rows.map(({ id }) => id);
  }

  quiet(handle: ConsumerHandle, withinMs?: number): Promise<boolean> {
    return until('the consumer to be caught up', () => handle.caughtUp().catch(() => false), withinMs);
  }

  async close(): Promise<void> {
    await Promise.all(this.handles.map((handle) => handle.stop()));
    await this.pool.end();
    await this.drop();
  }
}
