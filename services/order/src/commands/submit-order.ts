import { Body, Controller, Post } from '@nestjs/common';
import { Answers, Clock, Commands, Example, For, kitProblem, newId, Rows, Who, type Caller, type CommandAnswer } from '@qiyue/service-kit';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsDefined,
  IsIn,
  IsInt,
  IsOptional,
  isEmail,
  IsString,
  Length,
  Matches,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { authorisationsOf, dealer } from '../domain/dealer';
import { order, type SubmitFacts } from '../domain/order';
import { renewable, subscription } from '../domain/subscription';
import { offered, voucher } from '../domain/voucher';
import { AccountStanding, knownAccount } from '../read-models/account-standing';
import { agreementInForce } from '../read-models/agreement-versions';
import { priceListInForce } from '../read-models/price-lists';

class LineBody {
  @Matches(/^[A-Za-z0-9._:-]{1,128}$/)
  sku!: string;

  @IsInt()
  @Min(1)
  @Max(1_000_000)
  quantity!: number;
}

class CompanyBody {
  @IsString()
  @Length(1, 200)
  name!: string;

  @IsString()
  @Length(1, 500)
  address!: string;

  /** Person, telephone or e-mail. */
  @IsString()
  @Length(1, 200)
  contact!: string;
}

class InvoiceBody {
  /** Whom the invoice is made out to. */
  @IsString()
  @Length(1, 200)
  title!: string;

  @IsString()
  @Length(1, 64)
  taxId!: string;

  @IsIn(['e-mail', 'post', 'in-site'])
  way!: 'e-mail' | 'post' | 'in-site';

  /** E-mail address, postal address or in-site account, by way. */
  @IsString()
  @Length(1, 500)
  @Example('invoices@example.com')
  address!: string;
}

class SubmitOrderBody {
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @ValidateNested({ each: true })
  @Type(() => LineBody)
  lines!: LineBody[];

  @IsDefined()
  @ValidateNested()
  @Type(() => CompanyBody)
  company!: CompanyBody;

  @IsDefined()
  @ValidateNested()
  @Type(() => InvoiceBody)
  invoice!: InvoiceBody;

  @IsOptional()
  @Matches(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/)
  voucherCode?: string;

  /** The dealer it is bought through; left out when bought directly (2.1.3). */
  @IsOptional()
  @Matches(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/)
  dealerId?: string;

  /** The subscription that it renews (2.2.4); renewal offers of its cohort apply. */
  @IsOptional()
  @Matches(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/)
  renews?: string;
}

/** `POST /order/orders`: orders at the prices and under the agreement in force (2.2.1). */
@Controller('orders')
export class SubmitOrder {
  constructor(
    private readonly commands: Commands,
    private readonly rows: Rows,
    private readonly clock: Clock,
  ) {}

  @Post()
  @For('customer')
  @Answers(
    order,
    'submit',
    'subscription-unknown',
    'no-agreement-in-force',
    'account-not-accepted',
    'account-declined-agreement',
    'account-not-verified',
    'account-suspended',
    'dealer-not-authorised',
    'no-price-list',
    'product-unknown',
    'subscription-not-renewable',
    'amount-too-large',
    'voucher-unusable',
  )
  async post(@Body() body: SubmitOrderBody, @Who() who: Caller): Promise<CommandAnswer> {
    const { accountId } = who;
    if (accountId === undefined) throw kitProblem('forbidden');
    if (body.invoice.way === 'e-mail' && !isEmail(body.invoice.address))
      throw kitProblem('invalid', { errors: [{ pointer: '/invoice/address', detail: 'address must be an email' }] });
    const orderId = newId(who);
    return this.commands.execute(order, 'submit', orderId, { ...body, orderId, accountId }, await this.facts(body, accountId, who), who);
  }

  /** Prices and standing come from read models; voucher, dealer and subscription from their streams, so that what was just given can be used at once. */
  private async facts({ voucherCode, dealerId, renews }: SubmitOrderBody, accountId: string, who: Caller): Promise<SubmitFacts> {
    const now = this.clock.now();
    const [agreement, standing, prices, voucherThere, dealerThere, renewedThere] = await Promise.all([
      agreementInForce(this.rows, now),
      this.rows.get(AccountStanding, accountId),
      priceListInForce(this.rows),
      voucherCode === undefined ? undefined : this.commands.load(voucher, voucherCode),
      dealerId === undefined ? undefined : this.commands.load(dealer, dealerId),
      renews === undefined ? undefined : this.commands.load(subscription, renews),
    ]);
    const offer = voucherThere === undefined ? undefined : offered(voucherThere.state);
    const renewed = renewedThere === undefined ? undefined : renewable(renewedThere.state);
    return {
      now,
      ...(agreement === undefined ? {} : { agreement }),
      ...(standing === undefined ? {} : { account: knownAccount(await this.rows.reveal(standing, who)) }),
      ...(prices === undefined
        ? {}
        : { priceList: { version: prices.priceListVersion, currency: prices.currency, products: prices.products } }),
      ...(offer === undefined ? {} : { voucher: offer }),
      ...(renewed === undefined ? {} : { renewed }),
      ...(dealerThere === undefined ? {} : { dealer: authorisationsOf(dealerThere.state) }),
    };
  }
}
