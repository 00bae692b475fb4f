import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './sources';

interface Results {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly numRuntimeErrorTestSuites: number;
}

/** Runs every suite with Jest, then says in one line how it went. A suite that did not even load counts as a failure. */
const main = async (): Promise<number> => {
  const file = join(root, '.data', `test-results-${process.pid}.json`);
  mkdirSync(join(root, '.data'), { recursive: true });
  const jest = spawn(
    process.execPath,
    [join(root, 'node_modules', 'jest', 'bin', 'jest.js'), '--json', `--outputFile=${file}`, ...process.argv.slice(2)],
    { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => jest.kill(signal));
  const code = await new Promise<number>((resolve) => jest.on('exit', (exit) => resolve(exit ?? 1)));
  const results = JSON.parse(readFileSync(file, 'utf8')) as Results;
  rmSync(file);
  const skipped = results.numPendingTests + results.numTodoTests;
  console.log(
    `\n${results.numPassedTests} passed, ${results.numFailedTests + results.numRuntimeErrorTestSuites} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`,
  );
  if (skipped > 0 && process.env['CI'] === 'true') return 1;
  return code;
};

void main().then((code) => process.exit(code));
