import { migrate } from '@qiyue/database';
import type { DestinationStream, Logger } from 'pino';
import type { Pool } from 'pg';
import { embeddedTransport, kafkaTransport, type LogTransport } from '@qiyue/messaging';
import { connectEventStore, localKek, migrateVault, openVault, type EventStoreClient, type Vault } from '@qiyue/event-store';
import { openKeys } from '../auth/keys';
import { Tokens } from '../auth/tokens';
import { SystemClock, type Clock } from '../clock';
import { kafkaConnection } from '../config/connections';
import type { PlatformConfig } from '../config/platform-config';
import { databaseUrl, ensureDatabases, openPool } from '../store/databases';
import { platformSchema } from '../store/schema';
import { makeLogger } from './logger';
import { Metrics } from './metrics';
import { need } from './need';
import { Pace } from './pace';
import { QuietRegistry } from './quiet';
import { TestClock } from './test-clock';

/** Opens a transport in place of the built-in ones. */
export type OpenTransport = (config: PlatformConfig, pool: Pool) => Promise<LogTransport>;

export interface ProcessOptions {
  readonly config: PlatformConfig;
  readonly serviceNames: readonly string[];
  readonly openTransport?: OpenTransport;
  /** Where the log goes; standard output unless told. */
  readonly logTo?: DestinationStream;
}

/** Everything that the services of one process share. */
export interface Process {
  readonly config: PlatformConfig;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly testClock: TestClock | undefined;
  readonly client: EventStoreClient;
  readonly vault: Vault;
  readonly transport: LogTransport;
  readonly tokens: Tokens;
  readonly quiet: QuietRegistry;
  readonly pace: Pace;
  readonly platformPool: Pool;
  openServicePool(service: string): Pool;
  close(): Promise<void>;
}

const openBus = async (options: ProcessOptions, pool: Pool): Promise<LogTransport> => {
  if (options.openTransport !== undefined) return options.openTransport(options.config, pool);
  const { config } = options;
  return config.bus === 'kafka' ? kafkaTransport(kafkaConnection(config)) : embeddedTransport({ pool });
};

const headOf = async (client: EventStoreClient): Promise<string> => {
  const [last] = await client.readAllBackwards({ maxCount: 1 });
  return last === undefined ? '' : `${last.position.commit}:${last.position.prepare}`;
};

/** Opens what the process shares: databases, event store, vault, bus, clock, keys. Closes again what was opened when something fails. */
export const openProcess = async (options: ProcessOptions): Promise<Process> => {
  const { config, serviceNames } = options;
  const logger = makeLogger(config.logLevel, options.logTo);
  const closing: (() => Promise<unknown> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const step of closing.splice(0).reverse())
      await Promise.resolve(step()).catch((fault: unknown) => logger.warn({ err: fault }, 'could not be closed'));
  };
  try {
    const names = [...serviceNames, 'bus', 'vault', 'platform'].map((name) => `${config.databasePrefix}${name}`);
    if (config.createDatabases) await need('PostgreSQL', () => ensureDatabases(config.postgresUrl, names));
    const open = (name: string, max: number): Pool => {
      const pool = openPool(databaseUrl(config.postgresUrl, `${config.databasePrefix}${name}`), {
        max,
        connectionTimeoutMillis: config.poolWaitMs,
        onTrouble: (fault) => logger.warn({ err: fault, database: name }, 'an idle connection dropped'),
      });
      closing.push(() => pool.end());
      return pool;
    };
    const platformPool = open('platform', 2);
    await need('PostgreSQL', () => platformPool.query('SELECT 1'));
    await migrate(platformPool, 'service-kit-platform', platformSchema);
    const vaultPool = open('vault', 3);
    await migrateVault(vaultPool);
    const testClock = config.testClock === 'off' ? undefined : await TestClock.open(platformPool, config.testClock, config.testClockStart);
    closing.push(() => testClock?.close());
    const clock = testClock ?? new SystemClock();
    const client = connectEventStore(config.eventStoreUrl);
    closing.push(() => client.dispose());
    await need('the event store', () => headOf(client));
    const transport = await openBus(options, open('bus', 8));
    closing.push(() => transport.close());
    const tokens = new Tokens({
      clock,
      issuer: config.authIssuer,
      audience: config.authAudience,
      ttlSeconds: config.tokenTtlSeconds,
      skewSeconds: config.tokenSkewSeconds,
      keptMax: config.tokensKeptMax,
      ...(await openKeys(config, serviceNames.includes('identity'), platformPool)),
    });
    const vault = openVault({ pool: vaultPool, kek: localKek(config.vaultKek) });
    const quiet = new QuietRegistry(() => headOf(client));
    const pace = new Pace();
    closing.push(() => pace.stop());
    return {
      config,
      logger,
      metrics: new Metrics(),
      clock,
      testClock,
      client,
      vault,
      transport,
      tokens,
      quiet,
      pace,
      platformPool,
      openServicePool: (service) => open(service, config.poolMax),
      close,
    };
  } catch (fault) {
    await close();
    throw fault;
  }
};
