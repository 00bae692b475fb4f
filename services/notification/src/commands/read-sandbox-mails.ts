import { Controller, Get, Query } from '@nestjs/common';
import { For } from '@qiyue/service-kit';
import { IsEmail } from 'class-validator';
import { SandboxMailbox, type Mail } from '../ports/mailer';

class MailsOf {
  @IsEmail()
  to!: string;
}

/** `GET /notification/sandbox/mails?to=…`: what the sandbox mailbox kept for an address. Empty where e-mails really go out. */
@Controller('sandbox/mails')
export class ReadSandboxMails {
  constructor(private readonly mailbox: SandboxMailbox) {}

  @Get()
  @For('operator')
  list(@Query() { to }: MailsOf): { readonly items: readonly Mail[] } {
    return { items: this.mailbox.mailsTo(to) };
  }
}
