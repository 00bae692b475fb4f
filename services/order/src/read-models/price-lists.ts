import { Controller, Get, Param, Query } from '@nestjs/common';
import { readModel } from '@qiyue/projections';
import { kitProblem, Page, Public, Returns, Rows, type PageOf } from '@qiyue/service-kit';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Product } from '../domain/policies/price-offer';
import { pricelist } from '../domain/price-list';

/** A published price list (2.2.4). */
@Entity('price_lists')
export class PriceListRow {
  @PrimaryColumn('text') priceListVersion!: string;
  @Column('text') currency!: string;
  @Column('jsonb') products!: readonly Product[];
  @Column('text') publishedAt!: string;
}

export const priceLists = readModel(PriceListRow, {
  version: 1,
  own: [pricelist],
  on: {
    PriceListPublished: (_row, { priceListVersion, currency, products, publishedAt }) => ({
      priceListVersion,
      currency,
      products,
      publishedAt,
    }),
  },
});

/** The list published last: its prices hold for orders submitted from then on. */
export const priceListInForce = async (rows: Rows): Promise<PriceListRow | undefined> => {
  const { items } = await rows.list(PriceListRow, { order: '-publishedAt', limit: 1 });
  return items[0];
};

/** `GET /order/price-lists`, `/order/price-lists/in-force` and `/order/price-lists/:version`: public, as prices are. */
@Controller('price-lists')
export class PriceListsQuery {
  constructor(private readonly rows: Rows) {}

  @Get()
  @Public()
  @Returns(PriceListRow, { list: true })
  list(@Query() { limit, after }: Page): Promise<PageOf<PriceListRow>> {
    return this.rows.list(PriceListRow, { order: '-publishedAt', limit, after });
  }

  @Get('in-force')
  @Public()
  @Returns(PriceListRow)
  async inForce(): Promise<PriceListRow> {
    const found = await priceListInForce(this.rows);
    if (found === undefined) throw kitProblem('not-found');
    return found;
  }

  @Get(':version')
  @Public()
  @Returns(PriceListRow)
  one(@Param('version') version: string): Promise<PriceListRow> {
    return this.rows.one(PriceListRow, version);
  }
}
