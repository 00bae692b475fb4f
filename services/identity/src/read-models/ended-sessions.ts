import { readModel } from '@qiyue/projections';
import { EndedSessions } from '@qiyue/service-kit';
import { account } from '../domain/account';

/** 2.1.2: what the kit refuses tokens by; other services keep the same rows from the fact. Has no query. */
export const endedSessions = readModel(EndedSessions, {
  version: 1,
  own: [account],
  on: { AnomalyReported: (_row, { accountId, reportedAt }) => ({ accountId, endedAt: reportedAt }) },
});
