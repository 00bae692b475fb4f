import { policyParameterDefinitions } from '@qiyue/agreement';
import { complianceFacts } from '@qiyue/contracts';
import { readModel } from '@qiyue/projections';
import type { Rows } from '@qiyue/service-kit';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { AgreementInForce } from '../domain/policies/account-standing';

/** A published version of the agreement, as far as orders need it. Has no query: compliance answers those. */
@Entity('agreement_versions')
export class AgreementVersion {
  @PrimaryColumn('text') agreementVersion!: string;
  @Column('text') effectiveAt!: string;
  /** Place in the agreement's stream: of two versions that take effect at one instant the one published later counts. */
  @Column('integer') place!: number;
  @Column('integer') paymentTermDays!: number;
  @Column('integer') refundWindowWorkingDays!: number;
  @Column('integer') invoiceTermWorkingDays!: number;
}

const numbers = ['paymentTermDays', 'refundWindowWorkingDays', 'invoiceTermWorkingDays'] as const;

/** The numbers an order is taken under; one the version does not state is the registry's. */
const numbersOf = (parameters: Readonly<Record<string, number>>) =>
  Object.fromEntries(numbers.map((name) => [name, parameters[name] ?? policyParameterDefinitions[name].default])) as Record<
    (typeof numbers)[number],
    number
  >;

export const agreementVersions = readModel(AgreementVersion, {
  version: 1,
  facts: [complianceFacts.AgreementVersionPublished],
  key: ({ data }) => data.agreementVersion,
  on: {
    AgreementVersionPublished: (_row, { agreementVersion, effectiveAt, parameters }, { revision }) => ({
      agreementVersion,
      effectiveAt,
      place: Number(revision),
      ...numbersOf(parameters),
    }),
  },
});

/** Those published but not yet in force. */
const announcedAmong = (versions: readonly AgreementVersion[], now: string): readonly string[] =>
  versions
    .filter(({ effectiveAt }) => effectiveAt > now)
    .map(({ agreementVersion }) => agreementVersion)
    .sort();

/** Versions that are published but not yet in force. */
export const announcedVersions = async (rows: Rows, now: string): Promise<readonly string[]> =>
  announcedAmong(await rows.all(AgreementVersion), now);

const isLater = (one: AgreementVersion, other: AgreementVersion): boolean =>
  one.effectiveAt === other.effectiveAt ? one.place > other.place : one.effectiveAt > other.effectiveAt;

/** The version that took effect last, if any has by now. */
export const agreementInForce = async (rows: Rows, now: string): Promise<AgreementInForce | undefined> => {
  const versions = await rows.all(AgreementVersion);
  const effective = versions.filter(({ effectiveAt }) => effectiveAt <= now);
  if (effective.length === 0) return undefined;
  const latest = effective.reduce((best, one) => (isLater(one, best) ? one : best));
  const { agreementVersion: version, paymentTermDays, refundWindowWorkingDays, invoiceTermWorkingDays } = latest;
  return { version, paymentTermDays, refundWindowWorkingDays, invoiceTermWorkingDays, announced: announcedAmong(versions, now) };
};
