import { instant } from '@qiyue/calendar';
import { Body, Controller, Param, Post } from '@nestjs/common';
import { Answers, Clock, Commands, For, Who, type Caller, type CommandAnswer } from '@qiyue/service-kit';
import { IsISO8601, IsString, Length, Matches } from 'class-validator';
import { dealer } from '../domain/dealer';

class AuthoriseDealerBody {
  @IsString()
  @Length(1, 200)
  name!: string;

  /** First instant; with its offset. */
  @IsISO8601({ strict: true, strictSeparator: true })
  @Matches(/T.*(Z|[+-]\d\d:\d\d)$/)
  from!: string;

  /** Exclusive end; with its offset. */
  @IsISO8601({ strict: true, strictSeparator: true })
  @Matches(/T.*(Z|[+-]\d\d:\d\d)$/)
  until!: string;
}

class WithdrawDealerBody {
  @IsString()
  @Length(1, 500)
  reason!: string;
}

/** `POST /order/dealers/:dealerId/authorisations` and `…/withdrawal`: who may sell, and when (2.1.3). */
@Controller('dealers/:dealerId')
export class AuthoriseDealer {
  constructor(
    private readonly commands: Commands,
    private readonly clock: Clock,
  ) {}

  @Post('authorisations')
  @For('operator')
  @Answers(dealer, 'authorise', 'authorisation-period-empty')
  authorise(
    @Param('dealerId') dealerId: string,
    @Body() { name, from, until }: AuthoriseDealerBody,
    @Who() who: Caller,
  ): Promise<CommandAnswer> {
    return this.commands.execute(
      dealer,
      'authorise',
      dealerId,
      { dealerId, name, from: instant(from), until: instant(until) },
      { now: this.clock.now() },
      who,
    );
  }

  @Post('withdrawal')
  @For('operator')
  @Answers(dealer, 'withdraw', 'dealer-unknown')
  withdraw(@Param('dealerId') dealerId: string, @Body() { reason }: WithdrawDealerBody, @Who() who: Caller): Promise<CommandAnswer> {
    return this.commands.execute(dealer, 'withdraw', dealerId, { reason }, { now: this.clock.now() }, who);
  }
}
