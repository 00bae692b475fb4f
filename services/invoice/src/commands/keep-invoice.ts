import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { Answers, Clock, Commands, For, Who, type Caller, type CommandAnswer } from '@qiyue/service-kit';
import { IsOptional, IsString, Length } from 'class-validator';
import { invoice } from '../domain/invoice';

class ReturnInvoiceBody {
  /** How one can see that it came back: a consignment number, a photo's place. */
  @IsOptional()
  @IsString()
  @Length(1, 1_000)
  evidence?: string;
}

/** What people do with an invoice: send it back (2.2.5), or have it issued without waiting (2.2.3). */
@Controller('invoices/:orderId')
export class KeepInvoice {
  constructor(
    private readonly commands: Commands,
    private readonly clock: Clock,
  ) {}

  /** `POST /invoice/invoices/:orderId/return`: the customer states that it is sent back, or finance records that it came. */
  @Post('return')
  @HttpCode(200)
  @For('customer', 'finance')
  @Answers(invoice, 'receiveReturn', 'invoice-unknown', 'invoice-not-issued', 'invoice-cancelled', 'return-not-required')
  return(@Param('orderId') orderId: string, @Body() body: ReturnInvoiceBody, @Who() who: Caller): Promise<CommandAnswer> {
    const statedBy = who.role === 'customer' ? ('customer' as const) : ('finance' as const);
    return this.commands.execute(invoice, 'receiveReturn', orderId, { orderId, statedBy, ...body }, { now: this.clock.now() }, who);
  }

  /** `POST /invoice/invoices/:orderId/issue`: ahead of its morning, or again after the authority refused. */
  @Post('issue')
  @HttpCode(200)
  @For('finance')
  @Answers(invoice, 'issueNow', 'invoice-unknown', 'invoice-cancelled')
  issue(@Param('orderId') orderId: string, @Who() who: Caller): Promise<CommandAnswer> {
    return this.commands.execute(invoice, 'issueNow', orderId, { orderId }, { now: this.clock.now() }, who);
  }
}
