import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort, isOpen } from '@qiyue/local-postgres';
import { ensureJars, KafkaUnavailable, whyNoJava } from './jars';
import { formatArguments, listenerSettings, type SecureListener } from './listener';

export interface KafkaOptions {
  /** Folder for settings, log and data; kept between starts. */
  readonly dataDir: string;
  /** Folder that the jars are fetched to once; `.data/kafka-jars` of the repository if left out. */
  readonly jarsDir?: string;
  /** Port of the broker; a free one when left out. The controller takes a free one of its own. */
  readonly port?: number;
  /** Goes on running when this process ends. */
  readonly detached?: boolean;
  /** Most memory of the broker's heap, in MiB; 384 if left out. */
  readonly heapMiB?: number;
  /** Clients come by TLS and sign in; anybody may do anything without it. */
  readonly secure?: SecureListener;
}

/** A broker that runs. */
export interface LocalKafka {
  /** `127.0.0.1:PORT`. */
  readonly brokers: string;
  readonly port: number;
  readonly pid: number;
  /** Ends the broker: SIGTERM, and SIGKILL when it has not gone after twenty seconds. */
  stop(): Promise<void>;
  /** Ends the broker at once, as a crash would. */
  kill(): Promise<void>;
}

/** Whether a process of that id runs. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

interface Ports {
  readonly clients: number;
  readonly controller: number;
  /** Where a broker with a secure listener talks to itself. */
  readonly inside: number;
}

/** One node that is broker and controller, made for one machine: no replication, small internal topics, no topics by accident. */
const settingsOf = (dataDir: string, { clients, controller, inside }: Ports, secure: SecureListener | undefined): string =>
  Object.entries({
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    'controller.listener.names': 'CONTROLLER',
    ...listenerSettings(dataDir, clients, inside, controller, secure),
    'log.dirs': join(dataDir, 'data'),
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 3,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 3,
    'auto.create.topics.enable': false,
    'group.initial.rebalance.delay.ms': 0,
    // Tests want members that die to be missed soon; who does not ask for short sessions does not get them.
    'group.min.session.timeout.ms': 500,
    'message.max.bytes': 4_194_304,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'log.cleaner.dedupe.buffer.size': 16_777_216,
  })
    .map(([name, value]) => `${name}=${value}`)
    .join('\n');

const java = (jars: string, heapMiB: number, main: string, args: readonly string[]): readonly string[] => [
  `-Xms64m`,
  `-Xmx${heapMiB}m`,
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-cp',
  join(jars, '*'),
  main,
  ...args,
];

/** The log of a broker, open for writing, and where in it this start begins. */
interface BrokerLog {
  readonly file: string;
  readonly fd: number;
  readonly from: number;
}

const openLog = (dataDir: string): BrokerLog => {
  const file = join(dataDir, 'broker.log');
  const fd = openSync(file, 'a');
  return { file, fd, from: fstatSync(fd).size };
};

/** The last faults that a broker wrote to its log since it was opened. */
const lastFaults = ({ file, from }: BrokerLog): string =>
  readFileSync(file)
    .subarray(from)
    .toString()
    .split('\n')
    .filter((line) => /error|fatal|exception/i.test(line))
    .slice(-3)
    .join(' ');

/** As Kafka makes them itself: one that begins with a dash would be taken for an option. */
const newClusterId = (): string => {
  const id = randomBytes(16).toString('base64url');
  return id.startsWith('-') ? newClusterId() : id;
};

const format = async (jars: string, settings: string, secure: SecureListener | undefined, log: BrokerLog): Promise<void> => {
  const cluster = newClusterId();
  const args = ['format', '-t', cluster, '-c', settings, '--ignore-formatted', ...formatArguments(secure)];
  const child = spawn('java', java(jars, 128, 'kafka.tools.StorageTool', args), { stdio: ['ignore', log.fd, log.fd] });
  const code = await new Promise<number>((resolve) => child.on('exit', (exit) => resolve(exit ?? 1)));
  if (code !== 0) throw new Error(`the broker's data folder could not be formatted: ${lastFaults(log)}`);
};

const end = async (pid: number, signal: NodeJS.Signals): Promise<void> => {
  if (!isAlive(pid)) return;
  process.kill(pid, signal);
  for (let waited = 0; isAlive(pid) && waited < 20_000; waited += 50) await pause(50);
  if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  while (isAlive(pid)) await pause(20);
};

/** A broker known by its process id alone. */
export const brokerOf = (pid: number, port: number): LocalKafka => ({
  brokers: `127.0.0.1:${port}`,
  port,
  pid,
  stop: () => end(pid, 'SIGTERM'),
  kill: () => end(pid, 'SIGKILL'),
});

const reaped = (child: ChildProcess, broker: LocalKafka): LocalKafka => {
  // A child that has ended but was not waited for still counts as alive; its exit event says when it is gone.
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    ...broker,
    stop: () => Promise.all([gone, broker.stop()]).then(() => undefined),
    kill: () => Promise.all([gone, broker.kill()]).then(() => undefined),
  };
};

/** The file of settings that a broker of a folder is started with; it stands in the broker's command line. */
const settingsFile = (dataDir: string): string => join(dataDir, 'server.properties');

/** Whether a process is the broker of a data folder: ids are given out anew. */
export const isBroker = (pid: number, dataDir: string): boolean => {
  if (!isAlive(pid)) return false;
  const { stdout } = spawnSync('ps', ['-ww', '-p', String(pid), '-o', 'command='], { encoding: 'utf8' });
  return stdout.includes(`kafka.Kafka ${settingsFile(dataDir)}`);
};

/** Starts a broker and waits until it answers. Throws `KafkaUnavailable` where it cannot run. */
export const startKafka = async (options: KafkaOptions): Promise<LocalKafka> => {
  const { detached = false, heapMiB = 384, secure } = options;
  const dataDir = resolve(options.dataDir);
  mkdirSync(dataDir, { recursive: true });
  const why = await whyNoJava();
  if (why !== undefined) throw new KafkaUnavailable(`Kafka cannot run here: ${why}.`);
  const jars = await ensureJars(options.jarsDir ?? join(__dirname, '..', '..', '..', '.data', 'kafka-jars'));
  const port = options.port ?? (await freePort());
  if (await isOpen(port)) throw new Error(`port ${port} is taken`);
  const settings = settingsFile(dataDir);
  // The settings of a secure broker hold passwords.
  writeFileSync(settings, settingsOf(dataDir, { clients: port, controller: await freePort(), inside: await freePort() }, secure), {
    mode: 0o600,
  });
  const log = openLog(dataDir);
  try {
    if (!existsSync(join(dataDir, 'data', 'meta.properties'))) await format(jars, settings, secure, log);
    const child = spawn('java', java(jars, heapMiB, 'kafka.Kafka', [settings]), { stdio: ['ignore', log.fd, log.fd], detached });
    if (detached) child.unref();
    const { pid } = child;
    if (pid === undefined) throw new Error('java could not be started');
    while (!(await isOpen(port))) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the broker ended at once: ${lastFaults(log)}`);
      await pause(100);
    }
    return detached ? brokerOf(pid, port) : reaped(child, brokerOf(pid, port));
  } finally {
    closeSync(log.fd);
  }
};
