import { examplesOf, under } from '@qiyue/decider';
import { caseEvents as e, caseStream } from './case';

export const matter = {
  caseId: 'payment-held.p-1',
  kind: 'payment-held',
  accountId: '0b7f6f0e-6f0c-5d0e-9a51-4f1f0c7a1a01',
  about: 'p-1',
  aboutClause: '2.2.2',
} as const;
const at = '2026-03-02T01:00:00.000Z';
const now = '2026-03-03T01:00:00.000Z';

export const anOpenCase = [under('2.2.2', e.CaseOpened({ ...matter, openedAt: at }))];
export const aClosedCase = [
  ...anOpenCase,
  under('2.2.2', e.CaseClosed({ caseId: matter.caseId, accountId: matter.accountId, outcome: 'payment-returned', closedAt: at })),
];

export const caseExamples = examplesOf(caseStream, {
  histories: { none: [], open: anOpenCase, closed: aClosedCase },
  commands: {
    open: [matter, { now }],
    note: [{ text: 'called the payer' }, { now, by: 'officer-1', noteId: 'n-1' }],
    close: [{ outcome: 'payment-released' }, { now }],
  },
  refusals: {
    note: { on: 'open', faults: { 'case-unknown': { history: 'none' }, 'case-closed': { history: 'closed' } } },
    close: { on: 'open', faults: { 'case-unknown': { history: 'none' } } },
  },
});
