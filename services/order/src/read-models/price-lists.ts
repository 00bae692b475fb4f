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

const IN_FORCE = 'in-force';

/** The list published last: its prices hold for orders submitted from then on. One row, replaced in the order of publication, which instants alone would not tell. */
@Entity('price_list_in_force')
export class InForceRow {
  @PrimaryColumn('text') slot!: string;
  @Column('text') priceListVersion!: string;
  @Column('text') currency!: string;
  @Column('jsonb') products!: readonly Product[];
  @Column('text') publishedAt!: string;
}

export const priceListsInForce = readModel(InForceRow, {
  version: 1,
  own: [pricelist],
  key: () => IN_FORCE,
  on: {
    PriceListPublished: (_row, { priceListVersion, currency, products, publishedAt }) => ({
      slot: IN_FORCE,
      priceListVersion,
      currency,
      products,
      publishedAt,
    }),
  },
});

/** The prices to order at, if any have been published. */
export const priceListInForce = async (rows: Rows): Promise<PriceListRow | undefined> => {
  const found = await rows.get(InForceRow, IN_FORCE);
  if (found === undefined) return undefined;
  const { slot: _slot, ...list } = found;
  return list;
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
