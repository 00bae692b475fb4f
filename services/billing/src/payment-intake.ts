import { instant } from '@qiyue/calendar';
import { Clock, Commands, type Caller, type CommandAnswer } from '@qiyue/service-kit';
import { Injectable } from '@nestjs/common';
import { BillingConfig, methodsOf } from './config';
import { payment, type PaymentTelling } from './domain/payment';
import { accountOf, receivable } from './domain/receivable';

/** Takes in what the gateway says about money that has arrived, whoever carries it here. */
@Injectable()
export class PaymentIntake {
  constructor(
    private readonly commands: Commands,
    private readonly clock: Clock,
    private readonly config: BillingConfig,
  ) {}

  /**
   * First the payment itself is noted, which settles what it says and for which receivable; then the receivable decides what becomes of it.
   * Should the process end in between, the reaction to the note carries on.
   */
  async take(said: Omit<PaymentTelling, 'accountId'>, who: Caller): Promise<CommandAnswer> {
    // Anyone writes an instant in their own way; told twice it must still be the same.
    const telling = { ...said, paidAt: instant(said.paidAt) };
    const { state } = await this.commands.load(receivable, said.receivableId);
    await this.commands.execute(payment, 'tell', said.paymentId, { ...telling, accountId: accountOf(state) }, {}, who);
    return this.commands.execute(
      receivable,
      'receivePayment',
      said.receivableId,
      telling,
      { now: this.clock.now(), methods: methodsOf(this.config) },
      who,
    );
  }
}
