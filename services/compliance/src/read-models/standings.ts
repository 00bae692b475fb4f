import { Controller, Get, Param } from '@nestjs/common';
import { readModel } from '@qiyue/projections';
import { For, kitProblem, Reveals, Rows, Who, type Caller } from '@qiyue/service-kit';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { standing } from '../domain/standing';

/** How an account stands. An account without a row is in good standing. */
@Entity('standings')
export class StandingRow {
  @PrimaryColumn('text') accountId!: string;
  @Column('text') status!: 'good' | 'suspended';
  @Column('jsonb') causes!: readonly string[];
  @Column('text', { nullable: true }) reason!: string | null;
  @Column('text') since!: string;
}

export const standings = readModel(StandingRow, {
  version: 1,
  own: [standing],
  on: {
    AccountSuspended: (_row, { accountId, cause, reason, suspendedAt }) => ({
      accountId,
      status: 'suspended' as const,
      causes: [cause],
      reason,
      since: suspendedAt,
    }),
    SuspensionCauseAdded: (row, { cause }) => row && { ...row, causes: [...row.causes, cause] },
    SuspensionCauseLifted: (row, { cause }) => row && { ...row, causes: row.causes.filter((one) => one !== cause) },
    AccountReinstated: (row, { reason, reinstatedAt }) =>
      row && { ...row, status: 'good' as const, causes: [], reason, since: reinstatedAt },
  },
});

/** `GET /compliance/accounts/:accountId/standing`. */
@Controller('accounts/:accountId/standing')
export class StandingQuery {
  constructor(private readonly rows: Rows) {}

  @Get()
  @For('customer', 'officer', 'finance', 'auditor')
  @Reveals('officer')
  async one(@Param('accountId') accountId: string, @Who() who: Caller): Promise<Partial<StandingRow>> {
    if (who.role === 'customer' && who.accountId !== accountId) throw kitProblem('not-found');
    return (await this.rows.get(StandingRow, accountId)) ?? { accountId, status: 'good', causes: [] };
  }
}
