import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** Compiles what has changed: trials that start programs run what is built. */
export const build = (): void => {
  const bootstrap = join(__dirname, '..', '..', 'libs', 'workbench', 'bootstrap.cjs');
  const { status, stderr } = spawnSync(process.execPath, [bootstrap, 'build'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
};
