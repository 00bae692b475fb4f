import type { AgreementDocument, AgreementNode } from '@qiyue/agreement';
import { Controller, Get, Param, Query } from '@nestjs/common';
import { readModel } from '@qiyue/projections';
import { Page, Public, Rows, type PageOf } from '@qiyue/service-kit';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { agreement } from '../domain/agreement';

/** A published version: what anybody may read before accepting it. */
@Entity('agreement_versions')
export class AgreementVersion {
  @PrimaryColumn('text') agreementVersion!: string;
  @Column('text') documentHash!: string;
  @Column('text') effectiveAt!: string;
  @Column('text') publishedAt!: string;
  @Column('jsonb') parameters!: Readonly<Record<string, number>>;
  @Column('jsonb') changes!: readonly { readonly clause: string; readonly change: string }[];
  @Column('text') title!: string;
  @Column('jsonb') sections!: readonly AgreementNode[];
  @Column('jsonb') anomalies!: AgreementDocument['anomalies'];
}

export const agreementVersions = readModel(AgreementVersion, {
  version: 1,
  own: [agreement],
  key: ({ data }) => data.agreementVersion,
  on: {
    AgreementVersionPublished: (_row, { agreementVersion, documentHash, effectiveAt, publishedAt, parameters, changes, document }) => ({
      agreementVersion,
      documentHash,
      effectiveAt,
      publishedAt,
      parameters,
      changes,
      title: document.title,
      sections: document.sections,
      anomalies: document.anomalies,
    }),
  },
});

/** `GET /compliance/agreements` (without the words) and `GET /compliance/agreements/:agreementVersion`. */
@Controller('agreements')
export class AgreementVersionsQuery {
  constructor(private readonly rows: Rows) {}

  @Get()
  @Public()
  async list(@Query() { limit, after }: Page): Promise<PageOf<Omit<AgreementVersion, 'sections'>>> {
    const page = await this.rows.list(AgreementVersion, { order: '-effectiveAt', limit, after });
    return { ...page, items: page.items.map(({ sections: _sections, ...version }) => version) };
  }

  @Get(':agreementVersion')
  @Public()
  one(@Param('agreementVersion') agreementVersion: string): Promise<AgreementVersion> {
    return this.rows.one(AgreementVersion, agreementVersion);
  }
}
