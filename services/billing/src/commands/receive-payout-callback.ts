import { Body, Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import { instant } from '@qiyue/calendar';
import { Answers, type Caller, Clock, type CommandAnswer, Commands, Example, Public, Refuses, Who } from '@qiyue/service-kit';
import { IsIn, IsISO8601, IsString, Length, Matches, ValidateIf } from 'class-validator';
import { payout } from '../domain/payout';
import { OnlyTheGateway } from '../only-the-gateway';

class PayoutCallbackBody {
  @Matches(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/)
  payoutId!: string;

  @IsIn(['settled', 'refused'])
  outcome!: 'settled' | 'refused';

  /** With its offset; when it is settled. */
  @ValidateIf(({ outcome }: PayoutCallbackBody) => outcome === 'settled')
  @IsISO8601({ strict: true, strictSeparator: true })
  @Matches(/(Z|[+-]\d\d:\d\d)$/)
  @Example('2026-03-05T10:05:00+08:00')
  settledAt?: string;

  /** A short word, when it is refused. */
  @ValidateIf(({ outcome }: PayoutCallbackBody) => outcome === 'refused')
  @IsString()
  @Length(1, 100)
  reason?: string;
}

/** `POST /billing/payouts/callbacks`: the gateway tells what became of a payout before it is asked. Told twice, or after its own answer, it is so already. */
@Controller('payouts/callbacks')
export class ReceivePayoutCallback {
  constructor(
    private readonly commands: Commands,
    private readonly clock: Clock,
  ) {}

  @Post()
  @HttpCode(200)
  @Public()
  @UseGuards(OnlyTheGateway)
  @Refuses('callback-not-genuine')
  @Answers(payout, 'settle', 'payout-unknown')
  async post(@Body() { payoutId, settledAt, reason = '' }: PayoutCallbackBody, @Who() who: Caller): Promise<CommandAnswer> {
    const facts = { now: this.clock.now() };
    if (settledAt !== undefined)
      return this.commands.execute(payout, 'settle', payoutId, { payoutId, settledAt: instant(settledAt) }, facts, who);
    const { state } = await this.commands.load(payout, payoutId);
    return this.commands.execute(
      payout,
      'refuse',
      payoutId,
      { payoutId, attempt: state.status === 'none' ? 1 : state.attempt, reason },
      facts,
      who,
    );
  }
}
