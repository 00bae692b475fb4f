import { clauseIds, clauses, type ClauseId } from '@qiyue/agreement';
import { allFacts, allRejections, type Fact } from '@qiyue/contracts';
import type { AnyEventType } from '@qiyue/decider';
import { allServices } from '@qiyue/all-in-one';
import { sourceFiles, type SourceFile } from './sources';

/** Everything in the code that has to do with one clause. */
export interface ClauseEntry {
  readonly clause: ClauseId;
  readonly kind: 'executable' | 'informative';
  readonly owner: readonly string[];
  readonly zh: string;
  readonly en: string;
  readonly parameters: readonly string[];
  /** `path:line` of policies and decisions that cite the clause. */
  readonly places: readonly string[];
  /** `service.code` of rejections under it. */
  readonly codes: readonly string[];
  /** `service.Name` of facts and stored events decided under it. */
  readonly events: readonly string[];
  /** `path:line` of tests whose names end in it. */
  readonly tests: readonly string[];
}

const clauseNumbers = /\d+(?:\.\d+)+/g;

/** Where a comment in domain code cites a clause: `// 2.2.5: …`, `/** 8.2.3: …`, or in a policy's first line. */
const citations = (files: readonly SourceFile[]): ReadonlyMap<string, readonly string[]> => {
  const found = new Map<string, string[]>();
  for (const { path, lines } of files) {
    lines.forEach((line, at) => {
      const cited = /^\s*(?:\/\/|\/\*\*|\*)\s+((?:\d+(?:\.\d+)+(?:,? and |, | to )?)+):/.exec(line);
      for (const clause of cited?.[1]?.match(clauseNumbers) ?? []) found.set(clause, [...(found.get(clause) ?? []), `${path}:${at + 1}`]);
    });
  }
  return found;
};

/** Test names that end in a clause or a list of clauses in brackets. */
const testsByClause = (files: readonly SourceFile[]): ReadonlyMap<string, readonly string[]> => {
  const found = new Map<string, string[]>();
  for (const { path, lines } of files) {
    lines.forEach((line, at) => {
      for (const [, cited = ''] of line.matchAll(/\((\d+(?:\.\d+)+(?:, \d+(?:\.\d+)+)*)\)['"`]/g)) {
        for (const clause of cited.match(clauseNumbers) ?? []) found.set(clause, [...(found.get(clause) ?? []), `${path}:${at + 1}`]);
      }
    });
  }
  return found;
};

const codesOf = (clause: string): readonly string[] =>
  Object.values(allRejections).flatMap(({ service, table }) =>
    Object.entries<{ readonly clause?: string }>(table)
      .filter(([, entry]) => entry.clause === clause)
      .map(([code]) => `${service}.${code}`),
  );

const eventsOf = (clause: string): readonly string[] => {
  const facts = Object.values(allFacts).flatMap((ofService) => Object.values(ofService) as Fact[]);
  const told = facts.filter((fact) => fact.clause === clause).map(({ service, name }) => `${service}.${name}`);
  const stored = allServices.flatMap(({ name, streams }) =>
    streams.flatMap(({ events }) =>
      (Object.values(events) as AnyEventType[]).filter((event) => event.clause === clause).map(({ type }) => `${name}.${type}`),
    ),
  );
  return [...new Set([...told, ...stored])].sort();
};

/** The whole index, in the order of the agreement. */
export const clauseIndex = (): readonly ClauseEntry[] => {
  const code = citations(sourceFiles(['libs', 'services'], /^(libs|services)\/[^/]+\/src\/.*(?<!\.spec)\.ts$/));
  const tests = testsByClause(sourceFiles(['libs', 'services', 'tests'], /\.spec\.ts$/));
  return clauseIds.map((clause) => {
    const { kind, owner, zh, en, parameters } = clauses[clause];
    return {
      clause,
      kind,
      owner,
      zh,
      en,
      parameters: Object.entries(parameters as Readonly<Record<string, { readonly default: number; readonly unit: string }>>).map(
        ([name, { default: value, unit }]) => `${name} = ${value} ${unit}${value === 1 ? '' : 's'}`,
      ),
      places: code.get(clause) ?? [],
      codes: codesOf(clause),
      events: eventsOf(clause),
      tests: tests.get(clause) ?? [],
    };
  });
};

/** Whether something in the code carries the clause out and tests show it. */
export const isBuilt = ({ places, codes, events, tests }: ClauseEntry): boolean =>
  places.length + codes.length + events.length > 0 && tests.length > 0;
