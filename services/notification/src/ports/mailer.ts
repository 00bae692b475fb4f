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

/** What came of handing an e-mail over: taken; refused for good because of its recipient; or not taken just now, for whatever reason. */
export type HandOver = 'handed-over' | 'bounced' | 'not-now';

/** Hands e-mails to whoever delivers them. */
export abstract class Mailer {
  abstract handOver(mail: Mail): Promise<HandOver>;
}

/** E-mails that a sandbox kept instead of sending them, newest last. Holds the last thousand, in memory only. */
@Injectable()
export class SandboxMailbox extends Mailer {
  private mails: readonly Mail[] = [];

  override async handOver(mail: Mail): Promise<HandOver> {
    if (mail.to.endsWith('@bounce.example')) return 'bounced';
    this.mails = [...this.mails.filter(({ messageId }) => messageId !== mail.messageId), mail].slice(-1_000);
    return 'handed-over';
  }

  mailsTo(address: string): readonly Mail[] {
    return this.mails.filter(({ to }) => to === address);
  }
}

/** How nodemailer tells of a failed exchange with the mail server. */
interface SmtpFault {
  readonly code?: unknown;
  readonly command?: unknown;
  readonly responseCode?: unknown;
}

/** Stations of the exchange at which a permanent refusal is about this e-mail and its recipient. One at any other is about us, and may pass. */
const aboutTheMail = new Set<unknown>(['RCPT TO', 'DATA']);

/** nodemailer's own codes; any other error is a fault of the program. */
const exchangeFaults = new Set<unknown>([
  'ECONNECTION',
  'ETIMEDOUT',
  'ESOCKET',
  'EDNS',
  'ETLS',
  'EPROTOCOL',
  'EAUTH',
  'EENVELOPE',
  'EMESSAGE',
  'ESTREAM',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
]);

/** What a failed exchange comes to; undefined when it was none. */
export const handOverOf = (fault: unknown): HandOver | undefined => {
  const { code, command, responseCode } = (fault ?? {}) as SmtpFault;
  if (typeof responseCode === 'number' && responseCode >= 500 && responseCode < 600 && aboutTheMail.has(command)) return 'bounced';
  return typeof responseCode === 'number' || exchangeFaults.has(code) ? 'not-now' : undefined;
};

/** A mail server that does not answer holds nobody up for longer; milliseconds. */
const patience = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 30_000 };

/** Speaks SMTP. */
@Injectable()
export class SmtpMailer extends Mailer {
  private readonly transport;

  constructor(private readonly config: NotificationConfig) {
    super();
    this.transport = createTransport({ url: config.smtpUrl ?? '', ...patience }, { from: config.mailFrom });
  }

  override async handOver({ messageId, to, subject, text }: Mail): Promise<HandOver> {
    try {
      await this.transport.sendMail({
        messageId: `<${messageId}@${this.config.mailFrom.split('@')[1] ?? 'localhost'}>`,
        // As an address and not as text, which would be read as a list of addresses.
        to: { name: '', address: to },
        subject,
        text,
      });
      return 'handed-over';
    } catch (fault) {
      const result = handOverOf(fault);
      if (result === undefined) throw fault;
      return result;
    }
  }
}
