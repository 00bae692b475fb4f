import { identityFacts } from '@qiyue/contracts';
import { readModel } from '@qiyue/projections';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The verified name of an account, which whoever pays its bills must bear (2.2.2). Has no query: identity answers those. */
@Entity('payer_names')
export class PayerName {
  @PrimaryColumn('text') accountId!: string;
  @Column('text') payerName!: string;
}

export const payerNames = readModel(PayerName, {
  version: 1,
  facts: [identityFacts.AccountVerified],
  key: ({ data }) => data.accountId,
  on: { AccountVerified: (_row, { accountId, verifiedName }) => ({ accountId, payerName: verifiedName }) },
});
