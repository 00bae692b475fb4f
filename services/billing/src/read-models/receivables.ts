import { Controller, Get, Param, Query } from '@nestjs/common';
import { readModel } from '@qiyue/projections';
import { For, kitProblem, Page, Returns, Reveals, Rows, Who, type Caller, type PageOf } from '@qiyue/service-kit';
import { IsIn, IsOptional, Matches } from 'class-validator';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { receivable } from '../domain/receivable';

const statuses = ['open', 'overdue', 'paid', 'refunding', 'refunded', 'closed'] as const;

/** What an account owes or owed. */
@Entity('receivables')
@Index(['accountId', 'openedAt'])
export class ReceivableRow {
  @PrimaryColumn('text') receivableId!: string;
  @Column('text') accountId!: string;
  @Column('text') kind!: 'order' | 'bill';
  @Column('text') status!: (typeof statuses)[number];
  // Minor units are larger than an SQL integer; as JSON they stay numbers.
  @Column('jsonb') amountMinor!: number;
  @Column('text') currency!: string;
  @Column('text') dueBy!: string;
  /** Bills only: from this instant on an unpaid one is a payment default (8.2.3). */
  @Column('text', { nullable: true }) overdueAt!: string | null;
  @Column('text', { nullable: true }) description!: string | null;
  @Column('text') agreementVersion!: string;
  @Column('text') openedAt!: string;
  /** The payment that was applied. */
  @Column('text', { nullable: true }) paymentId!: string | null;
  @Column('text', { nullable: true }) paidAt!: string | null;
  @Column('text', { nullable: true }) refundedAt!: string | null;
  @Column('text', { nullable: true }) closedAt!: string | null;
  @Column('text', { nullable: true }) closedBecause!: string | null;
}

const changed =
  <Data>(change: (data: Data) => Partial<ReceivableRow>) =>
  (row: Readonly<ReceivableRow> | undefined, data: Data): ReceivableRow | undefined =>
    row === undefined ? undefined : { ...row, ...change(data) };

export const receivables = readModel(ReceivableRow, {
  version: 1,
  own: [receivable],
  on: {
    ReceivableOpened: (
      _row,
      { receivableId, accountId, kind, amountMinor, currency, dueBy, overdueAt = null, description = null, agreementVersion, openedAt },
    ): ReceivableRow => ({
      receivableId,
      accountId,
      kind,
      status: 'open',
      amountMinor,
      currency,
      dueBy,
      overdueAt,
      description,
      agreementVersion,
      openedAt,
      paymentId: null,
      paidAt: null,
      refundedAt: null,
      closedAt: null,
      closedBecause: null,
    }),
    PaymentApplied: changed(({ paymentId, receivedAt }) => ({ status: 'paid', paymentId, paidAt: receivedAt })),
    ReceivableOverdue: changed(() => ({ status: 'overdue' })),
    RefundOrdered: changed(() => ({ status: 'refunding' })),
    RefundSettled: changed(({ settledAt }) => ({ status: 'refunded', refundedAt: settledAt })),
    ReceivableClosed: changed(({ cause, closedAt }) => ({ status: 'closed', closedAt, closedBecause: cause })),
  },
});

class ReceivablePage extends Page {
  @IsOptional()
  @IsIn(statuses)
  status?: (typeof statuses)[number];

  /** Staff only; a customer sees their own. */
  @IsOptional()
  @Matches(/^[A-Za-z0-9._:-]{1,128}$/)
  accountId?: string;
}

/** `GET /billing/receivables` and `GET /billing/receivables/:receivableId`. */
@Controller('receivables')
export class ReceivablesQuery {
  constructor(private readonly rows: Rows) {}

  @Get()
  @For('customer', 'finance', 'officer', 'auditor')
  @Reveals('finance', 'officer')
  @Returns(ReceivableRow, { list: true })
  list(@Query() { status, accountId, limit, after }: ReceivablePage, @Who() who: Caller): Promise<PageOf<ReceivableRow>> {
    const whose = who.role === 'customer' ? who.accountId : accountId;
    if (who.role === 'customer' && whose === undefined) throw kitProblem('forbidden');
    return this.rows.list(ReceivableRow, {
      where: { ...(status === undefined ? {} : { status }), ...(whose === undefined ? {} : { accountId: whose }) },
      order: '-openedAt',
      limit,
      after,
    });
  }

  @Get(':receivableId')
  @For('customer', 'finance', 'officer', 'auditor')
  @Reveals('finance', 'officer')
  @Returns(ReceivableRow)
  one(@Param('receivableId') receivableId: string, @Who() who: Caller): Promise<ReceivableRow> {
    return this.rows.one(ReceivableRow, receivableId, who);
  }
}
