import { identityFacts } from '@qiyue/contracts';
import { reaction } from '@qiyue/service-kit';
import { caseStream } from '../domain/case';

/** 2.1.2: what an account holder reports needs a person. The holder's words are the first note in the case. */
export const openCaseOnAnomalyReported = reaction({
  name: 'open-case-on-anomaly-reported',
  on: identityFacts.AnomalyReported,
  // An officer can be quicker than a retry.
  mayReject: ['case-closed'],
  run: async (context, { accountId, reportId, description }) => {
    const caseId = `anomaly.${reportId}`;
    await context.execute(caseStream, caseId, 'open', { caseId, kind: 'anomaly', accountId, about: reportId, aboutClause: '2.1.2' });
    await context.execute(caseStream, caseId, 'note', { text: description }, { now: context.now, by: accountId, noteId: reportId });
  },
});
