import { onDeadline } from '@qiyue/service-kit';
import { invoice } from '../domain/invoice';

/** 2.2.3: the morning has come on which the invoice is issued. */
export const beginIssuingOnIssueTime = onDeadline({
  name: 'issue',
  stream: invoice,
  set: { InvoiceScheduled: ({ issueAt }) => issueAt },
  clear: ['InvoiceIssueStarted', 'InvoiceCancelled'],
  decide: 'beginIssuing',
  command: ({ streamId }) => ({ orderId: streamId }),
});
