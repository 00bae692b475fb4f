import { identityFacts } from '@qiyue/contracts';
import { readModel } from '@qiyue/projections';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Accounts that identity has told of. Has no query: an officer can only decide about somebody who exists. */
@Entity('known_accounts')
export class KnownAccount {
  @PrimaryColumn('text') accountId!: string;
  @Column('text') registeredAt!: string;
}

export const knownAccounts = readModel(KnownAccount, {
  version: 1,
  facts: [identityFacts.AccountRegistered],
  key: ({ data }) => data.accountId,
  on: { AccountRegistered: (_row, { accountId, registeredAt }) => ({ accountId, registeredAt }) },
});
