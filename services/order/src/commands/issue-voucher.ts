import { instant } from '@qiyue/calendar';
import { Body, Controller, Post } from '@nestjs/common';
import { Answers, Clock, Commands, For, Who, type Caller, type CommandAnswer } from '@qiyue/service-kit';
import { IsInt, IsISO8601, Matches, Max, Min } from 'class-validator';
import { currenciesOf, OrderConfig } from '../config';
import { voucher } from '../domain/voucher';

class IssueVoucherBody {
  @Matches(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/)
  code!: string;

  @Matches(/^[A-Za-z0-9._:-]{1,128}$/)
  accountId!: string;

  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  amountMinor!: number;

  @Matches(/^[A-Z]{3}$/)
  currency!: string;

  /** Exclusive end; with its offset. */
  @IsISO8601({ strict: true, strictSeparator: true })
  @Matches(/T.*(Z|[+-]\d\d:\d\d)$/)
  validUntil!: string;
}

/** `POST /order/vouchers`: gives a voucher to an account. */
@Controller('vouchers')
export class IssueVoucher {
  constructor(
    private readonly commands: Commands,
    private readonly clock: Clock,
    private readonly config: OrderConfig,
  ) {}

  @Post()
  @For('finance', 'operator')
  @Answers(voucher, 'issue', 'currency-not-supported', 'voucher-exists', 'voucher-unusable')
  post(@Body() body: IssueVoucherBody, @Who() who: Caller): Promise<CommandAnswer> {
    const command = { ...body, validUntil: instant(body.validUntil) };
    return this.commands.execute(
      voucher,
      'issue',
      body.code,
      command,
      { now: this.clock.now(), currencies: currenciesOf(this.config) },
      who,
    );
  }
}
