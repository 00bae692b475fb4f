import { onDeadline } from '@qiyue/service-kit';
import { invoice } from '../domain/invoice';

/** 2.2.3: the term has ended. An issued invoice does not clear this deadline: fired late, it still finds one that was issued too late. */
export const noteOverdueOnTermEnd = onDeadline({
  name: 'term',
  stream: invoice,
  set: { InvoiceScheduled: ({ dueBy }) => dueBy },
  clear: ['InvoiceCancelled'],
  decide: 'noteOverdue',
  command: ({ streamId }) => ({ orderId: streamId }),
});
