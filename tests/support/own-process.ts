import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

export const root = join(__dirname, '..', '..');

/** The platform as a process of its own. */
export interface Started {
  readonly child: ChildProcess;
  readonly url: string;
  /** The operator's. */
  readonly password: string;
}

/** The program that `npm start` ends up in, on a data folder, once it says that it is up. */
export const start = (dataDir: string, env: Readonly<Record<string, string>> = {}): Promise<Started> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'services/all-in-one/dist/main.js')], {
      env: { ...process.env, QIYUE_DATA: dataDir, PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    const hear = (text: Buffer): void => {
      said += text.toString();
      const url = /API\s+(http:\/\/\S+)\/docs/.exec(said)?.[1];
      const password = /operator, (\S+)/.exec(said)?.[1];
      if (url !== undefined && password !== undefined && said.includes('Ctrl-C')) resolve({ child, url, password });
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('exit', (code) => reject(new Error(`ended with ${String(code)}: ${said}`)));
  });

/** The exit code, once there is one. */
export const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) =>
    child.exitCode !== null || child.signalCode !== null ? resolve(child.exitCode) : child.once('exit', (code) => resolve(code)),
  );
