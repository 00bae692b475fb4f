import { instant } from '@qiyue/calendar';
import { Body, Controller, Post } from '@nestjs/common';
import { Answers, Clock, Commands, For, Who, type Caller, type CommandAnswer } from '@qiyue/service-kit';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsInt,
  IsISO8601,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { currenciesOf, OrderConfig } from '../config';
import type { Product } from '../domain/policies/price-offer';
import { pricelist } from '../domain/price-list';

class RenewalOfferBody {
  /** Holds for subscriptions in unbroken use since before this instant; with its offset. */
  @IsISO8601({ strict: true, strictSeparator: true })
  @Matches(/T.*(Z|[+-]\d\d:\d\d)$/)
  firstActivatedBefore!: string;

  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  unitPriceMinor!: number;
}

class ProductBody {
  @Matches(/^[A-Za-z0-9._:-]{1,128}$/)
  sku!: string;

  @IsString()
  @Length(1, 200)
  name!: string;

  /** Minor units of the list's currency. */
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  unitPriceMinor!: number;

  /** Whether it holds content of third parties (3.3). */
  @IsBoolean()
  thirdPartyContent!: boolean;

  /** Months of use that one purchase buys. */
  @IsInt()
  @Min(1)
  @Max(120)
  termMonths!: number;

  /** Other prices for renewals, by cohort (2.2.4). */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(50)
  @ValidateNested({ each: true })
  @Type(() => RenewalOfferBody)
  renewalOffers?: RenewalOfferBody[];
}

class PublishPriceListBody {
  @Matches(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/)
  version!: string;

  @Matches(/^[A-Z]{3}$/)
  currency!: string;

  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(1_000)
  @ValidateNested({ each: true })
  @Type(() => ProductBody)
  products!: ProductBody[];
}

/** Instants as they are kept, in UTC. */
const productOf = ({ renewalOffers, ...product }: ProductBody): Product => ({
  ...product,
  ...(renewalOffers === undefined
    ? {}
    : {
        renewalOffers: renewalOffers.map(({ firstActivatedBefore, unitPriceMinor }) => ({
          firstActivatedBefore: instant(firstActivatedBefore),
          unitPriceMinor,
        })),
      }),
});

/** `POST /order/price-lists`: publishes prices; they hold for orders submitted from then on and never change (2.2.4). */
@Controller('price-lists')
export class PublishPriceList {
  constructor(
    private readonly commands: Commands,
    private readonly clock: Clock,
    private readonly config: OrderConfig,
  ) {}

  @Post()
  @For('operator')
  @Answers(pricelist, 'publish', 'currency-not-supported', 'product-listed-twice', 'price-list-exists')
  post(@Body() body: PublishPriceListBody, @Who() who: Caller): Promise<CommandAnswer> {
    const command = { ...body, products: body.products.map(productOf) };
    return this.commands.execute(
      pricelist,
      'publish',
      body.version,
      command,
      { now: this.clock.now(), currencies: currenciesOf(this.config) },
      who,
    );
  }
}
