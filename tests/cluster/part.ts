import { setTimeout as pause } from 'node:timers/promises';
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { keep, release } from './keeper';

/** A process of the platform that can be ended in any way and started again. */
export interface Part {
  readonly name: string;
  /** Resolves when it works. */
  start(): Promise<void>;
  /** SIGKILL: as a crash. */
  kill(): Promise<void>;
  /** SIGTERM: as an orchestrator does. Resolves with the exit code once it has ended. */
  stop(): Promise<number | null>;
  isRunning(): boolean;
  /** How it ended by itself after it had worked, which it never should; empty when it never did. */
  readonly ended: readonly string[];
}

interface ProgramOptions {
  readonly name: string;
  /** A built file and its arguments. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** Whether it works; asked until it says so. */
  readonly isReady: () => Promise<boolean>;
  readonly patienceMs?: number;
}

/** A part that is a program of ours. */
export class Program implements Part {
  readonly ended: string[] = [];
  private child: ChildProcess | undefined;
  private works = false;

  constructor(private readonly options: ProgramOptions) {}

  get name(): string {
    return this.options.name;
  }

  isRunning(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Starts it and waits until it works. One that ends before that is started again, as an orchestrator would. */
  async start(): Promise<void> {
    const { isReady, name, patienceMs = 120_000 } = this.options;
    const giveUpAt = performance.now() + patienceMs;
    for (;;) {
      if (!this.isRunning()) this.launch();
      this.works = await isReady().catch(() => false);
      if (this.works) return;
      if (performance.now() > giveUpAt) throw new Error(`${name} did not come up; its log is ${this.options.logFile}`);
      await pause(100);
    }
  }

  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  stop(): Promise<number | null> {
    return this.end('SIGTERM');
  }

  private launch(): void {
    const { command, env, logFile } = this.options;
    const log = openSync(logFile, 'a');
    const child = spawn(process.execPath, ['--enable-source-maps', ...command], {
      env: { ...process.env, ...env },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    const { pid } = child;
    if (pid !== undefined) keep(pid);
    child.once('exit', (code, signal) => {
      if (pid !== undefined) release(pid);
      if (this.works) this.ended.push(`${this.name} ended by itself (${signal ?? code}); its log is ${logFile}`);
    });
    this.child = child;
  }

  private async end(signal: NodeJS.Signals): Promise<number | null> {
    const { child } = this;
    if (child === undefined || !this.isRunning()) return child?.exitCode ?? null;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    this.works = false;
    child.kill(signal);
    await gone;
    return child.exitCode;
  }
}
