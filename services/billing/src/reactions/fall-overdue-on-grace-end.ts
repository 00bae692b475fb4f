import { onDeadline } from '@qiyue/service-kit';
import { receivable } from '../domain/receivable';

/** 8.2.3: a bill that is unpaid when its grace period ends is a payment default. */
export const fallOverdueOnGraceEnd = onDeadline({
  name: 'grace',
  stream: receivable,
  set: { ReceivableOpened: ({ overdueAt }) => overdueAt },
  clear: ['PaymentApplied', 'ReceivableClosed'],
  decide: 'fallOverdue',
  command: ({ streamId }) => ({ receivableId: streamId }),
});
