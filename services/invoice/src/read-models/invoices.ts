import { Controller, Get, Param, Query } from '@nestjs/common';
import type { Static } from '@qiyue/decider';
import { readModel } from '@qiyue/projections';
import { For, kitProblem, Page, Returns, Reveals, Rows, Who, type Caller, type PageOf } from '@qiyue/service-kit';
import { IsBoolean, IsIn, IsOptional } from 'class-validator';
import { Transform } from 'class-transformer';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { invoice } from '../domain/invoice';
import type { InvoiceLine } from '../domain/invoice-events';

const statuses = [
  'scheduled',
  'issuing',
  'refused',
  'issued',
  'dispatched',
  'return-required',
  'returning',
  'returned',
  'cancelled',
] as const;

/** An invoice as its customer and staff see it. */
@Entity('invoices')
@Index(['accountId', 'scheduledAt'])
@Index(['status', 'dueBy'])
export class InvoiceRow {
  @PrimaryColumn('text') orderId!: string;
  @Column('text') accountId!: string;
  @Column('text') status!: (typeof statuses)[number];
  // Minor units are larger than an SQL integer; as JSON they stay numbers.
  @Column('jsonb') amountMinor!: number;
  @Column('text') currency!: string;
  @Column('text') title!: string;
  @Column('text') taxId!: string;
  @Column('text') way!: string;
  @Column('text') address!: string;
  /** Items that hold content of third parties are marked (3.3). */
  @Column('jsonb') lines!: readonly Static<typeof InvoiceLine>[];
  @Column('text') agreementVersion!: string;
  @Column('text') scheduledAt!: string;
  @Column('text') issueAt!: string;
  /** It is due before this instant (2.2.3). */
  @Column('text') dueBy!: string;
  @Column('boolean') overdue!: boolean;
  @Column('text', { nullable: true }) refusedBecause!: string | null;
  @Column('text', { nullable: true }) invoiceNumber!: string | null;
  @Column('text', { nullable: true }) issuedAt!: string | null;
  @Column('text', { nullable: true }) dispatchedAt!: string | null;
  @Column('text', { nullable: true }) returnRequiredAt!: string | null;
  @Column('text', { nullable: true }) returnReceivedAt!: string | null;
  @Column('text', { nullable: true }) redLetterNumber!: string | null;
  @Column('text', { nullable: true }) returnedAt!: string | null;
  @Column('text', { nullable: true }) cancelledAt!: string | null;
}

const changed =
  <Data>(change: (data: Data) => Partial<InvoiceRow>) =>
  (row: Readonly<InvoiceRow> | undefined, data: Data): InvoiceRow | undefined =>
    row === undefined ? undefined : { ...row, ...change(data) };

export const invoices = readModel(InvoiceRow, {
  version: 1,
  own: [invoice],
  on: {
    InvoiceScheduled: (
      _row,
      {
        orderId,
        accountId,
        amountMinor,
        currency,
        invoice: { title, taxId, way, address },
        lines,
        agreementVersion,
        scheduledAt,
        issueAt,
        dueBy,
      },
    ): InvoiceRow => ({
      orderId,
      accountId,
      status: 'scheduled',
      amountMinor,
      currency,
      title,
      taxId,
      way,
      address,
      lines,
      agreementVersion,
      scheduledAt,
      issueAt,
      dueBy,
      overdue: false,
      refusedBecause: null,
      invoiceNumber: null,
      issuedAt: null,
      dispatchedAt: null,
      returnRequiredAt: null,
      returnReceivedAt: null,
      redLetterNumber: null,
      returnedAt: null,
      cancelledAt: null,
    }),
    InvoiceIssueStarted: changed(() => ({ status: 'issuing', refusedBecause: null })),
    InvoiceIssueRefused: changed(({ reason }) => ({ status: 'refused', refusedBecause: reason })),
    InvoiceIssued: changed(({ invoiceNumber, issuedAt }) => ({ status: 'issued', invoiceNumber, issuedAt })),
    InvoiceDispatched: (row, { dispatchedAt }) =>
      row && { ...row, status: row.status === 'issued' ? 'dispatched' : row.status, dispatchedAt },
    InvoiceOverdue: changed(() => ({ overdue: true })),
    InvoiceCancelled: changed(({ cancelledAt }) => ({ status: 'cancelled', cancelledAt })),
    InvoiceReturnRequired: changed(({ requiredAt }) => ({ status: 'return-required', returnRequiredAt: requiredAt })),
    InvoiceReturnReceived: changed(({ receivedAt }) => ({ status: 'returning', returnReceivedAt: receivedAt })),
    InvoiceReturned: changed(({ redLetterNumber, returnedAt }) => ({ status: 'returned', redLetterNumber, returnedAt })),
  },
});

class InvoicePage extends Page {
  @IsOptional()
  @IsIn(statuses)
  status?: (typeof statuses)[number];

  /** `true`: only those that were not issued in their term. */
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsBoolean()
  overdue?: boolean;
}

/** `GET /invoice/invoices` and `GET /invoice/invoices/:orderId`. */
@Controller('invoices')
export class InvoicesQuery {
  constructor(private readonly rows: Rows) {}

  @Get()
  @For('customer', 'finance', 'officer', 'auditor')
  @Reveals('finance')
  @Returns(InvoiceRow, { list: true })
  list(@Query() { status, overdue, limit, after }: InvoicePage, @Who() who: Caller): Promise<PageOf<InvoiceRow>> {
    if (who.role === 'customer' && who.accountId === undefined) throw kitProblem('forbidden');
    const own = who.role === 'customer' && who.accountId !== undefined ? { accountId: who.accountId } : {};
    return this.rows.list(InvoiceRow, {
      where: { ...own, ...(status === undefined ? {} : { status }), ...(overdue === undefined ? {} : { overdue }) },
      order: '-scheduledAt',
      limit,
      after,
    });
  }

  @Get(':orderId')
  @For('customer', 'finance', 'officer', 'auditor')
  @Reveals('finance')
  @Returns(InvoiceRow)
  one(@Param('orderId') orderId: string, @Who() who: Caller): Promise<InvoiceRow> {
    return this.rows.one(InvoiceRow, orderId, who);
  }
}
