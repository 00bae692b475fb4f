import { openSecrets, platformSettings, type Secrets } from '@qiyue/all-in-one';
import { serviceNames } from '@qiyue/contracts';
import { startKafka, type LocalKafka } from '@qiyue/local-kafka';
import { freePort, isOpen, startPostgres, type LocalPostgres } from '@qiyue/local-postgres';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startMailServer } from '../support/mail-server';
import { keep, release } from './keeper';
import { Program, type Part } from './part';

/** The repository's folder, from the sources and from what is built of them alike. */
export const root = join(__dirname, '..', ...(__dirname.includes(`${join('tests', 'dist')}`) ? ['..'] : []), '..');
const DATABASE_PREFIX = 'qiyue_';

export interface ClusterOptions {
  readonly bus: 'embedded' | 'kafka';
  /** Processes of each service; 1 unless told. */
  readonly replicas?: number;
  /** Settings of every service beside the usual ones; names as in docs/config.md. */
  readonly env?: Readonly<Record<string, string>>;
  /** Brokers that run already, instead of a broker of the cluster's own. */
  readonly kafkaBrokers?: string;
}

/** The whole platform as processes on this machine: PostgreSQL, the event store node, Kafka, and every service, each of which can be ended and started alone. */
export interface Cluster {
  /** Base URLs of the replicas of each service. */
  readonly urls: Readonly<Record<string, readonly string[]>>;
  readonly staff: Secrets['staff'];
  readonly postgresUrl: string;
  /** Database of the event store node. */
  readonly eventsUrl: string;
  readonly eventStoreUrl: string;
  /** Undefined on the embedded bus. */
  readonly kafkaBrokers: string | undefined;
  readonly databasePrefix: string;
  /** Text of the last e-mail to an address, as the mail server beside the platform received it. */
  readonly mailTo: (address: string) => Promise<string>;
  /** Folder of the processes' logs, a file each. */
  readonly logDir: string;
  /** Every process: `postgres`, `node`, `kafka`, `order-1`, … */
  readonly parts: readonly Part[];
  /** Processes that ended by themselves after they had worked. */
  readonly ended: readonly string[];
  part(name: string): Part;
  /** Ends everything and removes what it has stored. */
  stop(): Promise<void>;
}

/** PostgreSQL or Kafka: each start is a new server on the same data and port. */
class Server<S extends { readonly pid: number; kill(): Promise<void>; stop(): Promise<void> }> implements Part {
  current: S | undefined;
  readonly ended: readonly string[] = [];

  constructor(
    readonly name: string,
    private readonly open: () => Promise<S>,
    private readonly endedBy: 'SIGKILL' | 'SIGQUIT' = 'SIGKILL',
  ) {}

  isRunning(): boolean {
    return this.current !== undefined;
  }

  async start(): Promise<void> {
    if (this.current !== undefined) return;
    this.current = await this.open();
    keep(this.current.pid, this.endedBy);
  }

  async kill(): Promise<void> {
    await this.end((server) => server.kill());
  }

  async stop(): Promise<number | null> {
    await this.end((server) => server.stop());
    return 0;
  }

  private async end(how: (server: S) => Promise<void>): Promise<void> {
    const { current } = this;
    this.current = undefined;
    if (current === undefined) return;
    await how(current);
    release(current.pid);
  }
}

const answers = async (url: string): Promise<boolean> => (await fetch(url, { signal: AbortSignal.timeout(3_000) })).ok;

interface Places {
  readonly dir: string;
  readonly logDir: string;
  readonly secrets: Secrets;
  readonly postgresUrl: string;
  readonly eventStoreUrl: string;
  readonly kafkaBrokers: string | undefined;
  readonly mailUrl: string;
}

const nodePart = ({ logDir, postgresUrl }: Places, port: number): Program =>
  new Program({
    name: 'node',
    command: [
      join(root, 'libs/event-store-node/dist/cli.js'),
      ...['--port', String(port), '--database', `${DATABASE_PREFIX}events`, '--postgres-url', postgresUrl, '--insecure'],
    ],
    env: {},
    logFile: join(logDir, 'node.log'),
    isReady: () => isOpen(port),
  });

const serviceParts = async (
  places: Places,
  options: ClusterOptions,
): Promise<{ readonly parts: readonly Program[]; readonly urls: Cluster['urls'] }> => {
  const { replicas = 1, env = {} } = options;
  const ports = new Map<string, readonly number[]>();
  for (const name of serviceNames) ports.set(name, await Promise.all(Array.from({ length: replicas }, () => freePort())));
  const urlOf = (port: number): string => `http://127.0.0.1:${port}`;
  const all = [...ports.values()].flat().map(urlOf);
  const common = {
    ...platformSettings(places.secrets, { ...places, databasePrefix: DATABASE_PREFIX }),
    ...(places.kafkaBrokers === undefined ? { BUS: 'embedded' } : { BUS: 'kafka', KAFKA_BROKERS: places.kafkaBrokers }),
    AUTH_JWKS_URL: `${urlOf(ports.get('identity')?.[0] ?? 0)}/identity/.well-known/jwks.json`,
    SMTP_URL: places.mailUrl,
    POOL_MAX: '5',
  };
  const parts = [...ports].flatMap(([service, own]) =>
    own.map(
      (port, index) =>
        new Program({
          name: `${service}-${index + 1}`,
          command: [join(root, 'services', service, 'dist/main.js')],
          env: { ...common, PORT: String(port), QIYUE_TEST_CLOCK_PEERS: all.filter((url) => url !== urlOf(port)).join(','), ...env },
          logFile: join(places.logDir, `${service}-${index + 1}.log`),
          isReady: () => answers(`${urlOf(port)}/readyz`),
        }),
    ),
  );
  return { parts, urls: Object.fromEntries([...ports].map(([service, own]) => [service, own.map(urlOf)])) };
};

/** Starts everything. Throws `KafkaUnavailable` where a broker is wanted and cannot run. */
export const startCluster = async (options: ClusterOptions): Promise<Cluster> => {
  const dir = mkdtempSync(join(tmpdir(), 'qiyue-cluster-'));
  const logDir = join(dir, 'log');
  mkdirSync(logDir);
  const secrets = await openSecrets(join(dir, 'secrets.json'));
  const [postgresPort, kafkaPort, nodePort] = [await freePort(), await freePort(), await freePort()];
  const password = secrets.postgresPassword;
  const postgres = new Server<LocalPostgres>(
    'postgres',
    () =>
      // What is tried here is the death of processes, which the operating system's memory outlives; power cuts are not.
      startPostgres({
        dataDir: join(dir, 'postgres'),
        port: postgresPort,
        password,
        durable: false,
        persistent: false,
        connectionsMax: 400,
      }),
    'SIGQUIT',
  );
  const kafka =
    options.bus === 'kafka' && options.kafkaBrokers === undefined
      ? new Server<LocalKafka>('kafka', () => startKafka({ dataDir: join(dir, 'kafka'), port: kafkaPort }))
      : undefined;
  const mails = await startMailServer();
  const places: Places = {
    mailUrl: mails.url,
    dir,
    logDir,
    secrets,
    postgresUrl: `postgres://postgres:${password}@127.0.0.1:${postgresPort}`,
    eventStoreUrl: `esdb://127.0.0.1:${nodePort}?tls=false`,
    kafkaBrokers: options.bus === 'kafka' ? (options.kafkaBrokers ?? `127.0.0.1:${kafkaPort}`) : undefined,
  };
  const services = await serviceParts(places, options);
  const parts: readonly Part[] = [postgres, nodePart(places, nodePort), ...(kafka === undefined ? [] : [kafka]), ...services.parts];
  const stop = async (): Promise<void> => {
    await Promise.all(services.parts.map((part) => part.stop()));
    for (const part of parts.toReversed()) await part.stop();
    await mails.stop();
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    await Promise.all([postgres.start(), kafka?.start()]);
    await parts[1]?.start();
    await Promise.all(services.parts.map((part) => part.start()));
  } catch (fault) {
    await stop();
    throw fault;
  }
  return {
    ...services,
    ...places,
    staff: secrets.staff,
    eventsUrl: `${places.postgresUrl}/${DATABASE_PREFIX}events`,
    databasePrefix: DATABASE_PREFIX,
    mailTo: async (address) => mails.received.findLast(({ to }) => to.includes(address))?.text ?? '',
    parts,
    get ended() {
      return parts.flatMap((part) => part.ended);
    },
    part: (name) => {
      const part = parts.find((one) => one.name === name);
      if (part === undefined) throw new Error(`there is no process ${name}`);
      return part;
    },
    stop,
  };
};
