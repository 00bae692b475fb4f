import { isBefore, type Instant } from '@qiyue/calendar';
import { At, Id, identityRejections } from '@qiyue/contracts';
import { events, internal, stream, Type, type EventOf } from '@qiyue/decider';
import { lockedUntil, recentFailures, type LogInFailure } from './policies/lock-out';

// ---- events -----------------------------------------------------------------------------------------------------

/** Names and shapes are the storage format: add, never edit. */
export const staffEvents = events({
  StaffLoggedIn: internal('a record for auditors, not a fact of the business', Type.Object({ name: Id, sessionId: Id, loggedInAt: At }), {
    clause: '3.2',
  }),
  StaffLogInFailed: internal("a wrong password is nobody else's business", Type.Object({ name: Id, attemptId: Id, failedAt: At }), {
    clause: '3.2',
  }),
});

// ---- state ------------------------------------------------------------------------------------------------------

export interface StaffMember {
  readonly status: 'known';
  readonly lastSessionId?: string;
  readonly failures: readonly LogInFailure[];
}

const evolve = (member: StaffMember, { type, data }: EventOf<typeof staffEvents>): StaffMember =>
  type === 'StaffLoggedIn'
    ? { ...member, lastSessionId: data.sessionId, failures: [] }
    : { ...member, failures: recentFailures([...member.failures, { attemptId: data.attemptId, at: data.failedAt }]) };

// ---- decisions --------------------------------------------------------------------------------------------------

const { reject } = identityRejections;

interface LogInFacts {
  readonly now: Instant;
  readonly passwordMatches: boolean;
  /** Becomes the session's id when the password is right. */
  readonly attemptId: string;
}

/** 3.2: staff are locked out like everybody else, and what they may read is more. Asked only about names that are configured. */
const logIn = (member: StaffMember, { name }: { name: string }, { now, passwordMatches, attemptId }: LogInFacts) => {
  if (member.lastSessionId === attemptId || member.failures.some((failure) => failure.attemptId === attemptId)) return [];
  const until = lockedUntil(member.failures);
  if (until !== undefined && isBefore(now, until)) return reject('locked-out', { lockedUntil: until });
  return [
    passwordMatches
      ? staffEvents.StaffLoggedIn({ name, sessionId: attemptId, loggedInAt: now })
      : staffEvents.StaffLogInFailed({ name, attemptId, failedAt: now }),
  ];
};

export const staff = stream({
  category: 'staff',
  events: staffEvents,
  initialState: { status: 'known', failures: [] } as StaffMember,
  evolve,
  decide: { logIn },
});
