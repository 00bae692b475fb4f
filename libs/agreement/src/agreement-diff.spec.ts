import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { diffAgreements, hashAgreement, hashClauses, nodesOf, parseAgreement, type AgreementDocument } from './index';

const sample = (name: string): AgreementDocument => parseAgreement(readFileSync(join(__dirname, '../sample', name), 'utf8'));
const [first, second] = [sample('user-agreement.zh.txt'), sample('user-agreement-v2.zh.txt')];

const parse = (...clauses: string[]): AgreementDocument =>
  parseAgreement(['协议', '1.总则', ...clauses.map((text, index) => `1.${index + 1} ${text}`)].join('\n'));
const summary = (previous: AgreementDocument, next: AgreementDocument): string[] =>
  diffAgreements(previous, next).map(({ clause, change, from }) =>
    from === undefined ? `${change} ${clause}` : `${change} ${from}→${clause}`,
  );

describe('hashes', () => {
  test('the hash is SHA-256 in hex and the same each time', () => {
    expect(hashAgreement(first)).toMatch(/^[0-9a-f]{64}$/);
    expect(hashAgreement(sample('user-agreement.zh.txt'))).toBe(hashAgreement(first));
    expect(hashAgreement(second)).not.toBe(hashAgreement(first));
  });

  test('one other character in one clause changes the hash of the document and of that clause only', () => {
    const source = readFileSync(join(__dirname, '../sample/user-agreement.zh.txt'), 'utf8');
    const lines = source.split('\n');
    const hashes = hashClauses(first);
    fc.assert(
      fc.property(fc.nat(lines.length - 1), fc.nat(100), fc.constantFrom('甲', '贰', '，'), (lineAt, columnAt, other) => {
        const line = lines[lineAt]!;
        const start = /^[\d.]*\s*/.exec(line)?.[0].length ?? 0;
        const column = start + (columnAt % Math.max(1, line.length - start));
        fc.pre(column < line.length && line[column] !== other && line[column] !== ' ' && !/[；。：]/.test(line[column]!));
        const changed = parseAgreement(
          [...lines.slice(0, lineAt), line.slice(0, column) + other + line.slice(column + 1), ...lines.slice(lineAt + 1)].join('\n'),
        );
        expect(hashAgreement(changed)).not.toBe(hashAgreement(first));
        expect(diffAgreements(first, changed)).toHaveLength(1);
        expect([...hashClauses(changed)].filter(([id, hash]) => hashes.get(id) !== hash).length).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('words that differ only in where a space or a line break stands beside Chinese are the same', () => {
    expect(hashAgreement(parse('在 7 个工作日内。'))).toBe(hashAgreement(parse('在7个工作日内。')));
    expect(hashAgreement(parse('in one day'))).not.toBe(hashAgreement(parse('in oneday')));
    expect(hashAgreement(parse('７个工作日'))).not.toBe(hashAgreement(parse('7个工作日')));
  });

  test('words cannot slide from one clause into the next unnoticed', () => {
    expect(hashAgreement(parse('甲乙', '丙'))).not.toBe(hashAgreement(parse('甲', '乙丙')));
  });
});

describe('differences', () => {
  test('between the two samples: terms, the corrected number and the added clause', () => {
    expect(summary(first, second)).toEqual([
      'changed 2.1.2',
      'changed 2.2.3',
      'changed 2.2.5',
      'changed 8.3.5',
      'changed 8.5',
      'added 9.3',
    ]);
    const refund = diffAgreements(first, second).find(({ clause }) => clause === '2.2.5');
    expect(refund?.before).toContain('3 个工作日');
    expect(refund?.after).toContain('五个工作日');
    expect(summary(second, first)).toContain('removed 9.3');
  });

  test('a clause inserted in the middle is added, and those behind it are moved', () => {
    expect(summary(parse('甲。', '乙。', '丙。'), parse('甲。', '新。', '乙。', '丙。'))).toEqual([
      'added 1.2',
      'moved 1.2→1.3',
      'moved 1.3→1.4',
    ]);
  });

  test('a clause taken out of the middle is removed, and those behind it are moved', () => {
    expect(summary(parse('甲。', '乙。', '丙。'), parse('甲。', '丙。'))).toEqual(['moved 1.3→1.2', 'removed 1.2']);
  });

  test('clauses that change places are moved', () => {
    expect(summary(parse('甲。', '乙。'), parse('乙。', '甲。'))).toEqual(['moved 1.2→1.1', 'moved 1.1→1.2']);
  });

  test('a new title shows as a changed preamble', () => {
    expect(diffAgreements(parseAgreement('旧\n1.总则'), parseAgreement('新\n1.总则'))).toEqual([
      { clause: 'preamble', change: 'changed', before: '旧', after: '新' },
    ]);
  });

  const words = fc.array(fc.constantFrom('甲。', '乙。', '丙。', '丁。', '戊。'), { minLength: 1, maxLength: 8 });

  test('there is a difference exactly when the hashes differ, and applying it to the one version gives the other', () => {
    fc.assert(
      fc.property(words, words, (a, b) => {
        const [previous, next] = [parse(...a), parse(...b)];
        const changes = diffAgreements(previous, next);
        expect(changes.length === 0).toBe(hashAgreement(previous) === hashAgreement(next));
        const clauses = new Map(nodesOf(previous).map(({ id, text }) => [id, text]));
        for (const { clause, change, from } of changes) {
          if (change === 'removed') clauses.delete(clause);
          if (change === 'moved') clauses.delete(from!);
        }
        for (const { clause, after } of changes) if (after !== undefined) clauses.set(clause, after);
        expect(Object.fromEntries(clauses)).toEqual(Object.fromEntries(nodesOf(next).map(({ id, text }) => [id, text])));
      }),
    );
  });
});
