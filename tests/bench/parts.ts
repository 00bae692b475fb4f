import { startPostgres, type LocalPostgres } from '@qiyue/local-postgres';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Pool } from 'pg';

export const root = join(__dirname, '..', '..', '..');

/** A program of ours in a process of its own. */
export interface Program {
  readonly pid: number;
  /** What it said once it was ready. */
  readonly ready: string;
  /** Milliseconds from its start to that. */
  readonly readyMs: number;
  stop(): Promise<void>;
}

export interface Node extends Program {
  readonly connectionString: string;
  readonly database: string;
}

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => (child.exitCode !== null || child.signalCode !== null ? resolve() : child.once('exit', () => resolve())));

/** Resident memory of a process, in megabytes; where `/proc` is not to be had, NaN. */
export const residentMB = (pid: number): number => {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
  } catch {
    return Number.NaN;
  }
};

/** Processor time a process has used, in milliseconds (of which Linux counts tens); where `/proc` is not to be had, NaN. */
export const processorMs = (pid: number): number => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return 10 * (Number(fields[11]) + Number(fields[12]));
  } catch {
    return Number.NaN;
  }
};

/** What scenarios are measured on: one durable PostgreSQL, and programs beside this one. All of it ends with `stop`. */
export class Parts {
  private readonly ending: (() => Promise<unknown>)[] = [];

  private constructor(
    readonly folder: string,
    private readonly postgres: LocalPostgres,
  ) {}

  static async open(): Promise<Parts> {
    mkdirSync(join(root, '.data'), { recursive: true });
    const folder = mkdtempSync(join(root, '.data', 'bench-'));
    return new Parts(folder, await startPostgres({ dataDir: folder, persistent: false, durable: true }));
  }

  /** Without a database name. */
  get postgresUrl(): string {
    return this.postgres.url;
  }

  /** Stops everything that was started since, in reverse order. */
  async tidyUp(): Promise<void> {
    for (const end of this.ending.splice(0).reverse()) await end();
  }

  async stop(): Promise<void> {
    await this.tidyUp();
    await this.postgres.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Something to be done when the scenario is over. */
  onEnd(end: () => Promise<unknown>): void {
    this.ending.push(end);
  }

  pool(database: string, max: number): Pool {
    const pool = new Pool({ connectionString: `${this.postgresUrl}/${database}`, max });
    // A pool that has ended may still be taking leave when the server stops.
    pool.on('error', () => undefined);
    this.onEnd(() => pool.end());
    return pool;
  }

  /** A fresh, empty database. */
  async freshDatabase(what: string): Promise<string> {
    const name = `bench_${what}_${randomBytes(4).toString('hex')}`;
    const server = new Pool({ connectionString: `${this.postgresUrl}/postgres`, max: 1 });
    await server.query(`CREATE DATABASE "${name}"`);
    await server.end();
    return name;
  }

  /** Runs a built file until it says `ready`. */
  async program(file: string, args: readonly string[], ready: RegExp, env: Readonly<Record<string, string>> = {}): Promise<Program> {
    const startedAt = performance.now();
    const child = spawn(process.execPath, [join(root, file), ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    const line = await new Promise<string>((resolve, reject) => {
      const hear = (text: Buffer): void => {
        said += text.toString();
        const found = ready.exec(said);
        if (found !== null) resolve(found[1] ?? found[0]);
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      child.once('exit', (code) => reject(new Error(`${file} ended with ${String(code)}: ${said.slice(-2_000)}`)));
    });
    const stop = async (): Promise<void> => {
      child.kill('SIGTERM');
      await ended(child);
    };
    this.onEnd(stop);
    return { pid: child.pid ?? 0, ready: line, readyMs: performance.now() - startedAt, stop };
  }

  /** An event store node in a process of its own, as it has in earnest. */
  async node(database = `bench_events_${randomBytes(4).toString('hex')}`): Promise<Node> {
    const args = ['--port', '0', '--database', database, '--insecure', '--postgres-url', this.postgresUrl];
    const program = await this.program('libs/event-store-node/dist/cli.js', args, /(esdb:\/\/\S+)\n/);
    return { ...program, connectionString: program.ready, database };
  }
}
