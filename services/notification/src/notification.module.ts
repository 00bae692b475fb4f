import { notificationRejections } from '@qiyue/contracts';
import { defineService, endedSessions } from '@qiyue/service-kit';
import { ReadSandboxMails } from './commands/read-sandbox-mails';
import { RecordBounce } from './commands/record-bounce';
import { NotificationConfig } from './config';
import { contact } from './domain/contact';
import { notice } from './domain/notice';
import { contactExamples, noticeExamples } from './domain/notification.examples';
import { Mailer, SandboxMailbox, SmtpMailer } from './ports/mailer';
import { composeNoticeOnFact } from './reactions/compose-notice-on-fact';
import { noteContactOnAccountRegistered, noteContactOnContactChanged } from './reactions/note-contact-on-account-registered';
import { retryEmailOnRetryTime } from './reactions/retry-email-on-retry-time';
import { sendEmailOnNoticeComposed } from './reactions/send-email-on-notice-composed';
import { notices, NoticesQuery } from './read-models/notices';

/** Who is told what, by which channel, and from when on it counts as delivered. */
export const notificationService = defineService({
  name: 'notification',
  title: 'Notices and announcements',
  streams: [notice, contact],
  commands: [RecordBounce, ReadSandboxMails],
  queries: [NoticesQuery],
  reactions: [
    noteContactOnAccountRegistered,
    noteContactOnContactChanged,
    composeNoticeOnFact,
    sendEmailOnNoticeComposed,
    retryEmailOnRetryTime,
  ],
  readModels: [notices, endedSessions],
  rejections: notificationRejections,
  config: [NotificationConfig],
  providers: [
    SandboxMailbox,
    {
      provide: Mailer,
      inject: [NotificationConfig, SandboxMailbox],
      useFactory: (config: NotificationConfig, sandbox: SandboxMailbox) =>
        config.smtpUrl === undefined ? sandbox : new SmtpMailer(config),
    },
  ],
  examples: [noticeExamples, contactExamples],
  clauses: ['2.1.2', '7.1', '7.2'],
});
