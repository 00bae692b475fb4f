import { randomBytes } from 'node:crypto';
import { startEventStoreNode, type EventStoreNode } from './node';
import type { EventStoreNodeOptions } from './options';
import { dropDatabase } from './schema';

/** A node for one test suite. */
export interface TestNode {
  /** For `EventStoreDBClient.connectionString`. */
  readonly connectionString: string;
  /** The node's database, fresh and of its own. */
  readonly database: string;
  /** The PostgreSQL server, without a database name. */
  readonly postgresUrl: string;
  readonly node: EventStoreNode;
  /** Stops the node and drops its database. */
  stop(): Promise<void>;
}

/** Starts a node in this process, on a free port and a fresh database of the PostgreSQL that `QIYUE_TEST_POSTGRES_URL` names. */
export const startTestNode = async (options: Partial<EventStoreNodeOptions> = {}): Promise<TestNode> => {
  const postgresUrl = options.postgresUrl ?? process.env['QIYUE_TEST_POSTGRES_URL'];
  if (!postgresUrl) throw new Error('QIYUE_TEST_POSTGRES_URL is not set: run under the int project of Jest');
  const database = options.database ?? `esn_${randomBytes(8).toString('hex')}`;
  const node = await startEventStoreNode({
    port: 0,
    ...(options.tls ? {} : { insecure: true as const }),
    ...options,
    postgresUrl,
    database,
  });
  return {
    connectionString: node.connectionString,
    database,
    postgresUrl,
    node,
    stop: async () => {
      await node.stop();
      await dropDatabase(postgresUrl, database);
    },
  };
};
