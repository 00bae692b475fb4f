import { createHmac, randomBytes } from 'node:crypto';
import { FORGOTTEN } from '@qiyue/decider';
import type { Pool } from 'pg';
import { AccountForgotten, StoreFault } from './faults';
import { Lru } from './lru';
import { accountKey, accountOf, isSealed, revealWith, sealWith, type AccountKey } from './seal';
import { collectSealed, replaceSealed } from './sealed-values';
import type { KeyWrapper, Vault } from './types';

export interface VaultOptions {
  /** Connections to the vault's own database, brought up to date with `migrateVault`. */
  readonly pool: Pool;
  /** Wraps new keys. */
  readonly kek: KeyWrapper;
  /** Still needed to unwrap older ones. */
  readonly formerKeks?: readonly KeyWrapper[];
  /** Most keys held in memory (10,000) and for how long (60 s, which is also the most allowed: another process may destroy a key meanwhile). */
  readonly cache?: { readonly max?: number; readonly ttlMs?: number };
  /** Milliseconds that never run backwards. */
  readonly now?: () => number;
}

type KeyState = AccountKey | 'destroyed';

interface KeyRow {
  readonly account_id: string;
  readonly wrapped_key: Buffer | null;
  readonly kek_id: string | null;
}

/** Holds the key that digests are made with; no account can have this name. */
const digestAccount = '#digest';

const longestTtlMs = 60_000;

/** Keys of accounts as they stand in the database, by way of a cache. */
class AccountKeys {
  readonly #cached: Lru<KeyState>;
  readonly #creating = new Map<string, Promise<KeyState>>();
  readonly #wrappers: ReadonlyMap<string, KeyWrapper>;

  constructor(private readonly options: VaultOptions) {
    const { max = 10_000, ttlMs = longestTtlMs } = options.cache ?? {};
    this.#cached = new Lru(max, Math.min(ttlMs, longestTtlMs), options.now ?? (() => performance.now()));
    this.#wrappers = new Map([...(options.formerKeks ?? []), options.kek].map((wrapper) => [wrapper.id, wrapper]));
  }

  /** Existing keys of these accounts; an account that never had one is left out. */
  async find(accountIds: readonly string[]): Promise<Map<string, KeyState>> {
    const found = new Map<string, KeyState>();
    const missing: string[] = [];
    for (const id of accountIds) {
      const key = this.#cached.get(id);
      if (key === undefined) missing.push(id);
      else found.set(id, key);
    }
    if (missing.length > 0) for (const [id, key] of await this.#read(missing)) found.set(id, key);
    return found;
  }

  /** The key of an account, made now if it never had one. Processes that do so at the same time end up with the same key. */
  async ensure(accountId: string): Promise<KeyState> {
    const key = this.#cached.get(accountId);
    if (key !== undefined) return key;
    const underWay = this.#creating.get(accountId);
    if (underWay !== undefined) return underWay;
    const creating = this.#findOrCreate(accountId).finally(() => this.#creating.delete(accountId));
    this.#creating.set(accountId, creating);
    return creating;
  }

  async destroy(accountId: string): Promise<void> {
    await this.options.pool.query(
      `INSERT INTO account_keys (account_id, destroyed_at) VALUES ($1, now())
       ON CONFLICT (account_id) DO UPDATE SET wrapped_key = NULL, kek_id = NULL, destroyed_at = now() WHERE account_keys.destroyed_at IS NULL`,
      [accountId],
    );
    this.#cached.set(accountId, 'destroyed');
  }

  async #findOrCreate(accountId: string): Promise<KeyState> {
    const existing = (await this.#read([accountId])).get(accountId);
    if (existing !== undefined) return existing;
    const wrapped = await this.options.kek.wrap(randomBytes(32), accountId);
    await this.options.pool.query('INSERT INTO account_keys (account_id, wrapped_key, kek_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [
      accountId,
      wrapped,
      this.options.kek.id,
    ]);
    const winner = (await this.#read([accountId])).get(accountId);
    if (winner === undefined) throw new StoreFault(`the key of account ${accountId} vanished from the vault`);
    return winner;
  }

  async #read(accountIds: readonly string[]): Promise<Map<string, KeyState>> {
    const { rows } = await this.options.pool.query<KeyRow>(
      'SELECT account_id, wrapped_key, kek_id FROM account_keys WHERE account_id = ANY($1)',
      [accountIds],
    );
    const read = new Map<string, KeyState>();
    for (const { account_id: id, wrapped_key: wrapped, kek_id: kekId } of rows) {
      const key = wrapped === null ? 'destroyed' : accountKey(await this.#unwrap(id, wrapped, kekId ?? ''));
      // Destroyed in this process while the row was on its way: the tombstone stays.
      const state = this.#cached.get(id) === 'destroyed' ? 'destroyed' : key;
      this.#cached.set(id, state);
      read.set(id, state);
    }
    return read;
  }

  async #unwrap(accountId: string, wrapped: Buffer, kekId: string): Promise<Buffer> {
    const wrapper = this.#wrappers.get(kekId);
    if (wrapper === undefined) throw new StoreFault(`the key of account ${accountId} is wrapped with ${kekId}, which is not configured`);
    try {
      return await wrapper.unwrap(wrapped, accountId);
    } catch (error) {
      // Not an erasure: whoever reads must not be told that the data is gone while a wrong configuration keeps it away.
      throw new StoreFault(`the key of account ${accountId} could not be unwrapped with ${kekId}`, { cause: error });
    }
  }
}

/** Opens the vault of account keys over its database. */
export const openVault = (options: VaultOptions): Vault => {
  const keys = new AccountKeys(options);
  let digestKey: Promise<KeyState> | undefined;

  const checked = (accountId: string): string => {
    if (accountId === '' || accountId === digestAccount) throw new StoreFault('this is no account id');
    return accountId;
  };

  const revealAll = async (sealed: ReadonlySet<string>): Promise<(one: string) => string> => {
    const found = await keys.find([...new Set([...sealed].map(accountOf))]);
    return (one) => {
      const key = found.get(accountOf(one));
      return key === undefined || key === 'destroyed' ? FORGOTTEN : revealWith(key, one);
    };
  };

  const revealed = async <T>(value: T, lazily: boolean): Promise<T> => {
    const sealed = collectSealed(value, new Set());
    return sealed.size === 0 ? value : (replaceSealed(value, await revealAll(sealed), lazily) as T);
  };

  return {
    seal: async (accountId, eventId, path, text) => {
      if (text === FORGOTTEN) return text;
      const key = await keys.ensure(checked(accountId));
      if (key === 'destroyed') throw new AccountForgotten(accountId);
      return sealWith(key, accountId, eventId, path, text);
    },
    reveal: async (value) => (isSealed(value) ? (await revealAll(new Set([value])))(value) : value),
    revealDeep: (value) => revealed(value, false),
    revealWhenRead: (value) => revealed(value, true),
    destroy: async (accountId) => keys.destroy(checked(accountId)),
    digest: async (text) => {
      digestKey ??= keys.ensure(digestAccount).catch((error: unknown) => {
        digestKey = undefined;
        throw error;
      });
      const key = await digestKey;
      if (key === 'destroyed') throw new StoreFault('the key of digests has been destroyed');
      return createHmac('sha256', key.dek).update(text).digest('hex');
    },
  };
};
