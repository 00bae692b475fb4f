// Three projects: `unit` is pure and starts nothing; `int` gets a real PostgreSQL from its global setup, `kafka` a real broker beside it.
const paths = require('./tsconfig.base.json').compilerOptions.paths;

/** TypeScript's `paths`, as Jest wants them: every import of a library reads its source. */
const moduleNameMapper = Object.fromEntries(
  Object.entries(paths).map(([name, files]) => [
    `^${name.replace('*', '([^/]+)')}$`,
    files.map((file) => `<rootDir>/${file.replace('*', '$1')}`),
  ]),
);

const common = {
  rootDir: __dirname,
  testEnvironment: 'node',
  moduleNameMapper,
  transform: { '^.+\\.[cm]?[jt]s$': ['@swc/jest', {}] },
  // ESM-only packages, which Jest's CommonJS runtime cannot load as they are.
  transformIgnorePatterns: ['/node_modules/(?!(canonicalize|jose|uuid)/)'],
  modulePathIgnorePatterns: ['/dist/', '<rootDir>/.data/'],
  setupFiles: ['reflect-metadata'],
};

module.exports = {
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['<rootDir>/**/*.spec.ts'],
      testPathIgnorePatterns: ['/node_modules/', '\\.(int|kafka)\\.spec\\.ts$'],
    },
    {
      ...common,
      displayName: 'int',
      testMatch: ['<rootDir>/**/*.int.spec.ts'],
      globalSetup: '<rootDir>/tests/support/global-setup.ts',
      globalTeardown: '<rootDir>/tests/support/global-teardown.ts',
    },
    {
      ...common,
      displayName: 'kafka',
      testMatch: ['<rootDir>/**/*.kafka.spec.ts'],
      globalSetup: '<rootDir>/tests/support/kafka-setup.ts',
      globalTeardown: '<rootDir>/tests/support/kafka-teardown.ts',
    },
  ],
  maxWorkers: 2,
  // Only what hangs runs into it: no test asserts how long anything takes, and machines with two busy cores are slow.
  testTimeout: 150_000,
};
