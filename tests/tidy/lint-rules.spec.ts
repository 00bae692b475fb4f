import { createProjectGraphAsync } from '@nx/devkit';
import { ESLint, type Linter } from 'eslint';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');

// A guard that has never caught anything is no guard: each rule of the house is broken here once, and must be seen.
describe('what the lint rules forbid', () => {
  let eslint: ESLint;
  beforeAll(async () => {
    process.env['NX_DAEMON'] = 'false';
    process.chdir(root);
    // The rule about who imports whom reads the cached graph of projects.
    await createProjectGraphAsync({ exitOnError: false });
    // The configuration is handed over as a value: Jest cannot import it the way ESLint would.
    eslint = new ESLint({
      cwd: root,
      overrideConfigFile: true,
      overrideConfig: require(join(root, 'eslint.config.js')) as Linter.Config[],
    });
  }, 120_000);

  const lint = async (code: string, path: string): Promise<readonly string[]> => {
    const [result] = await eslint.lintText(`${code}\n`, { filePath: join(root, path) });
    return (result?.messages ?? []).map(({ ruleId, message }) => `${ruleId ?? ''}: ${message}`);
  };

  const policy = 'services/order/src/domain/policies/refund-window.ts';
  const command = 'services/order/src/commands/request-refund.ts';
  const pure = 'libs/money/src/money.ts';

  test.each([
    [
      'a domain file that imports Nest',
      "export { Injectable } from '@nestjs/common';",
      policy,
      /no-restricted-imports|A domain file imports/,
    ],
    [
      'a domain file that imports a database',
      "import { Pool } from 'pg';\nexport const pool = new Pool();",
      policy,
      /A domain file imports/,
    ],
    [
      'a domain file that imports the service kit',
      "import { Clock } from '@qiyue/service-kit';\nexport const clock = Clock;",
      policy,
      /A domain file imports/,
    ],
    [
      'a domain file that imports a command of its service',
      "import { RequestRefund } from '../../commands/request-refund';\nexport const x = RequestRefund;",
      'services/order/src/domain/order.ts',
      /A domain file imports/,
    ],
    [
      'a domain file that imports a file system',
      "import { readFileSync } from 'node:fs';\nexport const read = readFileSync;",
      policy,
      /A domain file imports/,
    ],
    ['a domain file that asks for the time', 'export const now = () => new Date();', policy, /Time comes in as a fact/],
    ['a domain file that asks for the time in milliseconds', 'export const now = () => Date.now();', policy, /Time comes in as a fact/],
    ['a domain file that rolls dice', 'export const roll = () => Math.random();', policy, /Randomness comes in/],
    ['a domain file that makes up ids', 'export const id = () => crypto.randomUUID();', policy, /Ids come in/],
    ['a domain file that waits', 'export const decide = async () => [];', policy, /A decision is synchronous/],
    ['a domain file that throws', "export const decide = () => { throw new Error('no'); };", policy, /returning a rejection/],
    ['a command that reads the machine clock', 'export const now = () => Date.now();', command, /Time comes in as a fact/],
    [
      'a reaction that reads the machine clock',
      'export const now = () => new Date();',
      'services/order/src/reactions/expire-order-on-payment-deadline.ts',
      /Time comes in as a fact/,
    ],
    [
      'a service that imports another service',
      "import { billingService } from '@qiyue/billing';\nexport const x = billingService;",
      command,
      /enforce-module-boundaries/,
    ],
    [
      'a pure library that imports a runtime one',
      "import { uuid5 } from '@qiyue/event-store';\nexport const x = uuid5;",
      pure,
      /enforce-module-boundaries/,
    ],
    [
      'a pure library that imports a package with I/O',
      "import { Pool } from 'pg';\nexport const x = Pool;",
      pure,
      /enforce-module-boundaries/,
    ],
    [
      'a runtime library that imports a service',
      "import { orderService } from '@qiyue/order';\nexport const x = orderService;",
      'libs/messaging/src/relay.ts',
      /enforce-module-boundaries/,
    ],
    ['a default export', 'export default 1;', command, /no-restricted-exports/],
    ['an unexplained any', 'export const x = (y: any) => y;', command, /no-explicit-any/],
    ['printing where there is a logger', "console.log('x');", command, /no-console/],
  ])('%s is caught', async (_name, code, path, rule) => expect((await lint(code, path)).join('\n')).toMatch(rule));

  test.each([
    [
      'a domain file that imports the pure libraries and its own domain',
      "import { isBefore } from '@qiyue/calendar';\nimport { reject } from './policies/refund-window';\nexport const x = [isBefore, reject];",
      'services/order/src/domain/order.ts',
    ],
    ['a date made of a given instant', "export const at = new Date('2026-03-02T00:00:00.000Z');", policy],
  ])('%s passes', async (_name, code, path) =>
    expect((await lint(code, path)).filter((message) => /restricted/.test(message))).toEqual([]),
  );
});
