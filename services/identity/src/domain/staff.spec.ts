import { addMs } from '@qiyue/calendar';
import { checkStream, givenFor } from '@qiyue/decider/testing';
import { staff, staffEvents as e } from './staff';
import { aStaffMember, staffExamples } from './staff.examples';

const given = givenFor(staff);
const name = 'officer-1';
const now = '2026-03-02T01:05:00.000Z';
const facts = { now, passwordMatches: true, attemptId: 's-1' };
const failed = (n: number) => Array.from({ length: n }, (_, i) => e.StaffLogInFailed({ name, attemptId: `f-${i}`, failedAt: now }));

test('every kit-level property holds', () => checkStream(staffExamples));
test('a member of staff who logs in leaves a record (3.2)', () =>
  given(...aStaffMember)
    .when('logIn', { name }, facts)
    .then(e.StaffLoggedIn({ name, sessionId: 's-1', loggedInAt: now })));
test('a wrong password of staff is counted (3.2)', () =>
  given()
    .when('logIn', { name }, { ...facts, passwordMatches: false })
    .then(e.StaffLogInFailed({ name, attemptId: 's-1', failedAt: now })));
test('the fifth failure locks staff out for fifteen minutes, to the millisecond, whatever the password (3.2)', () => {
  const open = '2026-03-02T01:20:00.000Z';
  given(...failed(4))
    .when('logIn', { name }, facts)
    .then(e.StaffLoggedIn({ name, sessionId: 's-1', loggedInAt: now }));
  given(...failed(5))
    .when('logIn', { name }, facts)
    .thenRejected('locked-out', { lockedUntil: open });
  given(...failed(5))
    .when('logIn', { name }, { ...facts, now: addMs(open, -1) })
    .thenRejected('locked-out');
  given(...failed(5))
    .when('logIn', { name }, { ...facts, now: open })
    .then(e.StaffLoggedIn({ name, sessionId: 's-1', loggedInAt: open }));
});
test('logging in clears earlier failures (3.2)', () =>
  given(...failed(4), ...aStaffMember)
    .when('logIn', { name }, { ...facts, passwordMatches: false })
    .then(e.StaffLogInFailed({ name, attemptId: 's-1', failedAt: now })));
