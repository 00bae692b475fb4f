import { setTimeout as pause } from 'node:timers/promises';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './cluster';
import { build } from '../support/build';

const isAlive = (pid: number): boolean => {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  // One that has ended and whose parent has not asked how is no more.
  return stdout.trim() !== '' && !stdout.startsWith('Z');
};

/** A harness that starts a program and PostgreSQL, says their process ids, and waits. */
const harness = (folder: string): string => `
  const { Program } = require(${JSON.stringify(join(root, 'tests/dist/cluster/part.js'))});
  const { keep } = require(${JSON.stringify(join(root, 'tests/dist/cluster/keeper.js'))});
  const { startPostgres } = require(${JSON.stringify(join(root, 'libs/local-postgres/dist/index.js'))});
  const { existsSync, readFileSync, writeFileSync } = require('node:fs');
  const logFile = ${JSON.stringify(join(folder, 'program.log'))};
  const program = new Program({ name: 'program', command: ['-e', 'console.log(process.pid); setInterval(() => undefined, 1000)'], env: {}, logFile,
    isReady: async () => existsSync(logFile) && readFileSync(logFile, 'utf8').includes('\\n') });
  (async () => {
    const postgres = await startPostgres({ dataDir: ${JSON.stringify(join(folder, 'postgres'))}, durable: false });
    keep(postgres.pid, 'SIGQUIT');
    await program.start();
    writeFileSync(${JSON.stringify(join(folder, 'pids'))}, JSON.stringify([postgres.pid, Number(readFileSync(logFile, 'utf8'))]));
    setInterval(() => undefined, 1000);
  })();`;

describe('a harness of processes', () => {
  let folder: string;
  beforeAll(() => {
    build();
  });
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'qiyue-keeper-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)('that ends by %s takes all it has started along, PostgreSQL too', async (signal) => {
    const child = spawn(process.execPath, ['-e', harness(folder)], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
    while (!existsSync(join(folder, 'pids'))) await pause(20);
    const pids = JSON.parse(readFileSync(join(folder, 'pids'), 'utf8')) as number[];
    expect(pids.map(isAlive)).toEqual([true, true]);
    child.kill(signal);
    while (pids.some(isAlive)) await pause(20);
  });
});
