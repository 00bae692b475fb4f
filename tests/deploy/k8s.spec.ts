import { partitionCount, serviceNames } from '@qiyue/contracts';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { selfSigned } from '../../libs/event-store-node/src/spec-certificate';
import { exists, documentOf, root, sampleSecrets, sampleSecretsOfProduction, textOf } from './files';
import { build, type Manifest } from './kustomize';
import { faultsOf, pathsOf, secretsOf, settingOf } from './settings';

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
  readonly timeoutSeconds: number;
  readonly periodSeconds: number;
  readonly failureThreshold: number;
}
interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string; readonly optional?: boolean } };
}
interface Container {
  readonly image: string;
  readonly command: readonly string[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly envFrom: readonly { readonly configMapRef: { readonly name: string } }[];
  readonly env: readonly Variable[];
  readonly resources: { readonly requests: Readonly<Record<string, string>>; readonly limits: Readonly<Record<string, string>> };
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
  readonly securityContext: object;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
}
interface Selecting {
  readonly spec: {
    readonly selector: { readonly matchLabels: object };
    readonly template: { readonly metadata: { readonly labels: object; readonly annotations: object }; readonly spec: PodSpec };
  };
}
interface PodSpec {
  readonly containers: readonly [Container];
  readonly volumes: readonly {
    readonly name: string;
    readonly secret?: { readonly secretName: string; readonly defaultMode: number; readonly items: readonly { readonly path: string }[] };
  }[];
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: object;
  readonly automountServiceAccountToken: boolean;
  readonly topologySpreadConstraints: readonly { readonly labelSelector: { readonly matchLabels: object } }[];
}

const label = (name: string): object => ({ 'app.kubernetes.io/name': name });
const named = <T>(all: readonly Manifest[], kind: string, name: string): Manifest & T => {
  const found = all.filter((one) => one.kind === kind && one.metadata.name === name);
  if (found.length !== 1) throw new Error(`${found.length} of kind ${kind} are named ${name}`);
  return found[0] as Manifest & T;
};

/** The environment a container gets, with a sample for each secret that must be there. */
const envOf = (all: readonly Manifest[], { envFrom, env, volumeMounts }: Container): Readonly<Record<string, string>> => {
  const samples = volumeMounts.some(({ mountPath }) => mountPath.startsWith('/etc/qiyue/')) ? sampleSecretsOfProduction : sampleSecrets;
  const maps = envFrom.map(
    ({ configMapRef }) => named<{ data: Readonly<Record<string, string>> }>(all, 'ConfigMap', configMapRef.name).data,
  );
  const own = env.map(
    ({ name, value, valueFrom }) => [name, value ?? (valueFrom?.secretKeyRef.optional === true ? undefined : samples[name])] as const,
  );
  return Object.fromEntries(
    [...maps.flatMap((data) => Object.entries(data)), ...own].filter((entry): entry is readonly [string, string] => entry[1] !== undefined),
  );
};

/** A folder with a certificate for every file that Secrets put into the pod, by where it is mounted. */
const mounted = ({ volumes, containers: [{ volumeMounts }] }: PodSpec): Readonly<Record<string, string>> =>
  Object.fromEntries(
    volumes.flatMap(({ name, secret }) => {
      if (secret === undefined) return [];
      const folder = mkdtempSync(join(tmpdir(), 'qiyue-mounted-'));
      folders.push(folder);
      for (const { path } of secret.items) writeFileSync(join(folder, path), selfSigned().cert);
      return [[volumeMounts.find((mount) => mount.name === name)?.mountPath ?? 'nowhere', folder]];
    }),
  );
const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

/** The environment as the pod sees it: files that its settings name are there if they are mounted. */
const seenFrom = (pod: PodSpec, env: Readonly<Record<string, string>>): Readonly<Record<string, string>> => {
  const places = Object.entries(mounted(pod));
  const seen = (value: string): string => places.reduce((text, [place, folder]) => text.replaceAll(place, folder), value);
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, seen(value)]));
};

describe.each([['dev'], ['production']])('the %s overlay', (overlay) => {
  const all = build(`k8s/overlays/${overlay}`);

  test('holds every manifest once', () => {
    const names = all.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
  });
  test('runs the six services and nothing else', () => {
    expect(all.filter(({ kind }) => kind === 'Deployment').map(({ metadata }) => metadata.name)).toEqual([...serviceNames]);
  });
  test('stands in one namespace', () => expect(new Set(all.map(({ metadata }) => metadata.namespace)).size).toBe(1));
  test('holds no Secret: they are made by hand or by a vault', () => expect(all.filter(({ kind }) => kind === 'Secret')).toEqual([]));

  describe.each(serviceNames.map((name) => [name]))('%s', (name) => {
    const { spec } = named<Selecting>(all, 'Deployment', name);
    const { spec: pod, metadata } = spec.template;
    const [container] = pod.containers;
    const env = envOf(all, container);

    test('runs its own main file', () => {
      expect(container.command).toEqual(['node', `services/${name}/dist/main.js`]);
      expect(exists(`services/${name}/src/main.ts`)).toBe(true);
    });
    test('gets variables that it reads and values that it accepts, none missing', () => {
      expect(faultsOf(name, seenFrom(pod, env))).toEqual([]);
      const variables = container.env.map((variable) => variable.name);
      expect(
        variables.filter((variable) => !faultsOf(name, { [variable]: '' }).every((fault) => fault !== `${variable}: nobody reads it`)),
      ).toEqual([]);
    });
    test('gets secrets from a Secret, under the name of the variable', () => {
      const secret = container.env.filter((variable) => secretsOf(name).has(variable.name));
      expect(secret.filter((variable) => variable.valueFrom?.secretKeyRef.key !== variable.name)).toEqual([]);
      expect(
        Object.keys(named<{ data: object }>(all, 'ConfigMap', 'qiyue').data).filter((variable) => secretsOf(name).has(variable)),
      ).toEqual([]);
    });
    test('runs on the real bus and the real clock', () => {
      expect(settingOf(name, env, 'BUS')).toBe('kafka');
      expect(settingOf(name, env, 'KAFKA_BROKERS')).toMatch(/:9092/);
      expect(settingOf(name, env, 'QIYUE_TEST_CLOCK')).toBe('off');
    });
    test('is found by what selects it', () => {
      expect(metadata.labels).toEqual({ ...label(name), 'app.kubernetes.io/part-of': 'qiyue' });
      expect(spec.selector.matchLabels).toEqual(label(name));
      expect(named<{ spec: { selector: object } }>(all, 'Service', name).spec.selector).toEqual(label(name));
      expect(named<Selecting>(all, 'PodDisruptionBudget', name).spec.selector.matchLabels).toEqual(label(name));
      expect(pod.topologySpreadConstraints.map(({ labelSelector }) => labelSelector.matchLabels)).toEqual([label(name)]);
    });
    test('listens where its Service, its probes and Prometheus look', () => {
      expect(env['HOST']).toBe('0.0.0.0');
      const port = Number(env['PORT']);
      expect(container.ports).toEqual([{ name: 'http', containerPort: port }]);
      expect(named<{ spec: { ports: unknown } }>(all, 'Service', name).spec.ports).toEqual([{ name: 'http', port, targetPort: 'http' }]);
      expect(metadata.annotations).toMatchObject({
        'prometheus.io/scrape': 'true',
        'prometheus.io/port': String(port),
        'prometheus.io/path': '/metrics',
      });
      expect(pathsOf(name)).toContain('/metrics');
    });
    test('is probed on paths that there are; only its own state restarts it', () => {
      const probes = [container.startupProbe, container.livenessProbe, container.readinessProbe];
      expect(probes.map(({ httpGet }) => httpGet.path)).toEqual(['/livez', '/livez', '/readyz']);
      for (const { httpGet } of probes) {
        expect(pathsOf(name)).toContain(httpGet.path);
        expect(httpGet.port).toBe('http');
      }
      // A look at what it depends on takes up to two seconds.
      expect(container.readinessProbe.timeoutSeconds).toBeGreaterThan(2);
    });
    test('finishes what it has begun before it is killed', () => {
      const needed = container.lifecycle.preStop.sleep.seconds * 1000 + Number(settingOf(name, env, 'STOP_TIMEOUT_MS'));
      expect(pod.terminationGracePeriodSeconds * 1000).toBeGreaterThan(needed);
    });
    test('asks for and is limited in memory and processors', () => {
      for (const part of [container.resources.requests, container.resources.limits])
        expect(part).toEqual({ cpu: expect.stringMatching(/^\d+m?$/), memory: expect.stringMatching(/^\d+Mi$/) });
    });
    test('has no rights that it does not need', () => {
      expect(pod).toMatchObject({
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      });
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
    });
    test('is an image of this version', () => {
      const { version } = JSON.parse(textOf('package.json')) as { version: string };
      expect(container.image).toMatch(new RegExp(`^(registry\\.example\\.com/)?qiyue:${version}$`));
    });
    test('has its tokens verified by keys that identity shows', () => {
      const { hostname, port, pathname } = new URL(settingOf(name, env, 'AUTH_JWKS_URL'));
      expect({ hostname, port }).toEqual({ hostname: 'identity', port: env['PORT'] });
      expect(pathsOf('identity')).toContain(pathname);
    });
  });

  test('answers each service under its prefix, and leaves health and metrics inside', () => {
    const { spec } = named<{
      spec: { rules: readonly { http: { paths: readonly { path: string; pathType: string; backend: unknown }[] } }[] };
    }>(all, 'Ingress', 'qiyue');
    expect(spec.rules.flatMap(({ http }) => http.paths)).toEqual(
      serviceNames.map((name) => ({ path: `/${name}`, pathType: 'Prefix', backend: { service: { name, port: { name: 'http' } } } })),
    );
  });
  test('lets each service reach its stores and the keys of tokens, and only billing and notification the world', () => {
    const policies = all.filter(({ kind }) => kind === 'NetworkPolicy') as (Manifest & {
      spec: { podSelector: { matchLabels: object }; egress?: readonly { to?: unknown; ports: readonly { port: number }[] }[] };
    })[];
    const anywhere = policies.map(({ spec }) => [
      spec.podSelector.matchLabels,
      (spec.egress ?? []).filter(({ to }) => to === undefined).flatMap(({ ports }) => ports.map(({ port }) => port)),
    ]);
    expect(anywhere).toEqual([
      [{ 'app.kubernetes.io/part-of': 'qiyue' }, [5432, 2113, 9092]],
      [label('identity'), []],
      [label('billing'), [443]],
      [label('notification'), [465, 587]],
    ]);
  });
});

describe('production', () => {
  const all = build('k8s/overlays/production');

  test.each(serviceNames.map((name) => [name]))('keeps two pods of %s at least, and no more than there are partitions', (name) => {
    const { spec } = named<{ spec: { minReplicas: number; maxReplicas: number; scaleTargetRef: object } }>(
      all,
      'HorizontalPodAutoscaler',
      name,
    );
    expect(spec.scaleTargetRef).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', name });
    expect(spec.minReplicas).toBeGreaterThanOrEqual(2);
    expect(spec.maxReplicas).toBeLessThanOrEqual(partitionCount);
    // Two owners of one number would undo each other.
    expect(named<{ spec: object }>(all, 'Deployment', name).spec).not.toHaveProperty('replicas');
  });
  test('makes no databases, plays with no sandbox money and sends its mail', () => {
    const envFor = (name: string) => envOf(all, named<Selecting>(all, 'Deployment', name).spec.template.spec.containers[0]);
    expect(settingOf('order', envFor('order'), 'CREATE_DATABASES')).toBe('off');
    expect(settingOf('billing', envFor('billing'), 'BILLING_GATEWAY')).toBe('http');
    expect(settingOf('billing', envFor('billing'), 'BILLING_GATEWAY_URL')).toMatch(/^https:/);
    expect(envFor('notification')).toHaveProperty('SMTP_URL');
  });
  test.each(serviceNames.map((name) => [name]))('%s logs no messages of foreign errors, which may quote personal data', (name) => {
    const env = envOf(all, named<Selecting>(all, 'Deployment', name).spec.template.spec.containers[0]);
    expect(['debug', 'trace']).not.toContain(settingOf(name, env, 'LOG_LEVEL'));
  });
  test.each(serviceNames.map((name) => [name]))(
    '%s reaches PostgreSQL, the event store and Kafka by TLS and with credentials, or does not start',
    (name) => {
      const { spec: pod } = named<Selecting>(all, 'Deployment', name).spec.template;
      const env = seenFrom(pod, envOf(all, pod.containers[0]));
      expect(settingOf(name, env, 'TLS_REQUIRED')).toBe('on');
      expect(settingOf(name, env, 'KAFKA_SASL_MECHANISM')).toMatch(/^scram-/);
      expect(faultsOf(name, { ...env, POSTGRES_URL: 'postgres://someone:something@postgres:5432' })).toHaveLength(1);
      expect(faultsOf(name, { ...env, EVENT_STORE_URL: 'esdb://someone:something@kurrentdb:2113?tls=false' })).toHaveLength(1);
      expect(faultsOf(name, { ...env, KAFKA_SASL_MECHANISM: '', KAFKA_SASL_USERNAME: '', KAFKA_SASL_PASSWORD: '' })).toHaveLength(1);
    },
  );
  test.each(serviceNames.map((name) => [name]))('%s is given files of Secrets to read, not to write, and its group can', (name) => {
    const { spec: pod } = named<Selecting>(all, 'Deployment', name).spec.template;
    const secret = pod.volumes.filter((volume) => volume.secret !== undefined);
    expect(secret.map((volume) => volume.secret?.defaultMode)).toEqual([0o440]);
    expect(pod.containers[0].volumeMounts.find(({ name: volume }) => volume === secret[0]?.name)?.readOnly).toBe(true);
    expect(pod.securityContext).toMatchObject({ runAsGroup: 1000, fsGroup: 1000 });
  });
  test('is reached by TLS', () => expect(named(all, 'Ingress', 'qiyue')).toMatchObject({ spec: { tls: [{ secretName: 'qiyue-tls' }] } }));
});

test('every manifest belongs to a kustomization', () => {
  const folders = ['k8s/base', 'k8s/overlays/dev', 'k8s/overlays/production'];
  const orphans = folders.flatMap((folder) => {
    const {
      resources = [],
      patches = [],
      configMapGenerator = [],
    } = documentOf<{ resources?: string[]; patches?: { path: string }[]; configMapGenerator?: { envs?: string[] }[] }>(
      join(folder, 'kustomization.yaml'),
    );
    const used = new Set([
      'kustomization.yaml',
      ...resources,
      ...patches.map(({ path }) => path),
      ...configMapGenerator.flatMap(({ envs = [] }) => envs),
    ]);
    const files = readdirSync(join(root, folder), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    return files
      .map((entry) => join(entry.parentPath, entry.name).slice(join(root, folder).length + 1))
      .filter((path) => !used.has(path))
      .map((path) => `${folder}/${path}`);
  });
  expect(orphans).toEqual([]);
});
