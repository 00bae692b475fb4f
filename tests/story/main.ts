import 'reflect-metadata';
import { startEmbedded } from '@qiyue/all-in-one';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startCluster } from '../cluster/cluster';
import { staffOf, tamperIn } from './embedded-story';
import { Story } from './story';
import type { StoryOptions } from './teller';

const root = join(__dirname, '..', '..', '..');
const usage = `usage: npm run story -- [--agreement FILE] [--profile embedded|kafka [--replicas N] | --url URL --staff FILE [--events-db POSTGRES_URL]]

  --profile     embedded: everything in one process (the usual); kafka: a process for each service, on a real broker (Java 17 and Maven, or KAFKA_BROKERS)
  --replicas    processes of each service on the Kafka profile; 1 if left out
  --agreement   the agreement's text; the sample of libs/agreement if left out
  --url         a platform that runs already, with QIYUE_TEST_CLOCK; the story starts its own if left out
  --staff       JSON with "staff": [{"role", "name", "password"}], e.g. .data/embedded/secrets.json
  --events-db   PostgreSQL database of the event store node, to alter a stored byte in`;

const { values } = parseArgs({
  options: {
    agreement: { type: 'string' },
    profile: { type: 'string', default: 'embedded' },
    replicas: { type: 'string', default: '1' },
    url: { type: 'string' },
    staff: { type: 'string' },
    'events-db': { type: 'string' },
    help: { type: 'boolean' },
  },
});

const common = (): Pick<StoryOptions, 'agreement' | 'run' | 'print'> => ({
  agreement: readFileSync(values.agreement ?? join(root, 'libs/agreement/sample/user-agreement.zh.txt'), 'utf8'),
  run: randomBytes(4).toString('hex'),
  print: (line) => console.log(line),
});

const clock = { QIYUE_TEST_CLOCK: 'frozen', QIYUE_TEST_CLOCK_START: '2026-03-02T01:00:00.000Z' };

const onRunning = (url: string): StoryOptions => {
  if (values.staff === undefined) throw new Error(usage);
  const eventsDb = values['events-db'];
  return {
    ...common(),
    place: url.replace(/\/$/, ''),
    staff: staffOf(JSON.parse(readFileSync(values.staff, 'utf8'))),
    ...(eventsDb === undefined ? {} : { tamper: tamperIn(eventsDb) }),
  };
};

const onItsOwn = async (): Promise<{ options: StoryOptions; stop: () => Promise<void> }> => {
  const dataDir = mkdtempSync(join(tmpdir(), 'qiyue-story-'));
  const embedded = await startEmbedded({
    dataDir,
    port: 0,
    env: clock,
  });
  const stop = async (): Promise<void> => {
    await embedded.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  return { options: { ...common(), place: embedded.url, staff: staffOf(embedded), tamper: tamperIn(embedded.eventsUrl) }, stop };
};

const onProcesses = async (): Promise<{ options: StoryOptions; stop: () => Promise<void> }> => {
  const cluster = await startCluster({
    bus: 'kafka',
    replicas: Number(values.replicas),
    env: clock,
    ...(process.env['KAFKA_BROKERS'] ? { kafkaBrokers: process.env['KAFKA_BROKERS'] } : {}),
  });
  return {
    options: { ...common(), place: cluster.urls, mailTo: cluster.mailTo, staff: staffOf(cluster), tamper: tamperIn(cluster.eventsUrl) },
    stop: () => cluster.stop(),
  };
};

const open = async (): Promise<{ options: StoryOptions; stop: () => Promise<void> }> => {
  if (values.url !== undefined) return { options: onRunning(values.url), stop: () => Promise.resolve() };
  if (values.profile === 'kafka') return onProcesses();
  if (values.profile === 'embedded') return onItsOwn();
  throw new Error(usage);
};

const main = async (): Promise<number> => {
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const { options, stop } = await open();
  try {
    const result = await new Story(options).run();
    console.log(JSON.stringify(result));
    return result.failed === 0 ? 0 : 1;
  } finally {
    await stop();
  }
};

main().then(
  (code) => process.exit(code),
  (fault: unknown) => {
    console.error(fault instanceof Error ? fault.message : fault);
    process.exit(1);
  },
);
