import type { Vault } from '@qiyue/event-store';

/** Erasure: destroying an account's key makes every sealed field of it unreadable, wherever it is kept. */
export abstract class AccountKeys {
  /** Destroys the key, for good. Doing so again does nothing. */
  abstract destroy(accountId: string): Promise<void>;
}

export class VaultAccountKeys extends AccountKeys {
  constructor(private readonly vault: Vault) {
    super();
  }

  override destroy(accountId: string): Promise<void> {
    return this.vault.destroy(accountId);
  }
}
