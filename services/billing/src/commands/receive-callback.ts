import { Body, Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import { Answers, type Caller, type CommandAnswer, Public, Refuses, Who } from '@qiyue/service-kit';
import { IsInt, IsISO8601, IsString, Length, Matches, Max, MaxLength, Min } from 'class-validator';
import { receivable } from '../domain/receivable';
import { OnlyTheGateway } from '../only-the-gateway';
import { PaymentIntake } from '../payment-intake';

/** What the gateway says about money that has arrived. */
export class CallbackBody {
  /** The gateway's own id of the payment. */
  @Matches(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/)
  paymentId!: string;

  /** What it was paid for: an order's or a bill's id. */
  @Matches(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/)
  receivableId!: string;

  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  amountMinor!: number;

  @Matches(/^[A-Z]{3}$/)
  currency!: string;

  /** `alipay`, `wechat-pay`, `bank-transfer`; money of any other method is held. */
  @IsString()
  @Length(1, 64)
  method!: string;

  /** As the gateway knows the payer; empty when it does not. */
  @IsString()
  @MaxLength(200)
  payerName!: string;

  @IsISO8601({ strict: true, strictSeparator: true })
  @Matches(/(Z|[+-]\d\d:\d\d)$/)
  paidAt!: string;
}

/** `POST /billing/payments/callbacks`: the gateway tells of money. It repeats itself until it is answered 200; told twice it counts once (2.2.2). */
@Controller('payments/callbacks')
export class ReceiveCallback {
  constructor(private readonly intake: PaymentIntake) {}

  @Post()
  @HttpCode(200)
  @Public()
  @UseGuards(OnlyTheGateway)
  @Refuses('callback-not-genuine')
  @Answers(receivable, 'receivePayment', 'payment-differs')
  post(@Body() body: CallbackBody, @Who() who: Caller): Promise<CommandAnswer> {
    return this.intake.take({ ...body }, who);
  }
}
