// 2.1.2: once an account holder reports an anomaly, every token issued before is refused, by each service as soon as it has heard of it.
import { identityFacts } from '@qiyue/contracts';
import { readModel } from '@qiyue/projections';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Rows } from '../rows';
import type { IssuedClaims } from './tokens';

/** Until when the sessions of an account were ended, if they ever were. */
@Entity('ended_sessions')
export class EndedSessions {
  @PrimaryColumn('text') accountId!: string;
  @Column('text') endedAt!: string;
}

/** What a service has to keep to refuse ended sessions: put it among its read models. Identity keeps the same rows from its own events. */
export const endedSessions = readModel(EndedSessions, {
  version: 1,
  facts: [identityFacts.AnomalyReported],
  key: ({ data }) => data.accountId,
  on: { AnomalyReported: (_row, { accountId, reportedAt }) => ({ accountId, endedAt: reportedAt }) },
});

/** Whether the token belongs to a session that was ended. Tokens know whole seconds only, so one of the very second of the report is refused as well. */
export const hasEnded = async (rows: Rows, { role, sub, issuedAt }: IssuedClaims): Promise<boolean> => {
  if (role !== 'customer') return false;
  const ended = await rows.get(EndedSessions, sub);
  return ended !== undefined && issuedAt <= Math.floor(Date.parse(ended.endedAt) / 1_000);
};
