import { Body, Controller, HttpCode, Injectable, Post, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { billingRejections } from '@qiyue/contracts';
import { Answers, problemOf, Public, RAW_BODY, Who, type Caller, type CommandAnswer } from '@qiyue/service-kit';
import { IsInt, IsISO8601, IsString, Length, Matches, Max, MaxLength, Min } from 'class-validator';
import type { IncomingHttpHeaders } from 'node:http';
import { BillingConfig } from '../config';
import { receivable } from '../domain/receivable';
import { PaymentIntake } from '../payment-intake';
import { isGenuine, SIGNATURE_HEADER } from '../ports/signature';

/** What the gateway says about money that has arrived. */
export class CallbackBody {
  /** The gateway's own id of the payment. */
  @Matches(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/)
  paymentId!: string;

  /** What it was paid for: an order's or a bill's id. */
  @Matches(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/)
  receivableId!: string;

  @IsInt() @Min(1) @Max(Number.MAX_SAFE_INTEGER)
  amountMinor!: number;

  @Matches(/^[A-Z]{3}$/)
  currency!: string;

  /** `alipay`, `wechat-pay`, `bank-transfer`; money of any other method is held. */
  @IsString() @Length(1, 64)
  method!: string;

  /** As the gateway knows the payer; empty when it does not. */
  @IsString() @MaxLength(200)
  payerName!: string;

  @IsISO8601({ strict: true, strictSeparator: true }) @Matches(/(Z|[+-]\d\d:\d\d)$/)
  paidAt!: string;
}

/** Lets only the gateway through. Stands before the body is looked at, because it judges the bytes that came. */
@Injectable()
export class OnlyTheGateway implements CanActivate {
  constructor(private readonly config: BillingConfig) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ [RAW_BODY]?: Buffer; headers: IncomingHttpHeaders }>();
    if (isGenuine(this.config.callbackSecret, request[RAW_BODY] ?? Buffer.alloc(0), request.headers[SIGNATURE_HEADER])) return true;
    throw problemOf({ code: 'callback-not-genuine' }, billingRejections.table);
  }
}

/** `POST /billing/payments/callbacks`: the gateway tells of money. It repeats itself until it is answered 200; told twice it counts once (2.2.2). */
@Controller('payments/callbacks')
export class ReceiveCallback {
  constructor(private readonly intake: PaymentIntake) {}

  @Post()
  @HttpCode(200)
  @Public()
  @UseGuards(OnlyTheGateway)
  @Answers(receivable, 'receivePayment', 'payment-differs')
  post(@Body() body: CallbackBody, @Who() who: Caller): Promise<CommandAnswer> {
    return this.intake.take({ ...body }, who);
  }
}
