import { root } from '@qiyue/workbench';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { clauseIndex, isBuilt } from '../../libs/workbench/src/clause-index';
import { generatedDocs } from '../../libs/workbench/src/generated-docs';
import { atMost, notBuiltYet } from './not-built-yet';

const index = clauseIndex();
const executable = index.filter(({ kind }) => kind === 'executable');

describe('every executable clause', () => {
  test('has a policy or decision, a code or an event, and tests; what has not is on the list, and nothing else is', () =>
    expect(executable.filter((entry) => !isBuilt(entry)).map(({ clause }) => clause)).toEqual([...notBuiltYet]));
  test('the list of what is not built only shrinks', () => expect(notBuiltYet.length).toBeLessThanOrEqual(atMost));
});

test.each(['2.1.1', '2.2.1', '2.2.2', '2.2.3', '2.2.5', '8.2.2', '7.1'])(
  'a newcomer finds the rule of %s: code, event or refusal, and tests',
  (clause) => {
    const entry = index.find((one) => one.clause === clause);
    expect(entry?.places.length).toBeGreaterThan(0);
    expect(entry?.tests.length).toBeGreaterThan(1);
  },
);

describe('generated documents', () => {
  test.each(generatedDocs().map(([path, text]) => [path, text] as const))(
    '%s says what the code says (`npm run docs` writes it)',
    (path, text) => {
      expect(existsSync(join(root, path))).toBe(true);
      expect(readFileSync(join(root, path), 'utf8')).toBe(text);
    },
  );
});
