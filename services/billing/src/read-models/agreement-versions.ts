import { policyParameterDefinitions } from '@qiyue/agreement';
import { complianceFacts } from '@qiyue/contracts';
import { readModel } from '@qiyue/projections';
import type { Rows } from '@qiyue/service-kit';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A published version of the agreement, as far as bills need it. Has no query: compliance answers those. */
@Entity('agreement_versions')
export class AgreementVersion {
  @PrimaryColumn('text') agreementVersion!: string;
  @Column('text') effectiveAt!: string;
  @Column('text') publishedAt!: string;
  @Column('integer') graceDays!: number;
}

export const agreementVersions = readModel(AgreementVersion, {
  version: 1,
  facts: [complianceFacts.AgreementVersionPublished],
  key: ({ data }) => data.agreementVersion,
  on: {
    AgreementVersionPublished: (_row, { agreementVersion, effectiveAt, publishedAt, parameters }) => ({
      agreementVersion,
      effectiveAt,
      publishedAt,
      graceDays: parameters['billGraceDays'] ?? policyParameterDefinitions.billGraceDays.default,
    }),
  },
});

/** The version that took effect last, if any has by now. */
export const termsInForce = async (
  rows: Rows,
  now: string,
): Promise<Pick<AgreementVersion, 'agreementVersion' | 'graceDays'> | undefined> => {
  const [latest] = await rows.sql<AgreementVersion>(
    'SELECT "agreementVersion", "graceDays" FROM agreement_versions WHERE "effectiveAt" <= $1 ORDER BY "effectiveAt" DESC, "publishedAt" DESC LIMIT 1',
    [now],
  );
  return latest;
};
