import { Injectable } from '@nestjs/common';
import { createTransport } from 'nodemailer';
import { NotificationConfig } from '../config';

/** One e-mail. The same `messageId` handed over twice is the same e-mail. */
export interface Mail {
  readonly messageId: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** Hands e-mails to whoever delivers them. Throws when that is not possible just now. */
export abstract class Mailer {
  abstract handOver(mail: Mail): Promise<'handed-over' | 'bounced'>;
}

/** E-mails that a sandbox kept instead of sending them, newest last. Holds the last thousand, in memory only. */
@Injectable()
export class SandboxMailbox extends Mailer {
  private mails: readonly Mail[] = [];

  override async handOver(mail: Mail): Promise<'handed-over' | 'bounced'> {
    if (mail.to.endsWith('@bounce.example')) return 'bounced';
    this.mails = [...this.mails.filter(({ messageId }) => messageId !== mail.messageId), mail].slice(-1_000);
    return 'handed-over';
  }

  mailsTo(address: string): readonly Mail[] {
    return this.mails.filter(({ to }) => to === address);
  }
}

const isRefusal = (fault: unknown): boolean => {
  const { responseCode } = fault as { responseCode?: unknown };
  return typeof responseCode === 'number' && responseCode >= 500 && responseCode < 600;
};

/** Speaks SMTP. A permanent refusal of the recipient (5xx) is a bounce; everything else is tried again. */
@Injectable()
export class SmtpMailer extends Mailer {
  private readonly transport;

  constructor(private readonly config: NotificationConfig) {
    super();
    this.transport = createTransport(config.smtpUrl ?? '', { from: config.mailFrom });
  }

  override async handOver({ messageId, to, subject, text }: Mail): Promise<'handed-over' | 'bounced'> {
    try {
      await this.transport.sendMail({
        messageId: `<${messageId}@${this.config.mailFrom.split('@')[1] ?? 'localhost'}>`,
        to,
        subject,
        text,
      });
      return 'handed-over';
    } catch (fault) {
      if (isRefusal(fault)) return 'bounced';
      throw fault;
    }
  }
}
