import { Controller, Get, Param, Query } from '@nestjs/common';
import type { FactData, orderFacts } from '@qiyue/contracts';
import { readModel, type Item } from '@qiyue/projections';
import { For, Page, Returns, Reveals, Rows, Who, type Caller, type PageOf } from '@qiyue/service-kit';
import { IsIn, IsOptional, Matches } from 'class-validator';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { order } from '../domain/order';
import type { Order } from '../domain/order-state';
import { whose } from './whose';

type Submission = FactData<typeof orderFacts.OrderSubmitted>;
type Status = Exclude<Order['status'], 'none'>;
const statuses = [
  'submitted',
  'cancelled',
  'expired',
  'paid',
  'refund-requested',
  'refund-awaiting-invoice',
  'refund-released',
  'refunded',
] as const satisfies readonly Status[];

/** An order as its customer and staff see it: what was ordered, what became of it, until when what can be done, and under which clauses. */
@Entity('my_orders')
@Index(['accountId', 'submittedAt'])
export class MyOrder {
  @PrimaryColumn('text') orderId!: string;
  @Column('text') accountId!: string;
  @Column('text') status!: Status;
  @Column('jsonb') lines!: Submission['lines'];
  // Minor units are larger than an SQL integer; as JSON they stay numbers.
  @Column('jsonb') listAmountMinor!: number;
  @Column('jsonb', { nullable: true }) voucher!: { readonly code: string; readonly amountMinor: number } | null;
  @Column('jsonb') payableMinor!: number;
  @Column('jsonb', { nullable: true }) paidMinor!: number | null;
  @Column('jsonb', { nullable: true }) refundMinor!: number | null;
  @Column('text') currency!: string;
  @Column('text') priceListVersion!: string;
  @Column('text') offer!: string;
  @Column('jsonb') terms!: Submission['terms'];
  /** Personal, sealed. */
  @Column('jsonb') company!: Submission['company'];
  /** Personal, sealed. */
  @Column('jsonb') invoice!: Submission['invoice'];
  /** Personal, sealed. */
  @Column('text') payerName!: string;
  @Column('text', { nullable: true }) dealerId!: string | null;
  /** The subscription that it renews (2.2.4). */
  @Column('text', { nullable: true }) renews!: string | null;
  @Column('text') submittedAt!: string;
  /** Exclusive end of the time in which it can be paid. */
  @Column('text') payBy!: string;
  @Column('text', { nullable: true }) paymentId!: string | null;
  @Column('text', { nullable: true }) paidAt!: string | null;
  /** Exclusive end of the refund window (2.2.5). */
  @Column('text', { nullable: true }) refundableUntil!: string | null;
  /** The invoice is due before this instant (2.2.3). */
  @Column('text', { nullable: true }) invoiceDueBy!: string | null;
  /** Which calendar the two were counted with. */
  @Column('jsonb', { nullable: true }) calendar!: { readonly version: string; readonly status: string } | null;
  @Column('text', { nullable: true }) invoiceNumber!: string | null;
  @Column('text', { nullable: true }) closedAt!: string | null;
  @Column('text', { nullable: true }) cancelledBecause!: string | null;
  @Column('text', { nullable: true }) refundRequestedAt!: string | null;
  /** Personal, sealed. */
  @Column('text', { nullable: true }) refundReason!: string | null;
  @Column('text', { nullable: true }) refundedAt!: string | null;
  @Column('text', { nullable: true }) payoutId!: string | null;
  /** The clauses that decisions on it were taken under, in the order they were first cited. */
  @Column('jsonb') clauses!: readonly string[];
  /** Of the stream, as a decimal string. */
  @Column('text') revision!: string;
}

const unborn = {
  voucher: null,
  paidMinor: null,
  refundMinor: null,
  dealerId: null,
  renews: null,
  paymentId: null,
  paidAt: null,
  refundableUntil: null,
  invoiceDueBy: null,
  calendar: null,
  invoiceNumber: null,
  closedAt: null,
  cancelledBecause: null,
  refundRequestedAt: null,
  refundReason: null,
  refundedAt: null,
  payoutId: null,
};

/** What every event leaves behind: its clause, if it is the first to cite it, and its place in the stream. */
const traced = (clauses: readonly string[], { clause, revision }: Pick<Item, 'clause' | 'revision'>) => ({
  clauses: clause === undefined || clauses.includes(clause) ? clauses : [...clauses, clause],
  revision: revision.toString(),
});

const changed =
  <Data>(change: (data: Data) => Partial<MyOrder>) =>
  (row: Readonly<MyOrder> | undefined, data: Data, item: Item): MyOrder | undefined =>
    row === undefined ? undefined : { ...row, ...change(data), ...traced(row.clauses, item) };

const submitted = (_row: unknown, { voucher, dealerId, renews, ...rest }: Submission, item: Item): MyOrder => ({
  ...unborn,
  ...rest,
  voucher: voucher ?? null,
  dealerId: dealerId ?? null,
  renews: renews ?? null,
  status: 'submitted',
  ...traced([], item),
});

export const myOrders = readModel(MyOrder, {
  version: 1,
  own: [order],
  on: {
    OrderSubmitted: submitted,
    VoucherConfirmed: changed(() => ({})),
    PaymentAwaitsVoucher: changed(() => ({})),
    OrderCancelled: changed(({ reason, cancelledAt }) => ({ status: 'cancelled', closedAt: cancelledAt, cancelledBecause: reason })),
    OrderExpired: changed(({ expiredAt }) => ({ status: 'expired', closedAt: expiredAt })),
    OrderPaid: changed(({ paidMinor, paymentId = null, paidAt, refundableUntil, invoiceDueBy, calendar }) => ({
      status: 'paid',
      paidMinor,
      paymentId,
      paidAt,
      refundableUntil,
      invoiceDueBy,
      calendar,
    })),
    PaymentNotWanted: changed(() => ({})),
    InvoiceNoted: changed(({ invoiceNumber }) => ({ invoiceNumber })),
    RefundRequested: changed(({ refundMinor, requestedAt, reason }) => ({
      status: 'refund-requested',
      refundMinor,
      refundRequestedAt: requestedAt,
      refundReason: reason,
    })),
    RefundAwaitingInvoiceReturn: changed(() => ({ status: 'refund-awaiting-invoice' })),
    RefundReleased: changed(() => ({ status: 'refund-released' })),
    RefundCompleted: changed(({ payoutId, completedAt }) => ({ status: 'refunded', payoutId, refundedAt: completedAt })),
  },
});

class OrderPage extends Page {
  @IsOptional()
  @IsIn(statuses)
  status?: (typeof statuses)[number];

  /** Staff only; a customer sees their own. */
  @IsOptional()
  @Matches(/^[A-Za-z0-9._:-]{1,128}$/)
  accountId?: string;
}

/** `GET /order/orders` and `GET /order/orders/:orderId`. */
@Controller('orders')
export class MyOrdersQuery {
  constructor(private readonly rows: Rows) {}

  @Get()
  @For('customer', 'finance', 'officer', 'auditor', 'operator')
  @Reveals('finance', 'officer')
  @Returns(MyOrder, { list: true })
  list(@Query() { status, accountId, limit, after }: OrderPage, @Who() who: Caller): Promise<PageOf<MyOrder>> {
    return this.rows.list(MyOrder, {
      where: { ...whose(who, accountId), ...(status === undefined ? {} : { status }) },
      order: '-submittedAt',
      limit,
      after,
    });
  }

  @Get(':orderId')
  @For('customer', 'finance', 'officer', 'auditor', 'operator')
  @Reveals('finance', 'officer')
  @Returns(MyOrder)
  one(@Param('orderId') orderId: string, @Who() who: Caller): Promise<MyOrder> {
    return this.rows.one(MyOrder, orderId, who);
  }
}
