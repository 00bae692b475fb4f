import { Controller, Param, Post } from '@nestjs/common';
import { Answers, Clock, Commands, For, Who, type Caller, type CommandAnswer } from '@qiyue/service-kit';
import { order } from '../domain/order';

/** `POST /order/orders/:orderId/cancellation`: calls an unpaid order off (2.2.1). */
@Controller('orders/:orderId/cancellation')
export class CancelOrder {
  constructor(
    private readonly commands: Commands,
    private readonly clock: Clock,
  ) {}

  @Post()
  @For('customer')
  @Answers(order, 'cancel', 'order-unknown', 'order-paid', 'order-closed')
  post(@Param('orderId') id: string, @Who() who: Caller): Promise<CommandAnswer> {
    return this.commands.execute(order, 'cancel', id, {}, { now: this.clock.now() }, who);
  }
}
