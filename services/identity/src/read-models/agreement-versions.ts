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
  /** Place in the agreement's stream: of two versions that take effect at one instant the one published later counts. */
  @Column('integer') place!: number;
}

export const agreementVersions = readModel(AgreementVersion, {
  version: 2,
  facts: [complianceFacts.AgreementVersionPublished],
  key: ({ data }) => data.agreementVersion,
  on: {
    AgreementVersionPublished: (_row, { agreementVersion, documentHash, effectiveAt }, { revision }) => ({
      agreementVersion,
      documentHash,
      effectiveAt,
      place: Number(revision),
    }),
  },
});

/** The version that took effect last, if any has by now. */
export const versionInForce = async (rows: Rows, now: string): Promise<VersionInForce | undefined> => {
  const [latest] = await rows.sql<AgreementVersion>(
    'SELECT "agreementVersion", "documentHash" FROM agreement_versions WHERE "effectiveAt" <= $1 ORDER BY "effectiveAt" DESC, place DESC LIMIT 1',
    [now],
  );
  return latest;
};

/** Whether such a version has been published, in force or not. */
export const isPublished = async (rows: Rows, agreementVersion: string): Promise<boolean> =>
  (await rows.get(AgreementVersion, agreementVersion)) !== undefined;
