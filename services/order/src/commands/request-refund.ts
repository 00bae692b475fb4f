import { Body, Controller, Param, Post } from '@nestjs/common';
import { Answers, Clock, Commands, For, kitProblem, Rows, Who, type Caller, type CommandAnswer } from '@qiyue/service-kit';
import { IsString, Length } from 'class-validator';
import { order } from '../domain/order';
import { AccountStanding, knownAccount } from '../read-models/account-standing';
import { announcedVersions } from '../read-models/agreement-versions';

class RequestRefundBody {
  @IsString()
  @Length(1, 500)
  reason!: string;
}

/** `POST /order/orders/:orderId/refund`: asks for the money back within the refund window (2.2.5). */
@Controller('orders/:orderId/refund')
export class RequestRefund {
  constructor(
    private readonly commands: Commands,
    private readonly rows: Rows,
    private readonly clock: Clock,
  ) {}

  @Post()
  @For('customer')
  @Answers(order, 'requestRefund', 'order-unknown', 'account-declined-agreement', 'order-unpaid', 'refund-window-closed')
  async post(@Param('orderId') id: string, @Body() { reason }: RequestRefundBody, @Who() who: Caller): Promise<CommandAnswer> {
    if (who.accountId === undefined) throw kitProblem('forbidden');
    // Read first: what else is looked up takes time, and the customer asked now.
    const now = this.clock.now();
    const standing = await this.rows.get(AccountStanding, who.accountId);
    const account = standing === undefined ? { suspended: false } : knownAccount(standing);
    return this.commands.execute(
      order,
      'requestRefund',
      id,
      { reason },
      { now, account, announced: await announcedVersions(this.rows, now) },
      who,
    );
  }
}
