import type { Instant } from '@qiyue/calendar';
import { At, complianceFacts, complianceRejections, Id } from '@qiyue/contracts';
import { events, internal, Personal, published, stream, Type, under, type EventOf, type Static } from '@qiyue/decider';

// ---- events -----------------------------------------------------------------------------------------------------

/** Names and shapes are the storage format: add, never edit. */
export const caseEvents = events({
  CaseOpened: published(complianceFacts.CaseOpened),
  CaseNoted: internal(
    'what officers write in a case stays there',
    Type.Object({ caseId: Id, accountId: Id, noteId: Id, note: Personal(), by: Id, notedAt: At }),
  ),
  CaseClosed: published(complianceFacts.CaseClosed),
});

// ---- state ------------------------------------------------------------------------------------------------------

export type Case =
  | { readonly status: 'none' }
  | {
      readonly status: 'open' | 'closed';
      readonly caseId: string;
      readonly accountId: string;
      readonly clause: string;
      readonly noteIds: readonly string[];
    };

const evolve = (matter: Case, { type, data }: EventOf<typeof caseEvents>): Case => {
  if (type === 'CaseOpened')
    return { status: 'open', caseId: data.caseId, accountId: data.accountId, clause: data.aboutClause, noteIds: [] };
  if (matter.status === 'none') return matter;
  return type === 'CaseNoted' ? { ...matter, noteIds: [...matter.noteIds, data.noteId] } : { ...matter, status: 'closed' };
};

// ---- decisions --------------------------------------------------------------------------------------------------

const { reject } = complianceRejections;

type Matter = Omit<Static<typeof complianceFacts.CaseOpened.schema>, 'openedAt'>;

const open = (matter: Case, command: Matter, { now }: { now: Instant }) =>
  matter.status === 'none' ? [under(command.aboutClause, caseEvents.CaseOpened({ ...command, openedAt: now }))] : [];

const note = (matter: Case, { text }: { text: string }, { now, by, noteId }: { now: Instant; by: string; noteId: string }) => {
  if (matter.status === 'none') return reject('case-unknown');
  if (matter.noteIds.includes(noteId)) return [];
  if (matter.status === 'closed') return reject('case-closed');
  return [
    under(
      matter.clause,
      caseEvents.CaseNoted({ caseId: matter.caseId, accountId: matter.accountId, noteId, note: text, by, notedAt: now }),
    ),
  ];
};

const close = (matter: Case, { outcome }: { outcome: string }, { now }: { now: Instant }) => {
  if (matter.status === 'none') return reject('case-unknown');
  return matter.status === 'closed'
    ? []
    : [under(matter.clause, caseEvents.CaseClosed({ caseId: matter.caseId, accountId: matter.accountId, outcome, closedAt: now }))];
};

export const caseStream = stream({
  category: 'case',
  events: caseEvents,
  initialState: { status: 'none' } as Case,
  evolve,
  decide: { open, note, close },
});
