import { Body, Controller, Post } from '@nestjs/common';
import { Answers, Clock, Commands, For, Who, type Caller, type CommandAnswer } from '@qiyue/service-kit';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsInt,
  IsString,
  Length,
  Matches,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { currenciesOf, OrderConfig } from '../config';
import { pricelist } from '../domain/price-list';

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
    return this.commands.execute(
      pricelist,
      'publish',
      body.version,
      body,
      { now: this.clock.now(), currencies: currenciesOf(this.config) },
      who,
    );
  }
}
