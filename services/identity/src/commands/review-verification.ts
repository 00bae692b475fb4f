import { Body, Controller, Param, Post } from '@nestjs/common';
import { Answers, Clock, Commands, For, Who, type Caller, type CommandAnswer } from '@qiyue/service-kit';
import { IsBoolean, IsString, Length } from 'class-validator';
import { account } from '../domain/account';

class ReviewVerificationBody {
  @IsBoolean()
  approve!: boolean;

  /** A short reason for the record; no personal data. */
  @IsString()
  @Length(1, 200)
  reason!: string;
}

/** `POST /identity/accounts/:accountId/verification-review`: a person decides where the verifier could not (2.1.1). */
@Controller('accounts/:accountId/verification-review')
export class ReviewVerification {
  constructor(
    private readonly commands: Commands,
    private readonly clock: Clock,
  ) {}

  @Post()
  @For('officer')
  @Answers(account, 'reviewVerification', 'account-unknown')
  post(@Param('accountId') accountId: string, @Body() body: ReviewVerificationBody, @Who() who: Caller): Promise<CommandAnswer> {
    return this.commands.execute(account, 'reviewVerification', accountId, body, { now: this.clock.now() }, who);
  }
}
