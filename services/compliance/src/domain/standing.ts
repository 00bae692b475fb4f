import type { ClauseId } from '@qiyue/agreement';
import type { Instant } from '@qiyue/calendar';
import { At, complianceFacts, complianceRejections, Id, SuspensionCause } from '@qiyue/contracts';
import { events, internal, Personal, publishedAs, stream, Type, under, type EventOf, type Static } from '@qiyue/decider';

// ---- events -----------------------------------------------------------------------------------------------------

/** Why and on what grounds, in the officer's words. */
const Grounds = { reason: Personal(), evidence: Type.Optional(Personal()) };

/** Names and shapes are the storage format: add, never edit. */
export const standingEvents = events({
  AccountSuspended: publishedAs(
    complianceFacts.AccountSuspended,
    Type.Object({ accountId: Id, cause: SuspensionCause, ...Grounds, suspendedAt: At }),
    ({ accountId, cause, suspendedAt }) => ({ accountId, cause, suspendedAt }),
  ),
  SuspensionCauseAdded: internal(
    'the account is suspended already; one more cause changes nothing for others',
    Type.Object({ accountId: Id, cause: SuspensionCause, ...Grounds, addedAt: At }),
  ),
  SuspensionCauseLifted: internal(
    'other causes still hold, so nothing changes for others',
    Type.Object({ accountId: Id, cause: SuspensionCause, reason: Personal(), liftedAt: At }),
  ),
  AccountReinstated: publishedAs(
    complianceFacts.AccountReinstated,
    Type.Object({ accountId: Id, reason: Personal(), reinstatedAt: At }),
    ({ accountId, reinstatedAt }) => ({ accountId, reinstatedAt }),
  ),
  PaymentDefaultNoted: internal('the suspension it leads to is told', Type.Object({ accountId: Id, receivableId: Id, notedAt: At }), {
    clause: '8.2.3',
  }),
  PaymentDefaultCured: internal('the reinstatement it leads to is told', Type.Object({ accountId: Id, receivableId: Id, curedAt: At }), {
    clause: '8.2.3',
  }),
});

// ---- state ------------------------------------------------------------------------------------------------------

type Cause = Static<typeof SuspensionCause>;

interface Known {
  /** Bills that are overdue past their grace period. */
  readonly defaults: readonly string[];
}

/** Everybody stands in good standing until something happens. */
export type Standing =
  (Known & { readonly status: 'good' }) | (Known & { readonly status: 'suspended'; readonly causes: readonly Cause[] });

const without = <T>(list: readonly T[], item: T): readonly T[] => list.filter((one) => one !== item);

const evolve = (standing: Standing, { type, data }: EventOf<typeof standingEvents>): Standing => {
  switch (type) {
    case 'AccountSuspended':
      return { status: 'suspended', causes: [data.cause], defaults: standing.defaults };
    case 'SuspensionCauseAdded':
      return standing.status === 'suspended' ? { ...standing, causes: [...standing.causes, data.cause] } : standing;
    case 'SuspensionCauseLifted':
      return standing.status === 'suspended' ? { ...standing, causes: without(standing.causes, data.cause) } : standing;
    case 'AccountReinstated':
      return { status: 'good', defaults: standing.defaults };
    case 'PaymentDefaultNoted':
      return { ...standing, defaults: [...standing.defaults, data.receivableId] };
    case 'PaymentDefaultCured':
      return { ...standing, defaults: without(standing.defaults, data.receivableId) };
  }
};

// ---- decisions --------------------------------------------------------------------------------------------------

const { reject } = complianceRejections;

interface Facts {
  readonly now: Instant;
  readonly accountId: string;
  /** Whether identity has told of such an account. */
  readonly known: boolean;
}

interface Suspension {
  readonly cause: Cause;
  readonly reason: string;
  readonly evidence?: string | undefined;
}

const suspended = (
  standing: Standing,
  { cause, reason, evidence }: Suspension,
  { now, accountId }: { now: Instant; accountId: string },
) => {
  const grounds = { accountId, cause, reason, ...(evidence === undefined ? {} : { evidence }) };
  if (standing.status === 'good') return [under(cause, standingEvents.AccountSuspended({ ...grounds, suspendedAt: now }))];
  return standing.causes.includes(cause) ? [] : [under(cause, standingEvents.SuspensionCauseAdded({ ...grounds, addedAt: now }))];
};

const lifted = (standing: Standing, cause: Cause, reason: string, { now, accountId }: { now: Instant; accountId: string }) => {
  if (standing.status === 'good' || !standing.causes.includes(cause)) return [];
  return standing.causes.length === 1
    ? [under(cause satisfies ClauseId, standingEvents.AccountReinstated({ accountId, reason, reinstatedAt: now }))]
    : [under(cause, standingEvents.SuspensionCauseLifted({ accountId, cause, reason, liftedAt: now }))];
};

/** 8.2.1, 8.2.2, 8.2.3, 8.2.4, 8.2.5, 8.2.6, 8.2.7, 8.2.8: what was owed stays owed; nothing here touches money. */
const suspend = (standing: Standing, command: Suspension, facts: Facts) =>
  facts.known ? suspended(standing, command, facts) : reject('account-unknown');

const reinstate = (standing: Standing, { reason }: { reason: string }, { now, accountId, known }: Facts) => {
  if (!known) return reject('account-unknown');
  return standing.status === 'good'
    ? reject('account-not-suspended')
    : [standingEvents.AccountReinstated({ accountId, reason, reinstatedAt: now })];
};

/** 8.2.3: a bill overdue past its grace period suspends by itself. */
const notePaymentDefault = (standing: Standing, { receivableId }: { receivableId: string }, facts: { now: Instant; accountId: string }) => {
  if (standing.defaults.includes(receivableId)) return [];
  const { now, accountId } = facts;
  return [
    standingEvents.PaymentDefaultNoted({ accountId, receivableId, notedAt: now }),
    ...suspended(standing, { cause: '8.2.3', reason: 'payment-default' }, facts),
  ];
};

/** 8.2.3: paying the last overdue bill in full lifts that cause, and no other. */
const notePaymentInFull = (standing: Standing, { receivableId }: { receivableId: string }, facts: { now: Instant; accountId: string }) => {
  if (!standing.defaults.includes(receivableId)) return [];
  const { now, accountId } = facts;
  const cured = standingEvents.PaymentDefaultCured({ accountId, receivableId, curedAt: now });
  return standing.defaults.length === 1 ? [cured, ...lifted(standing, '8.2.3', 'paid-in-full', facts)] : [cured];
};

export const standing = stream({
  category: 'standing',
  events: standingEvents,
  initialState: { status: 'good', defaults: [] } as Standing,
  evolve,
  decide: { suspend, reinstate, notePaymentDefault, notePaymentInFull },
});
