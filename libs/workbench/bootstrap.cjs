// The first file that runs on a fresh machine: plain JavaScript for any Node >= 20, no dependencies.
// Installs what is missing, builds what has changed, and goes on under the project's own Node 24.
'use strict';
const { spawn, spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } = require('node:fs');
const { dirname, join, relative } = require('node:path');

const root = join(__dirname, '..', '..');
const say = (line) => process.stderr.write(`${line}\n`);

/** Runs `npm ci` when the installed packages are not those of the lock file. */
const install = () => {
  const mark = join(root, 'node_modules', '.qiyue-installed');
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return;
  say('Installing packages (only the first time, or when they changed) ...');
  const npm = process.env.npm_execpath;
  const [command, args] = npm ? [process.execPath, [npm]] : ['npm', []];
  const done = spawnSync(command, [...args, 'ci', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: !npm && process.platform === 'win32',
  });
  if (done.status !== 0) {
    say('npm ci failed; see above.');
    process.exit(done.status ?? 1);
  }
  writeFileSync(mark, wanted);
};

const filesUnder = (folder) =>
  !existsSync(folder)
    ? []
    : readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        const path = join(folder, entry.name);
        if (entry.isDirectory()) return entry.name === 'node_modules' || entry.name === 'dist' ? [] : filesUnder(path);
        return [path];
      });

/** `libs/x/src/a/b.ts` is built to `libs/x/dist/a/b.js`, `tests/a.ts` to `tests/dist/a.js`. */
const builtPath = (file) => {
  const parts = relative(root, file).split(/[\\/]/);
  return join(
    root,
    ...(parts[0] === 'tests' ? ['tests', 'dist', ...parts.slice(1)] : [parts[0], parts[1], 'dist', ...parts.slice(3)]),
  ).replace(/\.ts$/, '.js');
};

/** Compiles every changed source file; type checking is `npm run types`. */
const build = () => {
  const { transformFileSync } = require(join(root, 'node_modules', '@swc', 'core'));
  const folders = ['libs', 'services'].flatMap((kind) => readdirSync(join(root, kind)).map((name) => join(root, kind, name, 'src')));
  const sources = [...folders, join(root, 'tests')]
    .flatMap(filesUnder)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts') && !file.endsWith('.d.ts'));
  let count = 0;
  for (const source of sources) {
    const target = builtPath(source);
    if (existsSync(target) && statSync(target).mtimeMs > statSync(source).mtimeMs) continue;
    mkdirSync(dirname(target), { recursive: true });
    const { code, map } = transformFileSync(source, { configFile: join(root, '.swcrc'), sourceMaps: true });
    writeFileSync(target, `${code}\n//# sourceMappingURL=${target.split(/[\\/]/).pop()}.map\n`);
    writeFileSync(`${target}.map`, map ?? '');
    count += 1;
  }
  if (count > 0) say(`Built ${count} files.`);
};

const node24 = () => {
  const own = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  return existsSync(own) ? own : process.execPath;
};

/** Runs a built file under the project's Node and ends as it ends. */
const run = (file, args) => {
  const own = node24();
  const child = spawn(own, ['--enable-source-maps', join(root, file), ...args], {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      PATH: `${dirname(own)}${process.platform === 'win32' ? ';' : ':'}${join(root, 'node_modules', '.bin')}:${process.env.PATH ?? ''}`,
    },
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)));
};

const commands = {
  start: 'services/all-in-one/dist/main.js',
  test: 'libs/workbench/dist/test.js',
  story: 'tests/dist/story/main.js',
  crash: 'tests/dist/crash/main.js',
  where: 'libs/workbench/dist/where.js',
  describe: 'libs/workbench/dist/describe.js',
  docs: 'libs/workbench/dist/docs.js',
  'event-store-node': 'libs/event-store-node/dist/cli.js',
  kafka: 'libs/local-kafka/dist/cli.js',
  bench: 'tests/dist/bench/main.js',
};

const [command = '', ...args] = process.argv.slice(2);
install();
build();
if (command in commands) run(commands[command], args);
else if (command !== 'build') {
  say(`usage: node libs/workbench/bootstrap.cjs build|${Object.keys(commands).join('|')} [...]`);
  process.exit(2);
}
