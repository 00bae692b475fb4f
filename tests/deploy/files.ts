import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

/** Root of the repository. */
export const root = join(__dirname, '..', '..');

export const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');
export const exists = (path: string): boolean => existsSync(join(root, path));

/** Every document of a YAML (or JSON) file, merge keys resolved. Throws on the first fault, duplicate keys included. */
export const documentsOf = (path: string): readonly unknown[] =>
  parseAllDocuments(textOf(path), { merge: true, uniqueKeys: true }).map((document) => {
    const [fault] = [...document.errors, ...document.warnings];
    if (fault !== undefined) throw new Error(`${path}: ${fault.message}`);
    return document.toJS() as unknown;
  });

/** The one document of a file. */
export const documentOf = <T>(path: string): T => {
  const all = documentsOf(path);
  if (all.length !== 1) throw new Error(`${path} holds ${all.length} documents`);
  return all[0] as T;
};

/** A value for each secret, of the shape its setting asks for. */
export const sampleSecrets: Readonly<Record<string, string>> = {
  POSTGRES_URL: 'postgres://someone:something@postgres:5432',
  EVENT_STORE_URL: 'esdb+discover://someone:something@kurrentdb:2113',
  VAULT_KEK: Buffer.alloc(32, 1).toString('base64'),
  IDENTITY_PEPPER: 'p'.repeat(32),
  BILLING_CALLBACK_SECRET: 's'.repeat(32),
  POSTGRES_PASSWORD: 'something',
  GRAFANA_PASSWORD: 'something',
  SMTP_URL: 'smtp://someone:something@mail:587',
};

/** The same for a production whose stores are reached by TLS. */
export const sampleSecretsOfProduction: Readonly<Record<string, string>> = {
  ...sampleSecrets,
  POSTGRES_URL: 'postgres://someone:something@postgres:5432?sslmode=verify-full&sslrootcert=/etc/qiyue/authorities/postgres.crt',
  EVENT_STORE_URL: 'esdb+discover://someone:something@kurrentdb:2113?tlsCaFile=/etc/qiyue/authorities/event-store.crt',
  KAFKA_SASL_PASSWORD: 'something',
};
