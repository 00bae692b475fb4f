import { under } from '@qiyue/decider';
import { checkStream, givenFor } from '@qiyue/decider/testing';
import { caseEvents as e, caseStream } from './case';
import { aClosedCase, anOpenCase, caseExamples, matter } from './case.examples';

const given = givenFor(caseStream);
const now = '2026-03-03T01:00:00.000Z';
const { caseId, accountId } = matter;

test('every kit-level property holds', () => checkStream(caseExamples));
test('held money opens a case under the clause it was held for (2.2.2)', () =>
  given()
    .when('open', matter, { now })
    .then(under('2.2.2', e.CaseOpened({ ...matter, openedAt: now }))));
test('the same matter opens one case, even after it was closed (2.2.2)', () =>
  given(...aClosedCase)
    .when('open', matter, { now })
    .thenNothing());
test('an officer writes in an open case', () =>
  given(...anOpenCase)
    .when('note', { text: 't' }, { now, by: 'officer-1', noteId: 'n-1' })
    .then(under('2.2.2', e.CaseNoted({ caseId, accountId, noteId: 'n-1', note: 't', by: 'officer-1', notedAt: now }))));
test('nobody writes in a closed case', () =>
  given(...aClosedCase)
    .when('note', { text: 't' }, { now, by: 'officer-1', noteId: 'n-1' })
    .thenRejected('case-closed'));
test('nobody writes in a case that is none', () =>
  given().when('note', { text: 't' }, { now, by: 'officer-1', noteId: 'n-1' }).thenRejected('case-unknown'));
test("the money's return closes the case (2.2.2)", () =>
  given(...anOpenCase)
    .when('close', { outcome: 'payment-returned' }, { now })
    .then(under('2.2.2', e.CaseClosed({ caseId, accountId, outcome: 'payment-returned', closedAt: now }))));
test('a closed case stays closed as it was', () =>
  given(...aClosedCase)
    .when('close', { outcome: 'payment-released' }, { now })
    .thenNothing());
test('a case that is none cannot be closed', () => given().when('close', { outcome: 'x' }, { now }).thenRejected('case-unknown'));
