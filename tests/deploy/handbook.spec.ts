import { serviceNames } from '@qiyue/contracts';
import { allServices } from '@qiyue/all-in-one';
import { configReference, controllersOf, routesOf } from '@qiyue/service-kit';
import { HealthController } from '../../libs/service-kit/src/ops/platform-controllers';
import { Metrics } from '../../libs/service-kit/src/run/metrics';
import { exists, textOf } from './files';
import { build } from './kustomize';

const handbook = textOf('docs/operations.md');
const all = (pattern: RegExp): readonly string[] => [...new Set([...handbook.matchAll(pattern)].map(([whole, part]) => part ?? whole))];

describe('the handbook', () => {
  test('names settings that there are', () => {
    const reference = new Set(
      configReference(allServices.flatMap(({ config }) => config as readonly (new () => object)[])).map(({ name }) => name),
    );
    const outside = new Set(['POSTGRES_PASSWORD', 'GRAFANA_PASSWORD', 'COLLECTOR_EXPORTER', 'OTLP_BACKEND_URL', 'COMMAND_CONFIG']);
    expect(all(/`([A-Z]+(?:_[A-Z]+)+)[`=]/g).filter((name) => !reference.has(name) && !outside.has(name))).toEqual([]);
  });
  test('names metrics that there are', () => {
    const exported = new Set(new Metrics().registry.getMetricsAsArray().map(({ name }) => name));
    expect(all(/\b(qiyue_[a-z]+_[a-z_]+)\b/g).filter((name) => !exported.has(name))).toEqual([]);
  });
  test('names addresses that there are', () => {
    const routes = [
      ...routesOf('', [HealthController]),
      ...allServices.flatMap((service) => routesOf(service.name, controllersOf(service))),
    ];
    const known = new Set(
      routes.flatMap(({ service, method, path }) =>
        [path, path.replace(`/${service}/`, '/<service>/')].map((one) => `${method} ${one.replace(/:\w+/g, '<name>')}`),
      ),
    );
    const named = all(/`((?:GET|POST) \/[^\s`?]+)/g);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((address) => !known.has(address))).toEqual([]);
    for (const path of [
      'POST /identity/staff-sessions',
      'GET /order/ops/parked',
      'POST /order/ops/parked/redrive',
      'POST /order/ops/parked/discard',
    ])
      expect(known).toContain(path);
  });
  test('has every database of production made, and no other', () => {
    expect([...all(/^CREATE DATABASE (\w+) OWNER/gm)].sort()).toEqual(
      [...serviceNames, 'platform', 'vault'].map((name) => `qiyue_${name}`).sort(),
    );
  });
  test('has every Secret made that production needs, with every key', () => {
    const wanted = new Set<string>();
    const visit = (tree: unknown): void => {
      if (typeof tree !== 'object' || tree === null) return;
      const { secretKeyRef, secretName, items } = tree as {
        secretKeyRef?: { name: string; key: string; optional?: boolean };
        secretName?: string;
        items?: readonly { key: string }[];
      };
      for (const { key } of items ?? []) wanted.add(`${secretName ?? ''} ${key}`);
      if (secretKeyRef !== undefined && secretKeyRef.optional !== true) wanted.add(`${secretKeyRef.name} ${secretKeyRef.key}`);
      Object.values(tree).forEach(visit);
    };
    build('k8s/overlays/production').forEach(visit);
    const made = new Set(
      [...handbook.matchAll(/create secret generic (\S+) (.+)$/gm)].flatMap(([, name = '', rest = '']) =>
        [...rest.matchAll(/--from-(?:literal|file)=([\w.-]+)=/g)].map(([, key = '']) => `${name} ${key}`),
      ),
    );
    expect([...wanted].filter((one) => !made.has(one))).toEqual([]);
  });
  test('has every variable made that Compose demands', () => {
    const demanded = [...textOf('docker-compose.yml').matchAll(/\$\{(\w+):\?/g)].map(([, name = '']) => name);
    const made = handbook.slice(handbook.indexOf('umask 077'), handbook.indexOf('**Staff**'));
    expect(demanded.filter((name) => !made.includes(name))).toEqual([]);
  });
  test('names log lines that the code writes', () => {
    const kit = ['leader-stations', 'own-stations', 'stations', 'deadlines', 'fact-consumers']
      .map((name) => `libs/service-kit/src/run/${name}.ts`)
      .filter(exists);
    const code = [...kit, 'libs/service-kit/src/http/problem-filter.ts'].map(textOf).join('\n');
    for (const line of ['a deadline failed', 'the lead of the own stations was lost', 'a request failed']) {
      expect(handbook).toContain(`\`${line}\``);
      expect(code).toContain(`'${line}'`);
    }
  });
  test('names files that there are', () =>
    expect(all(/`((?:deploy|k8s|services|libs)\/[\w./-]+)`/g).filter((path) => !exists(path))).toEqual([]));
});
