import type { Secrets } from './secrets';

interface Places {
  /** Without a database name. */
  readonly postgresUrl: string;
  readonly databasePrefix: string;
  readonly eventStoreUrl: string;
}

/** What every service of a local platform is told, in one process or in many: where its stores are, and the secrets it was made with. */
export const platformSettings = (secrets: Secrets, places: Places): Readonly<Record<string, string>> => ({
  POSTGRES_URL: places.postgresUrl,
  DATABASE_PREFIX: places.databasePrefix,
  EVENT_STORE_URL: places.eventStoreUrl,
  VAULT_KEK: secrets.vaultKek,
  IDENTITY_PEPPER: secrets.pepper,
  STAFF: JSON.stringify(secrets.staff.map(({ name, role, passwordHash }) => ({ name, role, passwordHash }))),
  BILLING_CALLBACK_SECRET: secrets.gatewaySecret,
  LOG_LEVEL: 'warn',
});
