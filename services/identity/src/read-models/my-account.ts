import { Controller, Get, Param, Query } from '@nestjs/common';
import { readModel } from '@qiyue/projections';
import { For, Page, Reveals, Rows, Who, type Caller, type PageOf } from '@qiyue/service-kit';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { account } from '../domain/account';

/** An account as its holder and staff see it. */
@Entity('my_account')
export class MyAccount {
  @PrimaryColumn('text') accountId!: string;
  @Column('text') email!: string;
  @Column('text') locale!: string;
  @Column('text') status!: 'registered' | 'proved' | 'verifying' | 'reviewing' | 'verified';
  @Column('text', { nullable: true }) acceptedVersion!: string | null;
  @Column('text', { nullable: true }) declinedVersion!: string | null;
  @Column('text', { nullable: true }) subject!: string | null;
  @Column('text', { nullable: true }) verifiedName!: string | null;
  @Column('text', { nullable: true }) rejectionReason!: string | null;
  @Column('text') registeredAt!: string;
  @Column('text', { nullable: true }) verifiedAt!: string | null;
}

const changed =
  <Data>(change: (data: Data) => Partial<MyAccount>) =>
  (row: Readonly<MyAccount> | undefined, data: Data): MyAccount | undefined =>
    row === undefined ? undefined : { ...row, ...change(data) };

export const myAccount = readModel(MyAccount, {
  version: 1,
  own: [account],
  on: {
    AccountRegistered: (_row, { accountId, email, locale, registeredAt }) => ({
      accountId,
      email,
      locale,
      registeredAt,
      status: 'registered' as const,
      acceptedVersion: null,
      declinedVersion: null,
      subject: null,
      verifiedName: null,
      rejectionReason: null,
      verifiedAt: null,
    }),
    EmailProved: changed(() => ({ status: 'proved' })),
    AgreementAccepted: changed(({ agreementVersion }) => ({ acceptedVersion: agreementVersion })),
    AgreementDeclined: changed(({ agreementVersion }) => ({ declinedVersion: agreementVersion })),
    VerificationRequested: changed(({ subject }) => ({ status: 'verifying', subject, rejectionReason: null })),
    VerificationReviewRequired: changed(() => ({ status: 'reviewing' })),
    AccountVerified: changed(({ verifiedName, verifiedAt }) => ({ status: 'verified', verifiedName, verifiedAt })),
    VerificationRejected: changed(({ reason }) => ({ status: 'proved', rejectionReason: reason })),
    ContactChanged: changed(({ email }) => ({ email })),
  },
});

/** `GET /identity/accounts` and `GET /identity/accounts/:accountId`. */
@Controller('accounts')
export class MyAccountQuery {
  constructor(private readonly rows: Rows) {}

  @Get()
  @For('officer', 'operator', 'auditor')
  @Reveals('officer')
  list(@Query() page: Page): Promise<PageOf<MyAccount>> {
    return this.rows.list(MyAccount, { order: '-registeredAt', limit: page.limit, after: page.after });
  }

  @Get(':accountId')
  @For('customer', 'officer', 'operator', 'auditor')
  @Reveals('officer')
  one(@Param('accountId') accountId: string, @Who() who: Caller): Promise<MyAccount> {
    return this.rows.one(MyAccount, accountId, who);
  }
}
