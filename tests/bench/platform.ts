import { randomBytes } from 'node:crypto';
import type { Parts, Program } from './parts';

/** What a process with services is told, as JSON in its one argument. */
export interface PlatformOrder {
  /** Names of services; all if left out. */
  readonly services?: readonly string[];
  /** Name of a bus in `buses.ts`, and where it is. */
  readonly bus: string;
  readonly brokers?: string;
  readonly env: Readonly<Record<string, string>>;
  /** Accounts that may order. */
  readonly customers?: number;
}

/** What it answers once it is ready. */
export interface PlatformReady {
  readonly url: string;
  /** One for each customer. */
  readonly tokens: readonly string[];
}

export const vaultKek = Buffer.alloc(32, 7).toString('base64');

/** Services in a process of their own, on databases of their own. `database` gives the full name of one. */
export const startPlatform = async (
  parts: Parts,
  eventStoreUrl: string,
  order: Omit<PlatformOrder, 'env'>,
): Promise<PlatformReady & { readonly program: Program; database(name: string): string }> => {
  const prefix = `bench_${randomBytes(4).toString('hex')}_`;
  const env = {
    PORT: '0',
    POSTGRES_URL: parts.postgresUrl,
    DATABASE_PREFIX: prefix,
    EVENT_STORE_URL: eventStoreUrl,
    VAULT_KEK: vaultKek,
    IDENTITY_PEPPER: 'b'.repeat(64),
    BILLING_CALLBACK_SECRET: 'c'.repeat(64),
    TOKEN_TTL_SECONDS: '86400',
    LOG_LEVEL: 'warn',
  };
  const told = JSON.stringify({ ...order, env } satisfies PlatformOrder);
  const program = await parts.program('tests/dist/bench/platform-process.js', [told], /ready (\{.*\})\n/);
  return { ...(JSON.parse(program.ready) as PlatformReady), program, database: (name) => `${prefix}${name}` };
};
