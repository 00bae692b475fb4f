import { Controller, Get, Query } from '@nestjs/common';
import { readModel } from '@qiyue/projections';
import { For, Page, Returns, Rows, Who, type Caller, type PageOf } from '@qiyue/service-kit';
import { IsIn, IsOptional, Matches } from 'class-validator';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { voucher } from '../domain/voucher';
import { whose } from './whose';

/** A voucher and the order that has it. */
@Entity('vouchers')
@Index(['accountId'])
export class VoucherRow {
  @PrimaryColumn('text') voucherCode!: string;
  @Column('text') accountId!: string;
  @Column('text') status!: 'usable' | 'used';
  // Minor units are larger than an SQL integer; as JSON they stay numbers.
  @Column('jsonb') amountMinor!: number;
  @Column('text') currency!: string;
  @Column('text') validUntil!: string;
  @Column('text') issuedAt!: string;
  @Column('text', { nullable: true }) orderId!: string | null;
}

export const vouchers = readModel(VoucherRow, {
  version: 1,
  own: [voucher],
  on: {
    VoucherIssued: (_row, { voucherCode, accountId, amountMinor, currency, validUntil, issuedAt }): VoucherRow => ({
      voucherCode,
      accountId,
      amountMinor,
      currency,
      validUntil,
      issuedAt,
      status: 'usable',
      orderId: null,
    }),
    VoucherRedeemed: (row, { orderId }): VoucherRow | undefined => row && { ...row, status: 'used', orderId },
    VoucherGivenBack: (row): VoucherRow | undefined => row && { ...row, status: 'usable', orderId: null },
  },
});

class VoucherPage extends Page {
  /** Staff only; a customer sees their own. */
  @IsOptional()
  @Matches(/^[A-Za-z0-9._:-]{1,128}$/)
  accountId?: string;

  @IsOptional()
  @IsIn(['usable', 'used'])
  status?: 'usable' | 'used';
}

/** `GET /order/vouchers`. */
@Controller('vouchers')
export class VouchersQuery {
  constructor(private readonly rows: Rows) {}

  @Get()
  @For('customer', 'finance', 'operator', 'auditor')
  @Returns(VoucherRow, { list: true })
  list(@Query() { accountId, status, limit, after }: VoucherPage, @Who() who: Caller): Promise<PageOf<VoucherRow>> {
    return this.rows.list(VoucherRow, { where: { ...whose(who, accountId), ...(status === undefined ? {} : { status }) }, limit, after });
  }
}
