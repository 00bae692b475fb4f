import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, openSync, closeSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '@qiyue/local-postgres';
import { ensureJars } from './jars';

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

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(socket.destroy() !== undefined));
    socket.once('error', () => resolve(false));
  });

/** Whether a process of that id runs. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** One node that is broker and controller, made for one machine: no replication, small internal topics, no topics by accident. */
const settingsOf = (data: string, port: number, controllerPort: number): string =>
  Object.entries({
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'log.dirs': data,
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

const format = async (jars: string, settings: string, log: number): Promise<void> => {
  const cluster = randomBytes(16).toString('base64url');
  const child = spawn('java', java(jars, 128, 'kafka.tools.StorageTool', ['format', '-t', cluster, '-c', settings, '--ignore-formatted']), {
    stdio: ['ignore', log, log],
  });
  const code = await new Promise<number>((resolve) => child.on('exit', (exit) => resolve(exit ?? 1)));
  if (code !== 0) throw new Error("the broker's data folder could not be formatted; its log says why");
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

/** Starts a broker and waits until it answers. Throws `KafkaUnavailable` where it cannot run. */
export const startKafka = async (options: KafkaOptions): Promise<LocalKafka> => {
  const { dataDir, detached = false, heapMiB = 384 } = options;
  mkdirSync(dataDir, { recursive: true });
  const jars = await ensureJars(options.jarsDir ?? join(__dirname, '..', '..', '..', '.data', 'kafka-jars'));
  const [port, controllerPort] = [options.port ?? (await freePort()), await freePort()];
  if (await answers(port)) throw new Error(`port ${port} is taken`);
  const settings = join(dataDir, 'server.properties');
  const data = join(dataDir, 'data');
  writeFileSync(settings, settingsOf(data, port, controllerPort));
  const log = openSync(join(dataDir, 'broker.log'), 'a');
  try {
    if (!existsSync(join(data, 'meta.properties'))) await format(jars, settings, log);
    const child = spawn('java', java(jars, heapMiB, 'kafka.Kafka', [settings]), { stdio: ['ignore', log, log], detached });
    if (detached) child.unref();
    const { pid } = child;
    if (pid === undefined) throw new Error('java could not be started');
    while (!(await answers(port))) {
      if (child.exitCode !== null || !isAlive(pid))
        throw new Error(
          `the broker ended at once: ${readFileSync(join(dataDir, 'broker.log'), 'utf8')
            .split('\n')
            .filter((line) => /ERROR|Exception/.test(line))
            .slice(-3)
            .join(' ')}`,
        );
      await pause(100);
    }
    return detached ? brokerOf(pid, port) : reaped(child, brokerOf(pid, port));
  } finally {
    closeSync(log);
  }
};
