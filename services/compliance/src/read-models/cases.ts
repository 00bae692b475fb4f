import { Controller, Get, Param, Query } from '@nestjs/common';
import { readModel } from '@qiyue/projections';
import { For, Page, Reveals, Rows, type PageOf } from '@qiyue/service-kit';
import { IsIn, IsOptional } from 'class-validator';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { caseStream } from '../domain/case';

/** What waits for an officer, or did. */
@Entity('cases')
export class CaseRow {
  @PrimaryColumn('text') caseId!: string;
  @Column('text') kind!: string;
  @Column('text') accountId!: string;
  @Column('text') about!: string;
  @Column('text') clause!: string;
  @Column('text') status!: 'open' | 'closed';
  @Column('text', { nullable: true }) outcome!: string | null;
  @Column('jsonb') notes!: readonly { readonly note: string; readonly by: string; readonly notedAt: string }[];
  @Column('text') openedAt!: string;
}

export const cases = readModel(CaseRow, {
  version: 1,
  own: [caseStream],
  on: {
    CaseOpened: (_row, { caseId, kind, accountId, about, aboutClause, openedAt }) => ({
      caseId,
      kind,
      accountId,
      about,
      clause: aboutClause,
      status: 'open' as const,
      outcome: null,
      notes: [],
      openedAt,
    }),
    CaseNoted: (row, { note, by, notedAt }) => row && { ...row, notes: [...row.notes, { note, by, notedAt }] },
    CaseClosed: (row, { outcome }) => row && { ...row, status: 'closed' as const, outcome },
  },
});

class CasePage extends Page {
  @IsOptional()
  @IsIn(['open', 'closed'])
  status?: 'open' | 'closed';
}

/** `GET /compliance/cases` and `GET /compliance/cases/:caseId`. */
@Controller('cases')
export class CasesQuery {
  constructor(private readonly rows: Rows) {}

  @Get()
  @For('officer', 'finance', 'auditor')
  @Reveals('officer')
  list(@Query() { status, limit, after }: CasePage): Promise<PageOf<CaseRow>> {
    return this.rows.list(CaseRow, { where: status === undefined ? {} : { status }, order: '-openedAt', limit, after });
  }

  @Get(':caseId')
  @For('officer', 'finance', 'auditor')
  @Reveals('officer')
  one(@Param('caseId') caseId: string): Promise<CaseRow> {
    return this.rows.one(CaseRow, caseId);
  }
}
