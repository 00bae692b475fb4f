import { allServices } from '@qiyue/all-in-one';
import { serviceNames } from '@qiyue/contracts';
import { Metrics } from '../../libs/service-kit/src/run/metrics';
import { documentOf, exists, textOf } from './files';
import { pathsOf } from './settings';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string };
}
const rules = documentOf<{ groups: readonly { name: string; rules: readonly Rule[] }[] }>('deploy/prometheus/rules.yml').groups.flatMap(
  (group) => group.rules,
);

interface Dashboard {
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly datasource: { readonly uid: string };
    readonly gridPos: { x: number; y: number; w: number; h: number };
    readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
  }[];
}
const { panels } = JSON.parse(textOf('deploy/grafana/dashboards/qiyue.json')) as Dashboard;

/** Labels of every series that a process exports, by the series' name. */
const exported = new Map<string, ReadonlySet<string>>(
  new Metrics().registry.getMetricsAsArray().flatMap((metric) => {
    const { name, type, labelNames = [] } = metric as unknown as { name: string; type: string; labelNames?: readonly string[] };
    const labels = new Set([...labelNames, 'job', 'app', 'instance']);
    return type === 'histogram'
      ? [
          [`${name}_bucket`, new Set([...labels, 'le'])],
          [`${name}_count`, labels],
          [`${name}_sum`, labels],
        ]
      : [[name, labels]];
  }) as readonly (readonly [string, ReadonlySet<string>])[],
).set('up', new Set(['job', 'app', 'instance']));

const words = new Set(['sum', 'min', 'max', 'by', 'rate', 'increase', 'histogram_quantile', 'max_over_time', 'unless', 'or', 'offset']);

/** The series an expression names, with the labels it chooses by. */
const seriesIn = (expression: string) => {
  const bare = expression.replace(/\[[^\]]*\]/g, '').replace(/offset \d+[smhd]/g, '');
  const grouped = [...bare.matchAll(/by \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(/,\s*/));
  // A selector's braces go with its name, so what stands in them is no series.
  return [...bare.replace(/by \([^)]*\)/g, '').matchAll(/\b([a-z][a-z0-9_]*)(?:\{([^}]*)\})?/g)]
    .filter(([, name = '']) => !words.has(name))
    .map(([, name = '', chosen = '']) => ({
      name,
      grouped,
      chosen: [...chosen.matchAll(/(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g)].map(([, label = '', , value = '']) => ({ label, value })),
    }));
};

/** What is wrong with an expression; nothing, when a process exports all of it. */
const faultsIn = (expression: string): readonly string[] =>
  seriesIn(expression).flatMap(({ name, grouped, chosen }) => {
    const labels = exported.get(name);
    if (labels === undefined) return [`nobody exports ${name}`];
    return [...grouped, ...chosen.map(({ label }) => label)]
      .filter((label) => !labels.has(label))
      .map((label) => `${name} has no label ${label}`);
  });

const alerts = rules.map((rule) => [rule.alert, rule] as const);

describe.each(alerts)('%s', (name, { expr, labels, annotations }) => {
  test('looks at series and labels that are exported', () => {
    expect(seriesIn(expr).length).toBeGreaterThan(0);
    expect(faultsIn(expr)).toEqual([]);
  });
  test('is as urgent as one of two', () => expect(['critical', 'warning']).toContain(labels.severity));
  test('says what is the matter by labels that it has', () => {
    const used = [...annotations.summary.matchAll(/\$labels\.(\w+)/g)].map(([, label = '']) => label);
    const kept = expr.includes(' by (') ? seriesIn(expr).flatMap(({ grouped }) => grouped) : ['job', 'app', 'instance'];
    expect(used.filter((label) => !kept.includes(label))).toEqual([]);
  });
  test('has a section of its own in the handbook', () => expect(textOf('docs/operations.md')).toMatch(new RegExp(`^### ${name}$`, 'm')));
});

describe('alerts', () => {
  test('have names of their own', () => expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length));
  test('are all that the handbook explains', () => {
    const explained = [...textOf('docs/operations.md').matchAll(/^### (Qiyue\w+)$/gm)].map(([, name]) => name);
    expect(explained.filter((name) => !rules.some(({ alert }) => alert === name))).toEqual([]);
  });
  test('speak of services and reactions that there are', () => {
    const chosen = rules
      .flatMap(({ expr }) => seriesIn(expr))
      .map((one) => Object.fromEntries(one.chosen.map(({ label, value }) => [label, value])));
    const strange = chosen.filter(
      ({ service, reaction }) =>
        service !== undefined &&
        !allServices.some(
          (one) =>
            one.name === service &&
            (reaction === undefined || one.reactions.some(({ kind, name }) => kind === 'reaction' && name === reaction)),
        ),
    );
    expect(strange).toEqual([]);
  });
  test('are found by Prometheus, which asks every service on a path that there is', () => {
    const config = documentOf<{
      rule_files: string[];
      scrape_configs: { job_name: string; metrics_path: string; static_configs: { targets: string[] }[] }[];
    }>('deploy/prometheus/prometheus.yml');
    expect(config.rule_files).toEqual(['/etc/prometheus/rules.yml']);
    const [job] = config.scrape_configs;
    expect(job?.job_name).toBe('qiyue');
    expect(job?.static_configs.flatMap(({ targets }) => targets)).toEqual(serviceNames.map((name) => `${name}:3000`));
    expect(serviceNames.every((name) => pathsOf(name).has(job?.metrics_path ?? ''))).toBe(true);
  });
});

describe('the dashboard', () => {
  test.each(panels.map((panel) => [panel.title, panel] as const))(
    '%s: shows series and labels that are exported',
    (_title, { targets, datasource }) => {
      expect(targets.flatMap(({ expr }) => faultsIn(expr))).toEqual([]);
      expect(targets.every(({ expr }) => seriesIn(expr).length > 0)).toBe(true);
      expect(datasource.uid).toBe(
        documentOf<{ datasources: [{ uid: string }] }>('deploy/grafana/provisioning/datasources/prometheus.yml').datasources[0].uid,
      );
    },
  );
  test('names its lines by labels that they have', () => {
    const wrong = panels.flatMap(({ title, targets }) =>
      targets.flatMap(({ expr, legendFormat }) => {
        const kept = expr.includes(' by (') ? seriesIn(expr).flatMap(({ grouped }) => grouped) : ['job', 'app', 'instance'];
        return [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)]
          .filter(([, label = '']) => !kept.includes(label))
          .map(([, label]) => `${title}: ${label}`);
      }),
    );
    expect(wrong).toEqual([]);
  });
  test('has panels with ids of their own, side by side', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_none, at) => `${x + (at % w)},${y + Math.floor(at / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
  });
  test('is mounted where Grafana looks', () => {
    const { providers } = documentOf<{ providers: [{ options: { path: string } }] }>('deploy/grafana/provisioning/dashboards/qiyue.yml');
    expect(textOf('docker-compose.yml')).toContain(`./deploy/grafana/dashboards:${providers[0].options.path}:ro`);
  });
});

describe('the collector', () => {
  interface Pipeline {
    readonly receivers: readonly string[];
    readonly processors: readonly string[];
    readonly exporters: readonly string[];
  }
  const config = documentOf<{
    extensions: object;
    receivers: object;
    processors: object;
    exporters: object;
    service: { extensions: readonly string[]; pipelines: Readonly<Record<string, Pipeline>> };
  }>('deploy/otel/collector.yml');
  const pipelines = Object.values(config.service.pipelines);

  test('joins parts that it has', () => {
    expect(pipelines.flatMap(({ receivers }) => receivers).filter((name) => !(name in config.receivers))).toEqual([]);
    expect(pipelines.flatMap(({ processors }) => processors).filter((name) => !(name in config.processors))).toEqual([]);
    expect(config.service.extensions).toEqual(Object.keys(config.extensions));
    expect(new Set(pipelines.flatMap(({ exporters }) => exporters))).toEqual(new Set(['${env:COLLECTOR_EXPORTER}']));
  });
  test('gets every variable it reads from Compose, and an exporter that it has', () => {
    const { environment } =
      documentOf<{ services: Readonly<Record<string, { environment: Readonly<Record<string, string>> }>> }>('docker-compose.yml').services[
        'otel-collector'
      ] ?? {};
    const read = [...textOf('deploy/otel/collector.yml').matchAll(/\$\{env:(\w+)\}/g)].map(([, name = '']) => name);
    expect(read.filter((name) => environment?.[name] === undefined)).toEqual([]);
    expect(Object.keys(config.exporters)).toContain(/:-(\w+)\}/.exec(environment?.['COLLECTOR_EXPORTER'] ?? '')?.[1]);
  });
  test('has its file where Compose mounts it', () => expect(exists('deploy/otel/collector.yml')).toBe(true));
});
