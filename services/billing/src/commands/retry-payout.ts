import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { Answers, Clock, Commands, For, Who, type Caller, type CommandAnswer } from '@qiyue/service-kit';
import { IsString, Length } from 'class-validator';
import { payout } from '../domain/payout';

class RetryPayoutBody {
  @IsString()
  @Length(1, 500)
  reason!: string;
}

/** `POST /billing/payouts/:payoutId/retry`: orders again what the gateway refused, once whatever stood in the way is gone. */
@Controller('payouts/:payoutId/retry')
export class RetryPayout {
  constructor(
    private readonly commands: Commands,
    private readonly clock: Clock,
  ) {}

  @Post()
  @HttpCode(200)
  @For('finance', 'officer')
  @Answers(payout, 'retry', 'payout-unknown', 'payout-not-refused')
  post(@Param('payoutId') payoutId: string, @Body() { reason }: RetryPayoutBody, @Who() who: Caller): Promise<CommandAnswer> {
    return this.commands.execute(payout, 'retry', payoutId, { payoutId, reason }, { now: this.clock.now(), by: who.id }, who);
  }
}
