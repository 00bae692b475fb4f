import { invoiceRejections } from '@qiyue/contracts';
import { defineService, endedSessions } from '@qiyue/service-kit';
import { KeepInvoice } from './commands/keep-invoice';
import { PlayAuthority } from './commands/play-authority';
import { InvoiceConfig } from './config';
import { invoice } from './domain/invoice';
import { invoiceExamples } from './domain/invoice.examples';
import { InvoiceDispatch } from './ports/invoice-dispatch';
import { SandboxAuthority } from './ports/sandbox-authority';
import { TaxAuthority } from './ports/tax-authority';
import { beginIssuingOnIssueTime } from './reactions/begin-issuing-on-issue-time';
import { carryOutOnInvoiceStep, carryOutOnNextTry } from './reactions/carry-out-on-invoice-step';
import { giveWayOnRefundRequested } from './reactions/give-way-on-refund-requested';
import { noteOverdueOnTermEnd } from './reactions/note-overdue-on-term-end';
import { scheduleInvoiceOnOrderPaid } from './reactions/schedule-invoice-on-order-paid';
import { invoices, InvoicesQuery } from './read-models/invoices';

/** The invoice of an order: due, issued, dispatched, back. */
export const invoiceService = defineService({
  name: 'invoice',
  title: 'Invoices: term, issue, dispatch, return',
  streams: [invoice],
  commands: [KeepInvoice, PlayAuthority],
  queries: [InvoicesQuery],
  reactions: [
    scheduleInvoiceOnOrderPaid,
    beginIssuingOnIssueTime,
    carryOutOnInvoiceStep,
    carryOutOnNextTry,
    noteOverdueOnTermEnd,
    giveWayOnRefundRequested,
  ],
  readModels: [invoices, endedSessions],
  rejections: invoiceRejections,
  config: [InvoiceConfig],
  providers: [
    SandboxAuthority,
    { provide: TaxAuthority, useExisting: SandboxAuthority },
    { provide: InvoiceDispatch, useExisting: SandboxAuthority },
  ],
  examples: [invoiceExamples],
  clauses: ['2.2.3', '2.2.5', '3.3'],
});
