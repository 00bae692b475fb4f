import { Body, Controller, Param, Post, Put } from '@nestjs/common';
import { Answers, Clock, Commands, For, Who, type Caller, type CommandAnswer } from '@qiyue/service-kit';
import { IsEmail, IsString, Length, MaxLength } from 'class-validator';
import { account } from '../domain/account';

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
  ) {}

  /** `PUT /identity/accounts/:accountId/contact`. */
  @Put('contact')
  @For('customer')
  @Answers(account, 'changeContact', 'account-unknown')
  contact(@Param('accountId') accountId: string, @Body() body: ChangeContactBody, @Who() who: Caller): Promise<CommandAnswer> {
    return this.commands.execute(account, 'changeContact', accountId, body, { now: this.clock.now() }, who);
  }

  /** `POST /identity/accounts/:accountId/agreement-refusal`. */
  @Post('agreement-refusal')
  @For('customer')
  @Answers(account, 'declineAgreement', 'account-unknown')
  decline(@Param('accountId') accountId: string, @Body() body: DeclineAgreementBody, @Who() who: Caller): Promise<CommandAnswer> {
    return this.commands.execute(account, 'declineAgreement', accountId, body, { now: this.clock.now() }, who);
  }
}
