import { hash } from '@node-rs/argon2';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Staff of the embedded profile, one of each role. */
export const staffRoles = ['operator', 'officer', 'finance', 'auditor'] as const;
export type StaffRole = (typeof staffRoles)[number];

/** What the embedded profile makes up for itself on its first start and keeps beside its data. */
export interface Secrets {
  readonly postgresPassword: string;
  readonly vaultKek: string;
  readonly pepper: string;
  readonly gatewaySecret: string;
  readonly staff: readonly {
    readonly name: StaffRole;
    readonly role: StaffRole;
    readonly password: string;
    readonly passwordHash: string;
  }[];
}

const makeSecrets = async (): Promise<Secrets> => ({
  postgresPassword: randomBytes(16).toString('hex'),
  vaultKek: randomBytes(32).toString('base64'),
  pepper: randomBytes(32).toString('hex'),
  gatewaySecret: randomBytes(32).toString('hex'),
  staff: await Promise.all(
    staffRoles.map(async (role) => {
      const password = randomBytes(12).toString('base64url');
      return { name: role, role, password, passwordHash: await hash(password) };
    }),
  ),
});

/** Reads the secrets of a data folder, making them first if there are none. The file is the owner's alone. */
export const openSecrets = async (file: string): Promise<Secrets> => {
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Secrets;
  const secrets = await makeSecrets();
  mkdirSync(dirname(file), { recursive: true });
  // Written aside and renamed, so that a crash leaves either no file or a whole one.
  writeFileSync(`${file}.new`, JSON.stringify(secrets, undefined, 2), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return secrets;
};
