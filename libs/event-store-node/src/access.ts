import { createHash, timingSafeEqual } from 'node:crypto';
import type { Metadata } from '@grpc/grpc-js';
import { accessDenied, notAuthenticated } from './errors';
import type { Heads } from './heads';
import { ALL_STREAM, isMetastream, metastreamOf, originalOf } from './model';
import type { StreamAcl } from './stream-metadata';

/** Somebody who may sign in. */
export interface NodeUser {
  readonly name: string;
  readonly password: string;
  /** Admins may do everything; others what the access lists say (by default everything but system streams and `$all`). */
  readonly admin?: boolean;
  /** Roles that access lists may name, besides the user's own name. */
  readonly roles?: readonly string[];
}

export type Action = 'read' | 'write' | 'delete';

/** Who a call comes from: `everybody` where the node asks nobody to sign in. */
export type Caller = 'everybody' | 'anonymous' | NodeUser;

const EVERYBODY_ROLE = '$all';
const ADMINS_ROLE = '$admins';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

const META_ACTION = { read: 'metaRead', write: 'metaWrite' } as const;

/** Decides who a caller is and what they may do, as the server does with its users, `$acl` metadata and defaults. */
export class Access {
  private readonly users: ReadonlyMap<string, { readonly user: NodeUser; readonly password: Buffer }>;

  /** @param users who may sign in; with nobody listed, everybody may do everything. */
  constructor(
    users: readonly NodeUser[],
    private readonly heads: Heads,
  ) {
    this.users = new Map(users.map((user) => [user.name, { user, password: digest(user.password) }]));
  }

  /** @throws NodeError UNAUTHENTICATED for credentials that are wrong. */
  caller(metadata: Metadata): Caller {
    if (this.users.size === 0) return 'everybody';
    const header = metadata.get('authorization')[0];
    if (header === undefined) return 'anonymous';
    const [, encoded] = /^Basic\s+(\S+)$/i.exec(String(header)) ?? [];
    if (encoded === undefined) throw notAuthenticated();
    const [, name, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString('utf8')) ?? [];
    const known = this.users.get(name ?? '');
    if (!known || !timingSafeEqual(digest(password ?? ''), known.password)) throw notAuthenticated();
    return known.user;
  }

  /** @throws NodeError when the caller may not do this with the stream (`$all` counts as one). */
  async check(caller: Caller, action: Action, stream: string): Promise<void> {
    if (stream === ALL_STREAM && action !== 'read') throw accessDenied();
    if (isMetastream(stream) && action === 'delete') throw accessDenied();
    if (caller === 'everybody') return;
    if (caller === 'anonymous') throw accessDenied();
    if (caller.admin) return;
    const allowed = await this.rolesFor(action, stream);
    const held = [EVERYBODY_ROLE, caller.name, ...(caller.roles ?? [])];
    if (!allowed.some((role) => held.includes(role))) throw accessDenied();
  }

  private async rolesFor(action: Action, stream: string): Promise<readonly string[]> {
    const original = isMetastream(stream) ? originalOf(stream) : stream;
    const listed: keyof StreamAcl = isMetastream(stream) && action !== 'delete' ? META_ACTION[action] : action;
    const { head } = await this.heads.load([original]);
    const fallback = original.startsWith('$') ? [ADMINS_ROLE] : [EVERYBODY_ROLE];
    return head(metastreamOf(original)).metadata?.acl?.[listed] ?? fallback;
  }
}
