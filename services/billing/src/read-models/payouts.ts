import { Controller, Get, Param, Query } from '@nestjs/common';
import { readModel } from '@qiyue/projections';
import { For, Page, Returns, Rows, Who, type Caller, type PageOf } from '@qiyue/service-kit';
import { IsIn, IsOptional } from 'class-validator';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { payout } from '../domain/payout';

const statuses = ['requested', 'sending', 'unknown', 'refused', 'settled'] as const;

/** Money on its way back to a payer. */
@Entity('payouts')
@Index(['status', 'requestedAt'])
export class PayoutRow {
  @PrimaryColumn('text') payoutId!: string;
  @Column('text') purpose!: 'refund' | 'return';
  @Column('text') receivableId!: string;
  @Column('text') accountId!: string;
  @Column('text') paymentId!: string;
  @Column('jsonb') amountMinor!: number;
  @Column('text') currency!: string;
  @Column('text') status!: (typeof statuses)[number];
  @Column('integer') attempt!: number;
  /** How often the gateway did not know what had become of this attempt. */
  @Column('integer') asked!: number;
  /** When the gateway is asked again, while the outcome is open. */
  @Column('text', { nullable: true }) askAt!: string | null;
  @Column('text', { nullable: true }) refusedBecause!: string | null;
  @Column('text') requestedAt!: string;
  @Column('text', { nullable: true }) settledAt!: string | null;
}

const changed =
  <Data>(change: (data: Data) => Partial<PayoutRow>) =>
  (row: Readonly<PayoutRow> | undefined, data: Data): PayoutRow | undefined =>
    row === undefined ? undefined : { ...row, ...change(data) };

export const payouts = readModel(PayoutRow, {
  version: 1,
  own: [payout],
  on: {
    PayoutRequested: (_row, order): PayoutRow => ({
      ...order,
      status: 'requested',
      attempt: 1,
      asked: 0,
      askAt: null,
      refusedBecause: null,
      settledAt: null,
    }),
    PayoutStarted: changed(({ attempt, askAt }) => ({ status: 'sending', attempt, asked: 0, askAt, refusedBecause: null })),
    PayoutUnknown: changed(({ asked, askAt }) => ({ status: 'unknown', asked, askAt })),
    PayoutRefused: changed(({ reason }) => ({ status: 'refused', askAt: null, refusedBecause: reason })),
    PayoutRetryOrdered: changed(({ attempt }) => ({ status: 'requested', attempt, asked: 0 })),
    PayoutSettled: changed(({ settledAt }) => ({ status: 'settled', askAt: null, settledAt })),
  },
});

class PayoutPage extends Page {
  @IsOptional()
  @IsIn(statuses)
  status?: (typeof statuses)[number];
}

/** `GET /billing/payouts` and `GET /billing/payouts/:payoutId`. */
@Controller('payouts')
export class PayoutsQuery {
  constructor(private readonly rows: Rows) {}

  @Get()
  @For('finance', 'officer', 'auditor')
  @Returns(PayoutRow, { list: true })
  list(@Query() { status, limit, after }: PayoutPage): Promise<PageOf<PayoutRow>> {
    return this.rows.list(PayoutRow, { where: status === undefined ? {} : { status }, order: '-requestedAt', limit, after });
  }

  @Get(':payoutId')
  @For('customer', 'finance', 'officer', 'auditor')
  @Returns(PayoutRow)
  one(@Param('payoutId') payoutId: string, @Who() who: Caller): Promise<PayoutRow> {
    return this.rows.one(PayoutRow, payoutId, who);
  }
}
