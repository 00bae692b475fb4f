import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { Answers, Clock, Commands, For, Who, type Caller, type CommandAnswer } from '@qiyue/service-kit';
import { IsOptional, IsString, Length } from 'class-validator';
import { BillingConfig, methodsOf } from '../config';
import { receivable } from '../domain/receivable';

class ReleaseBody {
  @IsString()
  @Length(1, 500)
  reason!: string;

  /** Where the proof is kept that this money is the account's. */
  @IsString()
  @Length(1, 1_000)
  evidence!: string;
}

class ReturnBody {
  @IsString()
  @Length(1, 500)
  reason!: string;

  @IsOptional()
  @IsString()
  @Length(1, 1_000)
  evidence?: string;
}

/** What a person decides about held money (2.2.2). */
@Controller('receivables/:receivableId/payments/:paymentId')
export class DecideHeldMoney {
  constructor(
    private readonly commands: Commands,
    private readonly clock: Clock,
    private readonly config: BillingConfig,
  ) {}

  /** `POST /billing/receivables/:receivableId/payments/:paymentId/release`: it counts after all. */
  @Post('release')
  @HttpCode(200)
  @For('officer')
  @Answers(
    receivable,
    'releasePayment',
    'receivable-unknown',
    'payment-unknown',
    'payment-not-held',
    'receivable-not-open',
    'payment-not-releasable',
  )
  release(
    @Param('receivableId') receivableId: string,
    @Param('paymentId') paymentId: string,
    @Body() body: ReleaseBody,
    @Who() who: Caller,
  ): Promise<CommandAnswer> {
    return this.commands.execute(
      receivable,
      'releasePayment',
      receivableId,
      { receivableId, paymentId, ...body },
      { now: this.clock.now(), methods: methodsOf(this.config), by: who.id },
      who,
    );
  }

  /** `POST /billing/receivables/:receivableId/payments/:paymentId/return`: it goes back to its payer. */
  @Post('return')
  @HttpCode(200)
  @For('officer', 'finance')
  @Answers(receivable, 'returnPayment', 'receivable-unknown', 'payment-unknown', 'payment-not-held')
  return(
    @Param('receivableId') receivableId: string,
    @Param('paymentId') paymentId: string,
    @Body() body: ReturnBody,
    @Who() who: Caller,
  ): Promise<CommandAnswer> {
    return this.commands.execute(
      receivable,
      'returnPayment',
      receivableId,
      { receivableId, paymentId, ...body },
      { now: this.clock.now(), by: who.id },
      who,
    );
  }
}
