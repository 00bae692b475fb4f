import { quantile } from './measure';
import type { Figure, Scenario } from './scenario';

/** What came of a scenario: figures, or the reason why it did not run. */
export interface Result {
  readonly scenario: Pick<Scenario, 'name' | 'title' | 'raw'>;
  readonly figures: readonly Figure[];
  readonly skipped?: string;
}

export const digits = (value: number): string => {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
};

const unitOf = ({ unit }: Figure): string => (unit === 'ratio' ? '' : unit === '/s' ? '/s' : ` ${unit}`);

const cells = (figure: Figure): readonly string[] => {
  const { what, values, aim } = figure;
  const [middle, low, high] = [0.5, 0, 1].map((share) => quantile(values, share)) as [number, number, number];
  const sign = aim?.better === 'less' ? '≤' : '≥';
  const goal = (value: number | undefined): string => (value === undefined ? '' : `${sign} ${digits(value)}`);
  const met = (value: number): boolean => (aim?.better === 'less' ? middle <= value : middle >= value);
  const verdict = aim === undefined ? '' : aim.wanted !== undefined && met(aim.wanted) ? 'wanted' : met(aim.first) ? 'first' : 'below';
  const spread = values.length > 1 ? `${digits(low)} – ${digits(high)}` : '';
  return [what, `${digits(middle)}${unitOf(figure)}`, spread, goal(aim?.first), goal(aim?.wanted), verdict];
};

const heading = ['figure', 'median', 'lowest – highest', 'first aim', 'wanted', 'meets'] as const;

/** A result as lines of text, in columns. */
export const tableOf = ({ scenario, figures, skipped }: Result): string => {
  const title = `${scenario.title} (${scenario.name})`;
  if (skipped !== undefined) return `${title}\n  skipped: ${skipped}\n`;
  const rows = [heading, ...figures.map(cells)];
  const widths = heading.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))),
  );
  return `${title}\n  raw: ${scenario.raw}\n${lines.map((line) => `  ${line.join('  ')}`.trimEnd()).join('\n')}\n`;
};
