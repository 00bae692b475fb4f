import { startEventStoreNode } from '@qiyue/event-store-node';
import { createPlatform, type Platform } from '@qiyue/service-kit';
import type { LocalPostgres } from '@qiyue/local-postgres';
import { join } from 'node:path';
import { openSecrets, type Secrets } from './secrets';
import { allServices } from './services';
import { platformSettings } from './settings';

export interface EmbeddedOptions {
  /** Where everything is kept; a second start on the same folder goes on where the first one ended. */
  readonly dataDir: string;
  /** Port of the HTTP server; 0 takes a free one. */
  readonly port: number;
  /** A PostgreSQL that runs already, without a database name; one of our own in the data folder if left out. */
  readonly postgresUrl?: string;
  /** What the names of all databases start with; `qiyue_` if left out. */
  readonly databasePrefix?: string;
  /** Settings that go before those of the embedded profile; names as in docs/config.md. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** The whole platform in this process. */
export interface Embedded {
  readonly url: string;
  readonly staff: Secrets['staff'];
  /** PostgreSQL database of the event store node. */
  readonly eventsUrl: string;
  readonly platform: Platform;
  /** Stops in the reverse order of the start. */
  stop(): Promise<void>;
}

const ownPostgres = async (dataDir: string, password: string, started: (() => Promise<void>)[]): Promise<string> => {
  // Loaded only where it is needed: the binaries are not there in an image that brings its own PostgreSQL.
  const { startPostgres } = await import('@qiyue/local-postgres');
  const postgres: LocalPostgres = await startPostgres({ dataDir, password });
  started.push(() => postgres.stop());
  return postgres.url;
};

/** Starts PostgreSQL, the event store node and the six services. Whatever was started is stopped again when a later part does not come up. */
export const startEmbedded = async (options: EmbeddedOptions): Promise<Embedded> => {
  const started: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of started.splice(0).reverse()) await end();
  };
  try {
    const secrets = await openSecrets(join(options.dataDir, 'secrets.json'));
    const postgresUrl = options.postgresUrl ?? (await ownPostgres(options.dataDir, secrets.postgresPassword, started));
    const { databasePrefix = 'qiyue_' } = options;
    const database = `${databasePrefix}events`;
    const node = await startEventStoreNode({ postgresUrl, database, port: 0, insecure: true });
    started.push(() => node.stop());
    const platform = await createPlatform({
      services: allServices,
      env: {
        ...platformSettings(secrets, { postgresUrl, databasePrefix, eventStoreUrl: node.connectionString }),
        PORT: String(options.port),
        POOL_MAX: '5',
        ...options.env,
      },
    });
    started.push(() => platform.stop());
    return { url: platform.url, staff: secrets.staff, eventsUrl: `${postgresUrl}/${database}`, platform, stop };
  } catch (fault) {
    await stop();
    throw fault;
  }
};
