import { complianceFacts, identityFacts } from '@qiyue/contracts';
import { readModel } from '@qiyue/projections';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { KnownAccount } from '../domain/policies/account-standing';

/** What identity and compliance have told of an account. Feeds the ordering gate; has no query. */
@Entity('account_standing')
export class AccountStanding {
  @PrimaryColumn('text') accountId!: string;
  /** The version accepted last. */
  @Column('text', { nullable: true }) acceptedVersion!: string | null;
  /** The version declined, unless one was accepted since. */
  @Column('text', { nullable: true }) declinedVersion!: string | null;
  /** Personal, sealed. */
  @Column('text', { nullable: true }) verifiedName!: string | null;
  @Column('boolean') suspended!: boolean;
}

/** Identity writes the first three columns, compliance the last: the rows are the same in whatever order the two tell. */
const changed =
  <Data extends { readonly accountId: string }>(change: (data: Data) => Partial<AccountStanding>) =>
  (row: Readonly<AccountStanding> | undefined, data: Data): AccountStanding => ({
    ...(row ?? { accountId: data.accountId, acceptedVersion: null, declinedVersion: null, verifiedName: null, suspended: false }),
    ...change(data),
  });

const { AgreementAccepted, AgreementDeclined, AccountVerified } = identityFacts;
const { AccountSuspended, AccountReinstated } = complianceFacts;

export const accountStanding = readModel(AccountStanding, {
  version: 1,
  facts: [AgreementAccepted, AgreementDeclined, AccountVerified, AccountSuspended, AccountReinstated],
  key: ({ data }) => data.accountId,
  commutes: true,
  on: {
    AgreementAccepted: changed(({ agreementVersion }) => ({ acceptedVersion: agreementVersion, declinedVersion: null })),
    AgreementDeclined: changed(({ agreementVersion }) => ({ declinedVersion: agreementVersion })),
    AccountVerified: changed(({ verifiedName }) => ({ verifiedName })),
    AccountSuspended: changed(() => ({ suspended: true })),
    AccountReinstated: changed(() => ({ suspended: false })),
  },
});

/** The row as the policies look at it. */
export const knownAccount = ({ acceptedVersion, declinedVersion, verifiedName, suspended }: AccountStanding): KnownAccount => ({
  suspended,
  ...(acceptedVersion === null ? {} : { acceptedVersion }),
  ...(declinedVersion === null ? {} : { declinedVersion }),
  ...(verifiedName === null ? {} : { verifiedName }),
});
