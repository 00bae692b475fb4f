import { Setting } from '@qiyue/service-kit';
import { IsOptional, IsString, Matches } from 'class-validator';

/** Settings of the notification service. */
export class NotificationConfig {
  @Setting('SMTP_URL', {
    meaning: 'SMTP server for e-mails (`smtp://user:password@host:port`). Without it they are kept in a sandbox mailbox and not sent.',
    secret: true,
  })
  @IsOptional()
  @Matches(/^smtps?:\/\//)
  smtpUrl?: string;

  @Setting('MAIL_FROM', { meaning: 'Address that e-mails come from.', default: 'no-reply@qiyue.example' })
  @IsString()
  @Matches(/^[^\s@]+@[^\s@]+$/)
  mailFrom!: string;
}
