import { examplesOf } from '@qiyue/decider';
import { staff, staffEvents as e } from './staff';

export const aStaffMember = [e.StaffLoggedIn({ name: 'officer-1', sessionId: 's-0', loggedInAt: '2026-03-02T01:00:00.000Z' })];

export const staffExamples = examplesOf(staff, {
  histories: { known: aStaffMember },
  commands: { logIn: [{ name: 'officer-1' }, { now: '2026-03-02T01:05:00.000Z', passwordMatches: true, attemptId: 's-1' }] },
  refusals: {
    logIn: {
      on: 'known',
      faults: {
        'locked-out': {
          history: ['x-1', 'x-2', 'x-3', 'x-4', 'x-5'].map((attemptId) =>
            e.StaffLogInFailed({ name: 'officer-1', attemptId, failedAt: '2026-03-02T01:00:00.000Z' }),
          ),
        },
      },
    },
  },
});
