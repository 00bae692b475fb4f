import { Injectable } from '@nestjs/common';
import { hash, verify } from '@node-rs/argon2';
import { uuid5 } from '@qiyue/event-store';
import { createHmac, randomBytes, randomInt } from 'node:crypto';
import { IdentityConfig } from './config';
import { Turnstile } from './turnstile';
import { readStaff, type Staff } from './staff-list';

/** Namespace of account ids. */
const accounts = '5d2f0f3a-4f6e-5b1c-8d7e-9a0b1c2d3e4f';
/** 3.2: argon2id (the library's kind unless told) with 19 MiB, two passes and one lane a hash; stated here so that an upgrade of the library changes nothing. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Everything at the edge that has to do with secrets: ids of addresses, passwords, one-time codes. */
@Injectable()
export class Credentials {
  private readonly staff: ReadonlyMap<string, Staff>;
  private readonly turnstile: Turnstile;
  /** Checked when there is nobody to check against, so that an unknown name takes as long as a wrong password. */
  private readonly nobody = hash(randomBytes(16).toString('hex'), cost);

  constructor(private readonly config: IdentityConfig) {
    this.turnstile = new Turnstile(config.hashesMax, config.hashesWaitingMax);
    this.staff = new Map(readStaff(config.staff).map((one) => [one.name, one]));
  }

  /** The account of an address: the same address always gives the same account, and no account tells its address. */
  accountIdOf(email: string): string {
    return uuid5(accounts, createHmac('sha256', this.config.pepper).update(email.normalize('NFKC').trim().toLowerCase()).digest('hex'));
  }

  hashPassword(password: string): Promise<string> {
    return this.turnstile.run(() => hash(password, cost));
  }

  /** Whether the password is the one of the hash; without a hash, or with one that the erasure of its account has made unreadable, it never is. */
  async passwordMatches(passwordHash: string | undefined, password: string): Promise<boolean> {
    const known = passwordHash ?? (await this.nobody);
    const matches = await this.turnstile.run(() => verify(known, password).catch(() => false));
    return matches && passwordHash !== undefined;
  }

  /** Six digits from the system's randomness. */
  newCode(): string {
    return String(randomInt(1_000_000)).padStart(6, '0');
  }

  /** The member of staff of this name. */
  staffMember(name: string): Staff | undefined {
    return this.staff.get(name);
  }
}
