import { reaction } from '@qiyue/service-kit';
import { notice, noticeEvents } from '../domain/notice';
import { Mailer } from '../ports/mailer';

/** 7.1: hands the e-mail over and records it. The message id is the notice's, so handing over twice is recognised as once. */
export const sendEmailOnNoticeComposed = reaction({
  name: 'send-email-on-notice-composed',
  on: noticeEvents.NoticeComposed,
  run: async (context, { noticeId, email, title, body, secret }) => {
    if (email === undefined) return;
    const result = await context
      .port(Mailer)
      .handOver({ messageId: noticeId, to: email, subject: title, text: secret === undefined ? body : `${body}\n\n${secret}\n` });
    await context.execute(notice, noticeId, 'recordEmail', { result }, { now: context.now });
  },
});
