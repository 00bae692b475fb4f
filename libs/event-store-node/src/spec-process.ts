// Runs the node as a process of its own, from its sources as they are.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transformFileSync } from '@swc/core';

const NODE_MODULES = join(__dirname, '../../../node_modules');

/** Compiles sources, those of the node if no other folder is named, into a folder of their own. */
export const compile = (sources = __dirname): { readonly folder: string; remove(): void } => {
  const folder = mkdtempSync(join(tmpdir(), 'esn-compiled-'));
  for (const file of readdirSync(sources)) {
    if (!file.endsWith('.ts') || file.startsWith('spec-') || file.endsWith('.spec.ts')) continue;
    writeFileSync(
      join(folder, file.replace(/\.ts$/, '.js')),
      transformFileSync(join(sources, file), { configFile: join(__dirname, '../../../.swcrc') }).code,
    );
  }
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
};

/** The node's process. */
export interface NodeProcess {
  /** The line it prints when it is ready; rejects if it ends before. */
  readonly ready: Promise<string>;
  /** How it ended, and all it printed. */
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>;
  kill(signal: 'SIGKILL' | 'SIGTERM'): void;
}

export const startProcess = (folder: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}): NodeProcess => {
  const { POSTGRES_URL: _unset, ...inherited } = process.env;
  const child: ChildProcess = spawn(process.execPath, [join(folder, 'cli.js'), ...args], {
    env: { ...inherited, NODE_PATH: NODE_MODULES, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => child.once('close', (code) => resolve({ code, output })));
  const ready = new Promise<string>((resolve, reject) => {
    const note = (chunk: Buffer): void => {
      output += chunk.toString();
      const line = /^event-store-node: database .*$/m.exec(output);
      if (line) resolve(line[0]);
    };
    child.stdout?.on('data', note);
    child.stderr?.on('data', note);
    void ended.then((end) => reject(new Error(`the node ended: ${end.output}`)));
  });
  // Whoever does not wait for it to be ready does not want to hear that it never was.
  ready.catch(() => undefined);
  return {
    ready,
    ended,
    kill: (signal) => {
      child.kill(signal);
    },
  };
};
