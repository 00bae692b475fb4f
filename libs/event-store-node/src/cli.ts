#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Command, InvalidArgumentError } from 'commander';
import type { NodeUser } from './access';
import { startEventStoreNode } from './node';

interface Flags {
  readonly port: number;
  readonly database: string;
  readonly host: string;
  readonly advertisedHost?: string;
  readonly postgresUrl?: string;
  readonly insecure?: true;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly user?: string;
  readonly passwordFile?: string;
  readonly usersFile?: string;
  readonly maxAppendBytes?: number;
  readonly maxHeapMb: number;
}

const whole = (text: string): number => {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('not a whole number');
  return Number(text);
};

const program = new Command('event-store-node')
  .description('An EventStoreDB-compatible node over PostgreSQL.')
  .requiredOption('--port <port>', 'port to listen on (0: any)', whole)
  .requiredOption('--database <name>', 'the database of this node; made if it is not there')
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option('--advertised-host <name>', 'name under which clients reach this node')
  .option(
    '--postgres-url <url>',
    'PostgreSQL server without a database name; POSTGRES_URL if not given, else one of our own with its data in .data/',
  )
  .option('--insecure', 'no TLS')
  .option('--tls-cert <file>', 'certificate chain (PEM)')
  .option('--tls-key <file>', 'private key (PEM)')
  .option('--user <name>', 'an admin who may sign in; with no user at all everybody may do everything')
  .option('--password-file <file>', "that admin's password; EVENT_STORE_NODE_PASSWORD if not given")
  .option('--users-file <file>', 'further users: a JSON array of {name, password, admin?, roles?}')
  .option('--max-append-bytes <bytes>', 'most bytes in one append', whole)
  .option('--max-heap-mb <megabytes>', 'most memory for JavaScript objects', whole, 512);

const usersOf = (flags: Flags): NodeUser[] => {
  const users: NodeUser[] = [];
  if (flags.usersFile !== undefined) {
    const listed: unknown = JSON.parse(readFileSync(flags.usersFile, 'utf8'));
    const isUser = (user: unknown): user is NodeUser =>
      typeof user === 'object' &&
      user !== null &&
      'name' in user &&
      typeof user.name === 'string' &&
      'password' in user &&
      typeof user.password === 'string';
    if (!Array.isArray(listed) || !listed.every(isUser))
      throw new Error(`${flags.usersFile} is not a JSON array of {name, password, admin?, roles?}`);
    users.push(...listed);
  }
  if (flags.user === undefined) return users;
  const password =
    flags.passwordFile === undefined
      ? process.env['EVENT_STORE_NODE_PASSWORD']
      : readFileSync(flags.passwordFile, 'utf8').replace(/\r?\n$/, '');
  if (!password) throw new Error('--user needs --password-file or EVENT_STORE_NODE_PASSWORD');
  return [...users, { name: flags.user, password, admin: true }];
};

const tlsOf = (flags: Flags): { cert: Buffer; key: Buffer } | undefined => {
  if (flags.tlsCert === undefined && flags.tlsKey === undefined) return undefined;
  if (flags.tlsCert === undefined || flags.tlsKey === undefined) throw new Error('--tls-cert and --tls-key go together');
  return { cert: readFileSync(flags.tlsCert), key: readFileSync(flags.tlsKey) };
};

/** The PostgreSQL to use, and how to stop it if it is ours. */
const postgres = async (flags: Flags): Promise<{ url: string; stop: () => Promise<void> }> => {
  const url = flags.postgresUrl ?? process.env['POSTGRES_URL'];
  if (url) return { url, stop: () => Promise.resolve() };
  // Loaded only here, as it brings a whole PostgreSQL along.
  const { startPostgres } = await import('@qiyue/local-postgres');
  const own = await startPostgres({ dataDir: join(process.cwd(), '.data', 'event-store-node', flags.database) });
  return { url: own.url, stop: () => own.stop() };
};

// An error of several connection attempts has its words in its parts.
const wordsOf = (error: unknown): string =>
  error instanceof AggregateError ? error.errors.map(wordsOf).join('; ') : error instanceof Error ? error.message : String(error);

const main = async (): Promise<void> => {
  const flags = program.parse().opts<Flags>();
  setFlagsFromString(`--max-old-space-size=${flags.maxHeapMb}`);
  const tls = tlsOf(flags);
  const users = usersOf(flags);
  if (tls && flags.insecure) throw new Error('--insecure and --tls-cert exclude each other');
  if (!tls && !flags.insecure) throw new Error('either --insecure or --tls-cert and --tls-key must be given');
  const database = await postgres(flags);
  const node = await startEventStoreNode({
    postgresUrl: database.url,
    database: flags.database,
    port: flags.port,
    host: flags.host,
    users,
    onFault: (what, error) => console.error(`event-store-node: ${what}: ${wordsOf(error)}`),
    ...(tls ? { tls } : { insecure: true }),
    ...(flags.advertisedHost !== undefined && { advertisedHost: flags.advertisedHost }),
    ...(flags.maxAppendBytes !== undefined && { maxAppendBytes: flags.maxAppendBytes }),
  }).catch(async (error: unknown) => {
    await database.stop();
    throw error;
  });
  console.log(`event-store-node: database ${flags.database} at ${node.connectionString}`);
  let stopping: Promise<void> | undefined;
  const stop = (): void => {
    stopping ??= node
      .stop()
      .then(() => database.stop())
      .then(() => process.exit(0), fail);
  };
  // Not `once`: Ctrl-C comes twice, from the terminal and from npm, and the second one would end the process in the middle of stopping.
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
};

const fail = (error: unknown): void => {
  console.error(`event-store-node: ${wordsOf(error)}`);
  process.exit(1);
};

main().catch(fail);
