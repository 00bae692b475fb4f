import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { whyNoKafka } from '@qiyue/local-kafka';
import { root } from './sources';

interface Results {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly numRuntimeErrorTestSuites: number;
}

/** Projects of jest.config.js that want a Kafka broker. */
const KAFKA = 'kafka';

/** Why the suites that want a broker cannot run here. Those that kill it bring their own, so a broker of KAFKA_BROKERS alone is not enough for them. */
const withoutKafka = async (): Promise<string | undefined> => {
  const why = await whyNoKafka();
  return why === undefined
    ? undefined
    : `SKIPPED: the suites on a real Kafka broker, because ${why}. They need Java 17 or newer and Maven.`;
};

/** Runs every suite with Jest, then says in one line how it went. A suite that did not even load counts as a failure. */
const main = async (): Promise<number> => {
  const given = process.argv.slice(2);
  const warning = given.includes('--selectProjects') ? undefined : await withoutKafka();
  const loudly = (): void => void (warning !== undefined && console.error(`\n${'!'.repeat(80)}\n${warning}\n${'!'.repeat(80)}\n`));
  loudly();
  const file = join(root, '.data', `test-results-${process.pid}.json`);
  mkdirSync(join(root, '.data'), { recursive: true });
  const jest = spawn(
    process.execPath,
    [
      join(root, 'node_modules', 'jest', 'bin', 'jest.js'),
      '--json',
      `--outputFile=${file}`,
      ...(warning === undefined ? [] : ['--ignoreProjects', KAFKA]),
      ...given,
    ],
    { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => jest.kill(signal));
  const code = await new Promise<number>((resolve) => jest.on('exit', (exit) => resolve(exit ?? 1)));
  const results = JSON.parse(readFileSync(file, 'utf8')) as Results;
  rmSync(file);
  loudly();
  // What a whole project would have run cannot be counted, but it is something.
  const skipped = results.numPendingTests + results.numTodoTests + (warning === undefined ? 0 : 1);
  console.log(
    `\n${results.numPassedTests} passed, ${results.numFailedTests + results.numRuntimeErrorTestSuites} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`,
  );
  if (skipped > 0 && process.env['CI'] === 'true') return 1;
  return code;
};

void main().then((code) => process.exit(code));
