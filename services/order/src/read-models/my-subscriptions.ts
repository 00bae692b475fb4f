import { Controller, Get, Param, Query } from '@nestjs/common';
import { readModel } from '@qiyue/projections';
import { For, Page, Returns, Rows, Who, type Caller, type PageOf } from '@qiyue/service-kit';
import { IsIn, IsOptional, Matches } from 'class-validator';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { SubscribedItem } from '../domain/policies/subscription-term';
import { subscription } from '../domain/subscription';
import { whose } from './whose';

/** What an order activated (2.2.4). An item is in use before its own `expiresAt`. */
@Entity('my_subscriptions')
@Index(['accountId', 'status'])
export class MySubscription {
  @PrimaryColumn('text') subscriptionId!: string;
  @Column('text') orderId!: string;
  @Column('text') accountId!: string;
  @Column('text') status!: 'active' | 'ended';
  @Column('jsonb') items!: readonly SubscribedItem[];
  /** Null when the order was refunded before anything was activated. */
  @Column('text', { nullable: true }) activatedAt!: string | null;
  @Column('text', { nullable: true }) expiresAt!: string | null;
  /** Since when use is unbroken, renewals included. */
  @Column('text', { nullable: true }) firstActivatedAt!: string | null;
  /** The subscription that it renews. */
  @Column('text', { nullable: true }) renews!: string | null;
  @Column('text', { nullable: true }) endedAt!: string | null;
  @Column('text', { nullable: true }) endedBecause!: 'expired' | 'refunded' | null;
}

export const mySubscriptions = readModel(MySubscription, {
  version: 1,
  own: [subscription],
  on: {
    SubscriptionActivated: (_row, { renews, ...held }): MySubscription => ({
      ...held,
      renews: renews ?? null,
      status: 'active',
      endedAt: null,
      endedBecause: null,
    }),
    SubscriptionEnded: (row, { subscriptionId, orderId, accountId, cause, endedAt }): MySubscription => ({
      ...(row ?? {
        subscriptionId,
        orderId,
        accountId,
        items: [],
        activatedAt: null,
        expiresAt: null,
        firstActivatedAt: null,
        renews: null,
      }),
      status: 'ended',
      endedAt,
      endedBecause: cause,
    }),
  },
});

class SubscriptionPage extends Page {
  /** Staff only; a customer sees their own. */
  @IsOptional()
  @Matches(/^[A-Za-z0-9._:-]{1,128}$/)
  accountId?: string;

  @IsOptional()
  @IsIn(['active', 'ended'])
  status?: 'active' | 'ended';
}

/** `GET /order/subscriptions` and `GET /order/subscriptions/:subscriptionId`. */
@Controller('subscriptions')
export class MySubscriptionsQuery {
  constructor(private readonly rows: Rows) {}

  @Get()
  @For('customer', 'finance', 'officer', 'auditor', 'operator')
  @Returns(MySubscription, { list: true })
  list(@Query() { accountId, status, limit, after }: SubscriptionPage, @Who() who: Caller): Promise<PageOf<MySubscription>> {
    return this.rows.list(MySubscription, {
      where: { ...whose(who, accountId), ...(status === undefined ? {} : { status }) },
      limit,
      after,
    });
  }

  @Get(':subscriptionId')
  @For('customer', 'finance', 'officer', 'auditor', 'operator')
  @Returns(MySubscription)
  one(@Param('subscriptionId') subscriptionId: string, @Who() who: Caller): Promise<MySubscription> {
    return this.rows.one(MySubscription, subscriptionId, who);
  }
}
