import type { Role } from '@qiyue/service-kit';

/** A member of staff as the configuration names them. */
export interface Staff {
  /** Also the end of their stream's name and their id wherever they act. */
  readonly name: string;
  readonly role: StaffRole;
  readonly passwordHash: string;
}

/** Customers and dealers are accounts; staff are not. */
type StaffRole = Exclude<Role, 'customer' | 'dealer'>;

const staffRoles: readonly string[] = ['finance', 'officer', 'auditor', 'operator', 'service'] satisfies readonly StaffRole[];
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const ARGON2ID = /^\$argon2id\$v=19\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$/;

const parsed = (text: unknown): unknown => {
  try {
    return JSON.parse(String(text)) as unknown;
  } catch {
    // Text that is no JSON is a fault of the list like any other, and told as one.
    return undefined;
  }
};

const faultOf = (entry: unknown, at: number): string | undefined => {
  const { name, role, passwordHash } = (entry ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof name !== 'string' || !NAME.test(name)) return `entry ${at}: a name is 1 to 64 letters, digits, dots, dashes or underscores`;
  if (typeof role !== 'string' || !staffRoles.includes(role)) return `entry ${at}: a role is one of ${staffRoles.join(', ')}`;
  return typeof passwordHash === 'string' && ARGON2ID.test(passwordHash) ? undefined : `entry ${at}: a password hash is an argon2id one`;
};

/** What is wrong with a list of staff, by place; it never repeats a value. */
export const staffListFault = (text: unknown): string | undefined => {
  const list = parsed(text);
  if (!Array.isArray(list)) return 'must be a JSON list';
  const fault = list.map(faultOf).find((one) => one !== undefined);
  if (fault !== undefined) return fault;
  return new Set((list as Staff[]).map(({ name }) => name)).size === list.length ? undefined : 'names somebody twice';
};

/** The staff of a list without faults. */
export const readStaff = (text: string): readonly Staff[] => JSON.parse(text) as readonly Staff[];
