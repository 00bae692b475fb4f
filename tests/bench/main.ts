import 'reflect-metadata';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { median, type Effort, type Scenario } from './scenario';
import { Parts, root } from './parts';
import { scenarios, versus } from './scenarios';
import { tableOf, type Result } from './table';

const usage = `usage: npm run bench -- [--only NAME[,NAME]] [--quick] [--json FILE] [--vs emmett]

  --only   ${scenarios.map(({ name }) => name).join(', ')}
  --quick  tiny counts: shows that everything runs, its figures mean nothing
  --json   where the figures go; .data/bench.json if left out
  --vs     also the same work through another library: ${Object.keys(versus).join(', ')}`;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    vs: { type: 'string' },
    help: { type: 'boolean' },
  },
});

const effort: Effort = values.quick
  ? { rounds: 1, stretchMs: 100, count: (_full, quick) => quick }
  : { rounds: 5, stretchMs: 1_500, count: (full) => full };

const chosen = (): readonly Scenario[] => {
  const other = values.vs === undefined ? undefined : versus[values.vs];
  const names = values.only?.split(',') ?? (values.vs === undefined ? scenarios.map(({ name }) => name) : []);
  const unknown = names.filter((name) => !scenarios.some((scenario) => scenario.name === name));
  if (unknown.length > 0 || (values.vs !== undefined && other === undefined)) throw new Error(usage);
  return [...scenarios.filter(({ name }) => names.includes(name)), ...(other === undefined ? [] : [other])];
};

const runOne = async (scenario: Scenario, parts: Parts): Promise<Result> => {
  const { name, title, raw } = scenario;
  const skipped = await scenario.skipped?.();
  if (skipped !== undefined) return { scenario: { name, title, raw }, figures: [], skipped };
  try {
    return { scenario: { name, title, raw }, figures: await scenario.run(parts, effort) };
  } finally {
    await parts.tidyUp();
  }
};

const written = (results: readonly Result[]): unknown => ({
  at: new Date().toISOString(),
  machine: { cpus: cpus().length, model: cpus()[0]?.model, node: process.version, platform: `${process.platform} ${process.arch}` },
  quick: values.quick,
  scenarios: results.map(({ scenario, figures, skipped }) => ({
    ...scenario,
    ...(skipped === undefined ? {} : { skipped }),
    figures: figures.map((figure) => ({ ...figure, median: median(figure.values) })),
  })),
});

const main = async (): Promise<void> => {
  if (values.help) return console.log(usage);
  const wanted = chosen();
  const parts = await Parts.open();
  const results: Result[] = [];
  try {
    for (const scenario of wanted) {
      const result = await runOne(scenario, parts);
      results.push(result);
      console.log(tableOf(result));
    }
  } finally {
    await parts.stop();
  }
  const file = resolve(values.json ?? join(root, '.data', 'bench.json'));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(written(results), undefined, 2)}\n`);
  console.log(`figures: ${file}`);
};

main().then(
  () => process.exit(0),
  (fault: unknown) => {
    console.error(fault instanceof Error ? (fault.message.startsWith('usage') ? fault.message : fault.stack) : fault);
    process.exit(1);
  },
);
