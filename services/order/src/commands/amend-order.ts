import { Body, Controller, Delete, Param, Patch, Put } from '@nestjs/common';
import { Answers, Commands, For, Who, type Caller, type CommandAnswer } from '@qiyue/service-kit';
import { order } from '../domain/order';

/** `PATCH`, `PUT` and `DELETE /order/orders/:orderId`: exist to refuse, whoever asks and whatever is to be changed (2.2.1). */
@Controller('orders/:orderId')
@For('customer', 'dealer', 'finance', 'officer', 'auditor', 'operator', 'service')
export class AmendOrder {
  constructor(private readonly commands: Commands) {}

  @Patch()
  @Answers(order, 'amend', 'order-unknown', 'order-is-frozen')
  patch(@Param('orderId') id: string, @Body() _change: object, @Who() who: Caller): Promise<CommandAnswer> {
    return this.commands.execute(order, 'amend', id, {}, {}, who);
  }

  @Put()
  @Answers(order, 'amend', 'order-unknown', 'order-is-frozen')
  put(@Param('orderId') id: string, @Body() _change: object, @Who() who: Caller): Promise<CommandAnswer> {
    return this.commands.execute(order, 'amend', id, {}, {}, who);
  }

  @Delete()
  @Answers(order, 'amend', 'order-unknown', 'order-is-frozen')
  delete(@Param('orderId') id: string, @Body() _change: object, @Who() who: Caller): Promise<CommandAnswer> {
    return this.commands.execute(order, 'amend', id, {}, {}, who);
  }
}
