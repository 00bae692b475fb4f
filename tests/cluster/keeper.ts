import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** How a process is to be ended. */
type End = 'SIGKILL' | 'SIGQUIT';

let keeper: ChildProcess | undefined;

const tell = (line: string): void => {
  if (keeper === undefined || keeper.exitCode !== null) {
    // In a group of its own: Ctrl-C at the terminal is for the harness.
    keeper = spawn(process.execPath, [join(__dirname.replace(/tests\Wcluster$/, join('tests', 'dist', 'cluster')), 'keeper.js')], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    keeper.unref();
    (keeper.stdin as unknown as { unref(): void }).unref();
  }
  keeper.stdin?.write(`${line}\n`);
};

/** Has a process ended when this one ends, in whatever way: by itself, by a signal, or killed. `SIGQUIT` lets PostgreSQL take its children along. */
export const keep = (pid: number, end: End = 'SIGKILL'): void => tell(`keep ${pid} ${end}`);

/** The process has ended. */
export const release = (pid: number): void => tell(`release ${pid}`);

/** The program: remembers what is kept, and ends it once the pipe from the harness is closed, which it is even after SIGKILL. */
const main = async (): Promise<void> => {
  const kept = new Map<number, End>();
  for await (const line of createInterface({ input: process.stdin })) {
    const [word, pid, end] = line.split(' ');
    if (word === 'keep') kept.set(Number(pid), end as End);
    else kept.delete(Number(pid));
  }
  for (const [pid, end] of kept) {
    try {
      process.kill(pid, end);
    } catch {
      // Gone already, which is what is wanted.
    }
  }
};

if (require.main === module) void main();
