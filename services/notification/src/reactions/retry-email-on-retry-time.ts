import { onDeadline } from '@qiyue/service-kit';
import { notice } from '../domain/notice';

/** 7.1: what no mail server took is tried again when its time has come. */
export const retryEmailOnRetryTime = onDeadline({
  name: 'email-retry',
  stream: notice,
  set: { EmailDeferred: ({ retryAt }) => retryAt },
  clear: ['EmailRetryDue', 'EmailHandedOver', 'NoticeBounced', 'EmailGivenUp'],
  decide: 'retryEmail',
});
