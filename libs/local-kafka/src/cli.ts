import { Command, InvalidArgumentError } from 'commander';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { brokerOf, isBroker, startKafka } from './broker';

const root = join(__dirname, '..', '..', '..');
const program = new Command('kafka').description('A real Apache Kafka broker on 127.0.0.1 (needs Java 17 and Maven).');

interface Running {
  readonly pid: number;
  readonly port: number;
}

const portOf = (text: string): number => {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new InvalidArgumentError('a port is a number from 1 to 65535');
  return port;
};

const fileIn = (dataDir: string): string => join(dataDir, 'running.json');

/** The broker that was started on a folder, if it runs: the file outlives a broker that is killed, and its id may by then be another process's. */
const running = (dataDir: string): Running | undefined => {
  if (!existsSync(fileIn(dataDir))) return undefined;
  const [, pid, port] = /"pid":(\d+),"port":(\d+)/.exec(readFileSync(fileIn(dataDir), 'utf8')) ?? [];
  return pid !== undefined && isBroker(Number(pid), dataDir) ? { pid: Number(pid), port: Number(port) } : undefined;
};

const withData = (command: Command): Command => command.option('--data <folder>', 'where everything is kept', join(root, '.data', 'kafka'));

withData(program.command('start'))
  .option('--port <port>', 'port of the broker', portOf, 9092)
  .action(async ({ data, port }: { data: string; port: number }) => {
    const dataDir = resolve(data);
    const known = running(dataDir);
    if (known !== undefined) return console.log(`runs already: KAFKA_BROKERS=127.0.0.1:${known.port} (process ${known.pid})`);
    const broker = await startKafka({ dataDir, port, detached: true });
    writeFileSync(fileIn(dataDir), JSON.stringify({ pid: broker.pid, port: broker.port }));
    console.log(`KAFKA_BROKERS=${broker.brokers} (process ${broker.pid})`);
  });

withData(program.command('stop')).action(async ({ data }: { data: string }) => {
  const dataDir = resolve(data);
  const known = running(dataDir);
  if (known !== undefined) await brokerOf(known.pid, known.port).stop();
  rmSync(fileIn(dataDir), { force: true });
  console.log(known === undefined ? 'was not running' : 'stopped');
});

withData(program.command('status')).action(({ data }: { data: string }) => {
  const known = running(resolve(data));
  console.log(known === undefined ? 'not running' : `running: KAFKA_BROKERS=127.0.0.1:${known.port} (process ${known.pid})`);
  process.exitCode = known === undefined ? 1 : 0;
});

program.parseAsync().catch((fault: unknown) => {
  console.error(fault instanceof Error ? fault.message : fault);
  process.exit(1);
});
