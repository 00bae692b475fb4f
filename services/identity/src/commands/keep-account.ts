import { Body, Controller, Param, Post, Put } from '@nestjs/common';
import { Answers, Clock, Commands, For, Rows, Who, type Caller, type CommandAnswer } from '@qiyue/service-kit';
import { IsEmail, IsString, Length, MaxLength } from 'class-validator';
import { account } from '../domain/account';
import { isPublished } from '../read-models/agreement-versions';

class ChangeContactBody {
  @IsEmail()
  @MaxLength(254)
  email!: string;
}

class DeclineAgreementBody {
  @IsString()
  @Length(1, 64)
  agreementVersion!: string;
}

/** What the holder of an account keeps in order: contact data (2.1.2) and the answer to a new agreement (1.3). */
@Controller('accounts/:accountId')
export class KeepAccount {
  constructor(
    private readonly commands: Commands,
    private readonly clock: Clock,
    private readonly rows: Rows,
  ) {}

  /** `PUT /identity/accounts/:accountId/contact`. */
  @Put('contact')
  @For('customer')
  @Answers(account, 'changeContact', 'account-unknown')
  contact(@Param('accountId') accountId: string, @Body() body: ChangeContactBody, @Who() who: Caller): Promise<CommandAnswer> {
    return this.commands.execute(account, 'changeContact', accountId, body, { now: this.clock.now() }, who);
  }

  /** `POST /identity/accounts/:accountId/agreement-refusal`: of any version that is published, also before it takes effect. */
  @Post('agreement-refusal')
  @For('customer')
  @Answers(account, 'declineAgreement', 'account-unknown', 'agreement-version-unknown')
  async decline(@Param('accountId') accountId: string, @Body() body: DeclineAgreementBody, @Who() who: Caller): Promise<CommandAnswer> {
    const facts = { now: this.clock.now(), isPublished: await isPublished(this.rows, body.agreementVersion) };
    return this.commands.execute(account, 'declineAgreement', accountId, body, facts, who);
  }
}
