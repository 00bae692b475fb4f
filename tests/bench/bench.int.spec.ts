import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from '../support/build';

const root = join(__dirname, '..', '..');

interface Written {
  readonly quick: boolean;
  readonly scenarios: readonly {
    readonly name: string;
    readonly skipped?: string;
    readonly figures: readonly { readonly what: string; readonly values: readonly number[]; readonly median: number }[];
  }[];
}

/** kafkajs makes Node 24 warn of a harmless timer; whatever else is said counts. */
const env = { ...process.env, NODE_OPTIONS: '--disable-warning=TimeoutNegativeWarning' };

const bench = (...args: readonly string[]) =>
  spawnSync(process.execPath, [join(root, 'tests/dist/bench/main.js'), ...args], { encoding: 'utf8', cwd: root, env });

describe('npm run bench', () => {
  let folder: string;
  beforeAll(() => {
    build();
    folder = mkdtempSync(join(tmpdir(), 'qiyue-bench-'));
  }, 600_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('runs every scenario and gives figures for each; only one that needs Kafka may say why it cannot run here', () => {
    const file = join(folder, 'figures.json');
    const names = ['appends', 'orders', 'visibility-embedded', 'visibility-kafka', 'projection-embedded', 'projection-kafka', 'rebuild'];
    const all = [...names, 'memory', 'growth'];
    const { status, stdout, stderr } = bench('--quick', '--json', file, '--only', all.join(','), '--vs', 'emmett');
    expect(`${status} ${stderr}`).toBe('0 ');
    const { quick, scenarios } = JSON.parse(readFileSync(file, 'utf8')) as Written;
    expect([quick, scenarios.map(({ name }) => name)]).toEqual([true, [...all, 'emmett']]);
    for (const { name, skipped, figures } of scenarios) {
      if (skipped !== undefined) {
        expect(name).toMatch(/kafka$/);
        expect(stdout).toContain(`skipped: ${skipped}`);
        continue;
      }
      const wrong = figures.filter(({ values, median }) => values.length === 0 || ![...values, median].every(Number.isFinite));
      expect([name, figures.length > 0, wrong]).toEqual([name, true, []]);
      for (const { what } of figures) expect(stdout).toContain(what);
    }
  }, 600_000);

  test('names its scenarios when it is asked for one that there is not', () => {
    const { status, stderr } = bench('--only', 'nothing');
    expect([status, stderr]).toEqual([1, expect.stringMatching(/^usage: npm run bench .*appends, orders, .*growth/s)]);
  });
});
