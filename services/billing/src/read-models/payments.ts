import { Controller, Get, Param, Query } from '@nestjs/common';
import { readModel } from '@qiyue/projections';
import { For, kitProblem, Page, Returns, Reveals, Rows, Who, type Caller, type PageOf } from '@qiyue/service-kit';
import { IsIn, IsOptional, Matches } from 'class-validator';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { receivable } from '../domain/receivable';

const places = ['held', 'applied', 'in-return', 'returned', 'in-refund', 'refunded'] as const;

/** Money that arrived, and where it is: always in exactly one place. */
@Entity('payments')
@Index(['place', 'receivedAt'])
@Index(['accountId', 'receivedAt'])
export class PaymentRow {
  @PrimaryColumn('text') paymentId!: string;
  @Column('text') receivableId!: string;
  /** `unattributed` while nobody owes what it was paid for. */
  @Column('text') accountId!: string;
  @Column('text') place!: (typeof places)[number];
  /** Why it is or was held (2.2.2). */
  @Column('text', { nullable: true }) heldFor!: string | null;
  @Column('text') payerName!: string;
  @Column('jsonb') amountMinor!: number;
  @Column('text') currency!: string;
  @Column('text') method!: string;
  @Column('text') receivedAt!: string;
  @Column('text', { nullable: true }) heldAt!: string | null;
  @Column('text', { nullable: true }) releasedBy!: string | null;
  @Column('text', { nullable: true }) returnOrderedBy!: string | null;
  /** The payout that took it back. */
  @Column('text', { nullable: true }) payoutId!: string | null;
  @Column('text', { nullable: true }) backAt!: string | null;
}

const changed =
  <Data>(change: (data: Data) => Partial<PaymentRow>) =>
  (row: Readonly<PaymentRow> | undefined, data: Data): PaymentRow | undefined =>
    row === undefined ? undefined : { ...row, ...change(data) };

export const payments = readModel(PaymentRow, {
  version: 1,
  own: [receivable],
  key: ({ data }) => ('paymentId' in data ? data.paymentId : undefined),
  on: {
    PaymentReceived: (_row, { paymentId, receivableId, accountId, payerName, amountMinor, currency, method, receivedAt }): PaymentRow => ({
      paymentId,
      receivableId,
      accountId,
      place: 'held',
      heldFor: null,
      payerName,
      amountMinor,
      currency,
      method,
      receivedAt,
      heldAt: null,
      releasedBy: null,
      returnOrderedBy: null,
      payoutId: null,
      backAt: null,
    }),
    PaymentHeld: changed(({ accountId, payerName, reason, heldAt }) => ({ place: 'held', accountId, payerName, heldFor: reason, heldAt })),
    PaymentReleased: changed(({ accountId, releasedBy }) => ({ accountId, releasedBy })),
    PaymentApplied: changed(() => ({ place: 'applied' })),
    PaymentReturnOrdered: changed(({ orderedBy }) => ({ place: 'in-return', returnOrderedBy: orderedBy })),
    PaymentReturned: changed(({ payoutId, returnedAt }) => ({ place: 'returned', payoutId, backAt: returnedAt })),
    RefundOrdered: changed(() => ({ place: 'in-refund' })),
    RefundSettled: changed(({ payoutId, settledAt }) => ({ place: 'refunded', payoutId, backAt: settledAt })),
  },
});

class PaymentPage extends Page {
  @IsOptional()
  @IsIn(places)
  place?: (typeof places)[number];

  @IsOptional()
  @Matches(/^[A-Za-z0-9._:-]{1,128}$/)
  receivableId?: string;
}

/** `GET /billing/payments`, `GET /billing/payments/held` and `GET /billing/payments/:paymentId`. */
@Controller('payments')
export class PaymentsQuery {
  constructor(private readonly rows: Rows) {}

  @Get()
  @For('customer', 'finance', 'officer', 'auditor')
  @Reveals('finance', 'officer')
  @Returns(PaymentRow, { list: true })
  list(@Query() { place, receivableId, limit, after }: PaymentPage, @Who() who: Caller): Promise<PageOf<PaymentRow>> {
    if (who.role === 'customer' && who.accountId === undefined) throw kitProblem('forbidden');
    const own = who.role === 'customer' && who.accountId !== undefined ? { accountId: who.accountId } : {};
    return this.rows.list(PaymentRow, {
      where: { ...own, ...(place === undefined ? {} : { place }), ...(receivableId === undefined ? {} : { receivableId }) },
      order: '-receivedAt',
      limit,
      after,
    });
  }

  /** What waits for a decision, oldest first. */
  @Get('held')
  @For('finance', 'officer')
  @Reveals('finance', 'officer')
  @Returns(PaymentRow, { list: true })
  held(@Query() { limit, after }: Page): Promise<PageOf<PaymentRow>> {
    return this.rows.list(PaymentRow, { where: { place: 'held' }, order: 'receivedAt', limit, after });
  }

  @Get(':paymentId')
  @For('customer', 'finance', 'officer', 'auditor')
  @Reveals('finance', 'officer')
  @Returns(PaymentRow)
  one(@Param('paymentId') paymentId: string, @Who() who: Caller): Promise<PaymentRow> {
    return this.rows.one(PaymentRow, paymentId, who);
  }
}
