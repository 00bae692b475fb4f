import { Body, Controller, Param, Post } from '@nestjs/common';
import { Answers, type Caller, Clock, type CommandAnswer, Commands, Public, Refuses, Rows, Who } from '@qiyue/service-kit';
import { Matches } from 'class-validator';
import { Credentials } from '../credentials';
import { account } from '../domain/account';
import { versionInForce } from '../read-models/agreement-versions';

class ProveEmailBody {
  @Matches(/^\d{6}$/)
  code!: string;
}

/** `POST /identity/accounts/:accountId/email-proof`: whoever returns the code owns the address and thereby accepts the agreement (1.1, 2.1.1). */
@Controller('accounts/:accountId')
export class ProveEmail {
  constructor(
    private readonly commands: Commands,
    private readonly clock: Clock,
    private readonly rows: Rows,
    private readonly credentials: Credentials,
  ) {}

  @Post('email-proof')
  @Public()
  @Refuses('code-wrong')
  @Answers(account, 'proveEmail', 'account-unknown', 'no-agreement-in-force', 'code-expired', 'code-tries-used-up')
  async prove(@Param('accountId') accountId: string, @Body() { code }: ProveEmailBody, @Who() who: Caller): Promise<CommandAnswer> {
    const now = this.clock.now();
    const inForce = await versionInForce(this.rows, now);
    const answer = await this.commands.execute(account, 'proveEmail', accountId, { code }, { now, attemptId: who.commandId, inForce }, who);
    return answer.events.some(({ type }) => type === 'EmailCodeRefused') ? this.commands.refuse('code-wrong') : answer;
  }

  /** A new code, for an address that is not proved yet. */
  @Post('email-code')
  @Public()
  @Answers(account, 'sendEmailCode', 'account-unknown', 'code-sent-recently')
  send(@Param('accountId') accountId: string, @Who() who: Caller): Promise<CommandAnswer> {
    return this.commands.execute(account, 'sendEmailCode', accountId, {}, { now: this.clock.now(), code: this.credentials.newCode() }, who);
  }
}
