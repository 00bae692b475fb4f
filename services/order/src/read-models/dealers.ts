import { Controller, Get, Query } from '@nestjs/common';
import { readModel } from '@qiyue/projections';
import { For, Page, Returns, Rows, type PageOf } from '@qiyue/service-kit';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { dealer } from '../domain/dealer';
import type { DealerAuthorisation } from '../domain/policies/dealer-authorisation';

/** A dealer and the periods he was given (2.1.3). From `withdrawnAt` on he sells nothing until he is authorised anew. */
@Entity('dealers')
export class DealerRow {
  @PrimaryColumn('text') dealerId!: string;
  @Column('text') name!: string;
  @Column('text') status!: 'authorised' | 'withdrawn';
  @Column('jsonb') periods!: readonly DealerAuthorisation[];
  @Column('text', { nullable: true }) withdrawnAt!: string | null;
}

export const dealers = readModel(DealerRow, {
  version: 1,
  own: [dealer],
  on: {
    DealerAuthorised: (row, { dealerId, name, from, until }): DealerRow => ({
      dealerId,
      name,
      status: 'authorised',
      periods: [...(row?.periods ?? []), { from, until }],
      withdrawnAt: null,
    }),
    DealerWithdrawn: (row, { withdrawnAt }): DealerRow | undefined => row && { ...row, status: 'withdrawn', withdrawnAt },
  },
});

/** `GET /order/dealers`. */
@Controller('dealers')
export class DealersQuery {
  constructor(private readonly rows: Rows) {}

  @Get()
  @For('customer', 'dealer', 'finance', 'officer', 'auditor', 'operator')
  @Returns(DealerRow, { list: true })
  list(@Query() { limit, after }: Page): Promise<PageOf<DealerRow>> {
    return this.rows.list(DealerRow, { limit, after });
  }
}
