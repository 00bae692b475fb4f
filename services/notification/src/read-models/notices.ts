import { Controller, Get, Param, Query } from '@nestjs/common';
import { readModel } from '@qiyue/projections';
import { For, Page, Public, Rows, Who, type Caller, type PageOf } from '@qiyue/service-kit';
import { IsIn, IsOptional, IsString } from 'class-validator';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { everyone, notice } from '../domain/notice';

/** A notice as its reader finds it, with what is known of its delivery. */
@Entity('notices')
@Index(['accountId', 'composedAt'])
export class NoticeRow {
  @PrimaryColumn('text') noticeId!: string;
  @Column('text') accountId!: string;
  @Column('text') template!: string;
  /** The stream the notice is about. */
  @Column('text') about!: string;
  @Column('text', { nullable: true }) clause!: string | null;
  @Column('text') locale!: string;
  @Column('text') title!: string;
  @Column('text') body!: string;
  @Column('jsonb') channels!: readonly string[];
  @Column('jsonb') bounced!: readonly string[];
  /** When the e-mail is tried again, after no mail server took it. */
  @Column('text', { nullable: true }) emailRetryAt!: string | null;
  @Column('text') composedAt!: string;
  /** From when on it counts as delivered (7.1). */
  @Column('text', { nullable: true }) deemedDeliveredAt!: string | null;
}

export const notices = readModel(NoticeRow, {
  version: 2,
  own: [notice],
  on: {
    NoticeComposed: (_row, { noticeId, accountId, template, about, aboutClause = null, locale, title, body, composedAt }) => ({
      noticeId,
      accountId,
      template,
      about,
      clause: aboutClause,
      locale,
      title,
      body,
      channels: [],
      bounced: [],
      emailRetryAt: null,
      composedAt,
      deemedDeliveredAt: null,
    }),
    NoticeSent: (row, { channels, deemedDeliveredAt }) =>
      row && { ...row, channels: [...row.channels, ...channels], deemedDeliveredAt, emailRetryAt: null },
    EmailHandedOver: (row) => row && { ...row, channels: [...row.channels, 'e-mail'], emailRetryAt: null },
    EmailDeferred: (row, { retryAt }) => row && { ...row, emailRetryAt: retryAt },
    EmailGivenUp: (row) => row && { ...row, emailRetryAt: null },
    NoticeBounced: (row, { channel }) => row && { ...row, bounced: [...row.bounced, channel], emailRetryAt: null },
  },
});

class NoticePage extends Page {
  /** Whose notices; staff only, customers read their own. */
  @IsOptional()
  @IsString()
  accountId?: string;
}

class AnnouncementPage extends Page {
  /** Announcements in one language; in both unless told. */
  @IsOptional()
  @IsIn(['zh', 'en'])
  locale?: 'zh' | 'en';
}

/** `GET /notification/notices`, `GET /notification/notices/:noticeId`, `GET /notification/announcements`. */
@Controller()
export class NoticesQuery {
  constructor(private readonly rows: Rows) {}

  @Get('notices')
  @For('customer', 'officer', 'auditor')
  list(@Query() { limit, after, accountId }: NoticePage, @Who() who: Caller): Promise<PageOf<NoticeRow>> {
    const reader = who.role === 'customer' ? who.accountId : accountId;
    return this.rows.list(NoticeRow, { where: reader === undefined ? {} : { accountId: reader }, order: '-composedAt', limit, after });
  }

  @Get('notices/:noticeId')
  @For('customer', 'officer', 'auditor')
  one(@Param('noticeId') noticeId: string, @Who() who: Caller): Promise<NoticeRow> {
    return this.rows.one(NoticeRow, noticeId, who);
  }

  @Get('announcements')
  @Public()
  announcements(@Query() { limit, after, locale }: AnnouncementPage): Promise<PageOf<NoticeRow>> {
    return this.rows.list(NoticeRow, {
      where: { accountId: everyone, ...(locale === undefined ? {} : { locale }) },
      order: '-composedAt',
      limit,
      after,
    });
  }
}
