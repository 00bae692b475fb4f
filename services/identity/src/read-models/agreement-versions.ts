import { complianceFacts } from '@qiyue/contracts';
import { readModel } from '@qiyue/projections';
import type { Rows } from '@qiyue/service-kit';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { VersionInForce } from '../domain/policies/acceptance';

/** A published version of the agreement, as far as acceptance needs it. Has no query: compliance answers those. */
@Entity('agreement_versions')
export class AgreementVersion {
  @PrimaryColumn('text') agreementVersion!: string;
  @Column('text') documentHash!: string;
  @Column('text') effectiveAt!: string;
  @Column('text') publishedAt!: string;
}

export const agreementVersions = readModel(AgreementVersion, {
  version: 1,
  facts: [complianceFacts.AgreementVersionPublished],
  key: ({ data }) => data.agreementVersion,
  on: {
    AgreementVersionPublished: (_row, { agreementVersion, documentHash, effectiveAt, publishedAt }) => ({
      agreementVersion,
      documentHash,
      effectiveAt,
      publishedAt,
    }),
  },
});

/** The version that took effect last, if any has by now. */
export const versionInForce = async (rows: Rows, now: string): Promise<VersionInForce | undefined> => {
  const [latest] = await rows.sql<AgreementVersion>(
    'SELECT "agreementVersion", "documentHash" FROM agreement_versions WHERE "effectiveAt" <= $1 ORDER BY "effectiveAt" DESC, "publishedAt" DESC LIMIT 1',
    [now],
  );
  return latest;
};
