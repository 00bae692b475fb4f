import { reaction } from '@qiyue/service-kit';
import { notice, noticeEvents } from '../domain/notice';
import { Mailer } from '../ports/mailer';

/**
 * 7.1: hands the e-mail over, when it is composed and whenever a further try is due, and records what became of it. The message id is the notice's, so
 * that handing over twice is recognised as once.
 */
export const sendEmailOnNoticeComposed = reaction({
  name: 'send-email-on-notice-composed',
  on: [noticeEvents.NoticeComposed, noticeEvents.EmailRetryDue],
  run: async (context, data) => {
    const { noticeId } = data;
    const { state } = await context.load(notice, noticeId);
    if (state.status === 'none' || state.emailDone) return;
    const { email, title, body, secret } = state.composed;
    if (email === undefined) return;
    const text = secret === undefined ? body : `${body}\n\n${secret}\n`;
    const result = await context.port(Mailer).handOver({ messageId: noticeId, to: email, subject: title, text });
    await context.execute(notice, noticeId, 'recordEmail', { result, try: 'try' in data ? data.try : 1 }, { now: context.now });
  },
});
