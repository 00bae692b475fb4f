import { Body, Controller, Param, Post } from '@nestjs/common';
import { Answers, Clock, Commands, For, newId, Who, type Caller, type CommandAnswer } from '@qiyue/service-kit';
import { IsString, Length } from 'class-validator';
import { account } from '../domain/account';

class ReportAnomalyBody {
  /** What the holder noticed, in their words. */
  @IsString()
  @Length(1, 2_000)
  description!: string;
}

/** `POST /identity/accounts/:accountId/anomaly`: ends every session of the account, this one included, and opens a case (2.1.2). */
@Controller('accounts/:accountId/anomaly')
export class ReportAnomaly {
  constructor(
    private readonly commands: Commands,
    private readonly clock: Clock,
  ) {}

  @Post()
  @For('customer')
  @Answers(account, 'reportAnomaly', 'account-unknown')
  post(@Param('accountId') accountId: string, @Body() body: ReportAnomalyBody, @Who() who: Caller): Promise<CommandAnswer> {
    return this.commands.execute(account, 'reportAnomaly', accountId, body, { now: this.clock.now(), reportId: newId(who, 'report') }, who);
  }
}
