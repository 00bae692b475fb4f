import { Injectable } from '@nestjs/common';
import { hash, verify } from '@node-rs/argon2';
import { uuid5 } from '@qiyue/event-store';
import type { Role } from '@qiyue/service-kit';
import { createHmac, randomBytes, randomInt } from 'node:crypto';
import { IdentityConfig } from './config';

interface Staff {
  readonly name: string;
  readonly role: Exclude<Role, 'customer' | 'dealer'>;
  readonly passwordHash: string;
}

/** Namespace of account ids. */
const accounts = '5d2f0f3a-4f6e-5b1c-8d7e-9a0b1c2d3e4f';
/** Everything at the edge that has to do with secrets: ids of addresses, passwords, one-time codes. */
@Injectable()
export class Credentials {
  private readonly staff: ReadonlyMap<string, Staff>;
  /** Checked when there is nobody to check against, so that an unknown name takes as long as a wrong password. */
  private readonly nobody = hash(randomBytes(16).toString('hex'));

  constructor(private readonly config: IdentityConfig) {
    this.staff = new Map((JSON.parse(config.staff) as Staff[]).map((one) => [one.name, one]));
  }

  /** The account of an address: the same address always gives the same account, and no account tells its address. */
  accountIdOf(email: string): string {
    return uuid5(accounts, createHmac('sha256', this.config.pepper).update(email.normalize('NFKC').trim().toLowerCase()).digest('hex'));
  }

  /** Argon2id with the library's recommended parameters. */
  hashPassword(password: string): Promise<string> {
    return hash(password);
  }

  async passwordMatches(passwordHash: string | undefined, password: string): Promise<boolean> {
    const matches = await verify(passwordHash ?? (await this.nobody), password).catch(() => false);
    return matches && passwordHash !== undefined;
  }

  /** Six digits from the system's randomness. */
  newCode(): string {
    return String(randomInt(1_000_000)).padStart(6, '0');
  }

  /** The member of staff with this name and password. */
  async staffMember(name: string, password: string): Promise<Staff | undefined> {
    const member = this.staff.get(name);
    return (await this.passwordMatches(member?.passwordHash, password)) ? member : undefined;
  }
}
