import { Body, Controller, Post } from '@nestjs/common';
import { instant } from '@qiyue/calendar';
import { FORGOTTEN } from '@qiyue/decider';
import { Answers, Clock, Commands, For, kitProblem, newId, Rows, Who, type Caller, type CommandAnswer } from '@qiyue/service-kit';
import { IsInt, IsISO8601, IsString, Length, Matches, Max, Min } from 'class-validator';
import { BillingConfig, currenciesOf, methodsOf } from '../config';
import { receivable } from '../domain/receivable';
import { termsInForce } from '../read-models/agreement-versions';
import { PayerName } from '../read-models/payer-names';

class OpenBillBody {
  @Matches(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/)
  accountId!: string;

  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  amountMinor!: number;

  @Matches(/^[A-Z]{3}$/)
  currency!: string;

  /** What it is for, as the account will read it. */
  @IsString()
  @Length(1, 500)
  description!: string;

  /** With its offset. */
  @IsISO8601({ strict: true, strictSeparator: true })
  @Matches(/(Z|[+-]\d\d:\d\d)$/)
  dueBy!: string;
}

/** `POST /billing/bills`: an account owes for what it used. A suspended account owes all the same (8.2). */
@Controller('bills')
export class OpenBill {
  constructor(
    private readonly commands: Commands,
    private readonly clock: Clock,
    private readonly rows: Rows,
    private readonly config: BillingConfig,
  ) {}

  @Post()
  @For('finance')
  @Answers(receivable, 'bill', 'receivable-exists', 'account-not-verified', 'no-agreement-in-force', 'due-date-in-past')
  async post(@Body() { dueBy, ...body }: OpenBillBody, @Who() who: Caller): Promise<CommandAnswer> {
    if (!currenciesOf(this.config).includes(body.currency))
      throw kitProblem('invalid', { errors: [{ pointer: '/currency', detail: 'is not a currency that bills are in' }] });
    const now = this.clock.now();
    const receivableId = newId(who, 'bill');
    const [payerName, agreement] = [await this.payerName(body.accountId, who), await termsInForce(this.rows, now)];
    const facts = {
      now,
      methods: methodsOf(this.config),
      ...(payerName === undefined ? {} : { payerName }),
      ...(agreement === undefined ? {} : { agreement }),
    };
    return this.commands.execute(receivable, 'bill', receivableId, { receivableId, dueBy: instant(dueBy), ...body }, facts, who);
  }

  /** The verified name goes into the bill, not to the caller; it is noted as read by them all the same. */
  private async payerName(accountId: string, who: Caller): Promise<string | undefined> {
    const row = await this.rows.get(PayerName, accountId);
    if (row === undefined) return undefined;
    const { payerName } = await this.rows.reveal(row, who, [who.role]);
    return payerName === FORGOTTEN ? undefined : payerName;
  }
}
