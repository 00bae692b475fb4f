import { Controller, Get, Param, Query } from '@nestjs/common';
import { readModel, type Item } from '@qiyue/projections';
import { For, Page, Returns, Rows, Who, type Caller, type PageOf } from '@qiyue/service-kit';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { order } from '../domain/order';
import { orderEvents } from '../domain/order-state';
import { MyOrder } from './my-orders';

/** One thing that happened to an order: what, when, by whom and under which clause. Holds no personal data. */
@Entity('order_timeline')
@Index(['orderId', 'place'])
export class TimelineEntry {
  @PrimaryColumn('text') eventId!: string;
  @Column('text') orderId!: string;
  @Column('text') accountId!: string;
  /** Revision of the event in the order's stream. */
  @Column('integer') place!: number;
  @Column('text') type!: string;
  @Column('text') recordedAt!: string;
  @Column('text', { nullable: true }) clause!: string | null;
  @Column('text', { nullable: true }) agreementVersion!: string | null;
  /** Kind of the actor: customer, service and so on. */
  @Column('text', { nullable: true }) by!: string | null;
}

const entry = (
  _row: unknown,
  { orderId, accountId }: { readonly orderId: string; readonly accountId: string },
  item: Item,
): TimelineEntry => ({
  eventId: item.id,
  orderId,
  accountId,
  place: Number(item.revision),
  type: item.type,
  recordedAt: item.recordedAt,
  clause: item.clause ?? null,
  agreementVersion: item.agreementVersion ?? null,
  by: item.actor?.kind ?? null,
});

const everyEvent = Object.fromEntries(Object.keys(orderEvents).map((type) => [type, entry])) as Record<
  keyof typeof orderEvents,
  typeof entry
>;

export const orderTimeline = readModel(TimelineEntry, { version: 1, own: [order], key: ({ id }) => id, on: everyEvent });

/** `GET /order/orders/:orderId/timeline`. */
@Controller('orders/:orderId/timeline')
export class OrderTimelineQuery {
  constructor(private readonly rows: Rows) {}

  @Get()
  @For('customer', 'finance', 'officer', 'auditor', 'operator')
  @Returns(TimelineEntry, { list: true })
  async list(@Param('orderId') orderId: string, @Query() { limit, after }: Page, @Who() who: Caller): Promise<PageOf<TimelineEntry>> {
    await this.rows.one(MyOrder, orderId, who);
    return this.rows.list(TimelineEntry, { where: { orderId }, order: 'place', limit, after });
  }
}
