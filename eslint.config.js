const js = require('@eslint/js');
const nx = require('@nx/eslint-plugin');
const ts = require('typescript-eslint');

/** Who may import whom, by kind. `tests/tidy/lint-rules.spec.ts` breaks each of these rules and sees it caught. */
const boundaries = [
  {
    sourceTag: 'kind:pure',
    onlyDependOnLibsWithTags: ['kind:pure'],
    allowedExternalImports: [
      '@sinclair/typebox',
      '@sinclair/typebox/*',
      'ajv',
      'ajv/*',
      'ajv-formats',
      'chinese-days',
      'chinese-days/*',
      'node:crypto',
      'node:assert/strict',
      'fast-check',
      'tyme4ts',
    ],
  },
  { sourceTag: 'kind:runtime', onlyDependOnLibsWithTags: ['kind:pure', 'kind:runtime', 'kind:tool'] },
  { sourceTag: 'kind:tool', onlyDependOnLibsWithTags: ['kind:pure', 'kind:runtime', 'kind:tool', 'kind:service', 'kind:composition'] },
  { sourceTag: 'kind:service', onlyDependOnLibsWithTags: ['kind:pure', 'kind:runtime'] },
  { sourceTag: 'kind:composition', onlyDependOnLibsWithTags: ['kind:pure', 'kind:runtime', 'kind:tool', 'kind:service'] },
];

/** What would make a replay of the past differ from the past. */
const clockAndRandomness = [
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Time comes in as a fact (`facts.now`).' },
  { selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']", message: 'Time comes in as a fact (`facts.now`).' },
  { selector: "CallExpression[callee.name='Date']", message: 'Time comes in as a fact (`facts.now`).' },
  { selector: "MemberExpression[object.name='performance'][property.name='now']", message: 'Time comes in as a fact (`facts.now`).' },
  {
    selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
    message: 'Randomness comes in with the command.',
  },
  {
    selector: "CallExpression[callee.property.name='randomUUID'], CallExpression[callee.name='randomUUID']",
    message: 'Ids come in with the command.',
  },
];

/** The pure libraries, and files of the same domain: `own` is how their paths may begin. */
const domainImports = (own) => [
  'error',
  {
    patterns: [
      {
        regex: `^(?!${own}|@qiyue/(agreement|calendar|contracts|decider|money)$)`,
        message: 'A domain file imports the pure libraries and its own domain, nothing else.',
      },
    ],
  },
];

module.exports = [
  { ignores: ['**/node_modules/', '**/dist/', '.data/', '.nx/', 'coverage/'] },
  js.configs.recommended,
  ...ts.configs.strict,
  {
    plugins: { '@nx': nx },
    languageOptions: {
      // Types in decorated classes are read at run time, so their imports are no type imports.
      parserOptions: { emitDecoratorMetadata: true, experimentalDecorators: true },
      globals: {
        process: 'readonly',
        console: 'readonly',
        Buffer: 'readonly',
        setTimeout: 'readonly',
        require: 'readonly',
        module: 'writable',
        __dirname: 'readonly',
      },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'no-console': 'error',
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/no-require-imports': 'off',
      '@nx/enforce-module-boundaries': [
        'error',
        {
          enforceBuildableLibDependency: false,
          allowCircularSelfDependency: true,
          banTransitiveDependencies: false,
          allow: [],
          depConstraints: boundaries,
        },
      ],
    },
  },
  {
    files: ['**/*.ts'],
    ignores: ['**/*.spec.ts', 'tests/**', '**/testing*.ts', '**/testing/**'],
    rules: { '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }] },
  },
  {
    files: ['**/*.spec.ts', 'tests/**', '**/testing*.ts', '**/testing/**', '**/*.contract.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@nx/enforce-module-boundaries': 'off',
      'no-restricted-exports': 'off',
      '@typescript-eslint/no-unused-expressions': 'off',
    },
  },
  // Commands for people: the console is their output.
  { files: ['libs/workbench/src/*.ts', '**/cli.ts', '**/main.ts', 'tests/**/main.ts'], rules: { 'no-console': 'off' } },
  {
    files: ['services/*/src/domain/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-imports': domainImports(String.raw`\./`),
      'no-restricted-syntax': [
        'error',
        ...clockAndRandomness,
        { selector: ':function[async=true]', message: 'A decision is synchronous.' },
        { selector: 'AwaitExpression', message: 'A decision is synchronous.' },
        { selector: 'ThrowStatement', message: 'A decision refuses by returning a rejection.' },
      ],
    },
  },
  {
    files: ['services/*/src/domain/policies/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: { 'no-restricted-imports': domainImports(String.raw`\.{1,2}/[a-z-]+$`) },
  },
  {
    files: ['services/*/src/{reactions,read-models,commands}/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: { 'no-restricted-syntax': ['error', ...clockAndRandomness.slice(0, 4)] },
  },
];
