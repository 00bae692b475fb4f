import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { binariesFolder, clusterFolder, runAs, type RunAs } from './binaries';

/** A PostgreSQL server of ours, on 127.0.0.1. */
export interface LocalPostgres {
  /** Connection URL without a database name, e.g. `postgres://postgres:…@127.0.0.1:54321`. */
  readonly url: string;
  readonly port: number;
  /** Process id of the server. */
  readonly pid: number;
  /** Stops the server; the data stays unless it was started with `persistent: false`. */
  stop(): Promise<void>;
  /** Ends the server at once, as a crash would; what it had acknowledged is there after the next start. */
  kill(): Promise<void>;
}

/** PEM texts. */
export interface PostgresTls {
  readonly cert: string;
  readonly key: string;
  /** Who signs certificates of clients; with it every client must show one beside its password. */
  readonly clientCa?: string;
}

export interface LocalPostgresOptions {
  /** Folder of the cluster; made on first use. */
  readonly dataDir: string;
  /** A free one if left out. */
  readonly port?: number;
  /** Of the user `postgres`; holds from the first start on. `postgres` if left out. */
  readonly password?: string;
  /** `false` removes the data on `stop()`. */
  readonly persistent?: boolean;
  /** Most connections at a time; 200 if left out. */
  readonly connectionsMax?: number;
  /** Takes connections by TLS alone. */
  readonly tls?: PostgresTls;
  /** `false` turns fsync off: data then survives a killed process but not a power cut, which is what tests want. */
  readonly durable?: boolean;
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });

/**
 * A TCP port of 127.0.0.1 that nobody is listening on now. Not one of those that the system gives to outgoing connections (from 32768 on at the earliest):
 * such a connection could take it before the server starts, or while it is down, and keep it for as long as it likes.
 */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = randomInt(10_000, 32_768);
    if (await isFree(port)) return port;
  }
};

/** Whether somebody listens on a TCP port of 127.0.0.1. */
export const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(socket.destroy() !== undefined));
    socket.once('error', () => resolve(false));
  });

const initialise = (bin: string, cluster: string, password: string, as: RunAs | undefined): void => {
  rmSync(cluster, { recursive: true, force: true });
  mkdirSync(cluster, { recursive: true, mode: 0o700 });
  const secret = `${cluster}.password`;
  writeFileSync(secret, `${password}\n`, { mode: 0o600 });
  for (const path of as === undefined ? [] : [cluster, secret]) chownSync(path, as?.uid ?? 0, as?.gid ?? 0);
  const made = spawnSync(
    join(bin, 'initdb'),
    [
      `--pgdata=${cluster}`,
      '--username=postgres',
      `--pwfile=${secret}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C.UTF-8',
      '--no-sync',
    ],
    { encoding: 'utf8', cwd: '/', ...as },
  );
  rmSync(secret, { force: true });
  if (made.status === 0) return;
  rmSync(cluster, { recursive: true, force: true });
  throw new Error(`PostgreSQL could not make its data folder: ${made.stderr.trim() || String(made.error)}`);
};

/** Puts the files of TLS beside the cluster; the settings that name them. */
const tlsSettings = (cluster: string, { cert, key, clientCa }: PostgresTls, as: RunAs | undefined): readonly string[] => {
  const file = (name: string, text: string): string => {
    const path = `${cluster}.${name}`;
    writeFileSync(path, text, { mode: 0o600 });
    if (as !== undefined) chownSync(path, as.uid, as.gid);
    return path;
  };
  const shown = clientCa === undefined ? '' : ' clientcert=verify-ca';
  return [
    'ssl=on',
    `ssl_cert_file=${file('cert.pem', cert)}`,
    `ssl_key_file=${file('key.pem', key)}`,
    ...(clientCa === undefined ? [] : [`ssl_ca_file=${file('clients.pem', clientCa)}`]),
    `hba_file=${file('hba.conf', `hostssl all all 127.0.0.1/32 scram-sha-256${shown}\n`)}`,
  ];
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Ends a server that outlived the process it was started by (a crash, SIGKILL): fast, as a stop would. */
const endOrphan = async (cluster: string): Promise<void> => {
  const lock = join(cluster, 'postmaster.pid');
  if (!existsSync(lock)) return;
  const pid = Number(readFileSync(lock, 'utf8').split('\n')[0]);
  const { stdout } = spawnSync('ps', ['-p', String(pid), '-o', 'command='], { encoding: 'utf8' });
  if (!stdout.includes(cluster)) return;
  process.kill(pid, 'SIGINT');
  for (let waited = 0; isAlive(pid); waited += 50) {
    if (waited === 10_000) process.kill(pid, 'SIGQUIT');
    await pause(50);
  }
};

/** Resolves once the server takes connections; it says so in its lock file. */
const untilReady = async (child: ChildProcess, cluster: string, said: () => string): Promise<void> => {
  const lock = join(cluster, 'postmaster.pid');
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`PostgreSQL ended at once: ${said().trim()}`);
    if (existsSync(lock)) {
      const lines = readFileSync(lock, 'utf8').split('\n');
      if (Number(lines[0]) === child.pid && lines[7]?.trim() === 'ready') return;
    }
    await pause(20);
  }
};

const ended = (child: ChildProcess, signal: NodeJS.Signals): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.ref();
    child.kill(signal);
  });

/** What a server that was killed leaves for a moment: children that have yet to notice, holding on to its memory. */
const stillHeld = /shared memory block .* is still in use/;

/** Starts the server; waits for the children of one that was killed. */
const launch = async (start: () => ChildProcess, cluster: string): Promise<ChildProcess> => {
  for (let tries = 1; ; tries += 1) {
    const child = start();
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4_000)));
    try {
      await untilReady(child, cluster, () => said);
      return child;
    } catch (fault) {
      if (tries === 100 || !stillHeld.test(said)) throw fault;
      await pause(100);
    }
  }
};

/** Starts PostgreSQL from the binaries that npm installed, making the cluster on first use. */
export const startPostgres = async (options: LocalPostgresOptions): Promise<LocalPostgres> => {
  const { dataDir, password = 'postgres', persistent = true, durable = true } = options;
  const [bin, cluster, port] = [binariesFolder(), clusterFolder(dataDir), options.port ?? (await freePort())];
  const as = runAs(cluster);
  await endOrphan(cluster);
  if (!existsSync(join(cluster, 'PG_VERSION'))) initialise(bin, cluster, password, as);
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    `max_connections=${options.connectionsMax ?? 200}`,
    'shared_buffers=128MB',
    // Pages are written in full all the same: SIGKILL can end the writing of one in the middle.
    ...(durable ? [] : ['fsync=off']),
    ...(options.tls === undefined ? [] : tlsSettings(cluster, options.tls, as)),
  ];
  const start = (): ChildProcess =>
    spawn(join(bin, 'postgres'), ['-D', cluster, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])], {
      stdio: ['ignore', 'ignore', 'pipe'],
      cwd: '/',
      // Its own process group: Ctrl-C at the terminal is for us, and we end the server when nobody needs it any more.
      detached: true,
      ...as,
    });
  const child = await launch(start, cluster);
  // Neither the server nor its log keeps a process alive that has nothing else to do.
  child.unref();
  (child.stderr as unknown as { unref(): void }).unref();
  const stop = async (): Promise<void> => {
    await ended(child, 'SIGINT');
    if (!persistent) rmSync(cluster, { recursive: true, force: true });
  };
  return {
    url: `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}`,
    port,
    pid: child.pid ?? 0,
    stop,
    kill: () => ended(child, 'SIGKILL'),
  };
};
