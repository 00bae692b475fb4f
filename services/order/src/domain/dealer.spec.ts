import { fold, isRejection } from '@qiyue/decider';
import { checkStream, givenFor } from '@qiyue/decider/testing';
import { authorisationsOf, dealer, dealerEvents } from './dealer';
import { aDealer, aWithdrawnDealer, dealerExamples, springPeriod } from './dealer.examples';
import { authorisedAt } from './policies/dealer-authorisation';

const given = givenFor(dealer);
const facts = { now: '2026-03-10T00:00:00.000Z' };
const { from, until } = springPeriod;
const sellsAt = (history: typeof aDealer, at: string) => authorisedAt(authorisationsOf(fold(dealer, history)), at);

test('every status answers every command', () => expect(() => checkStream(dealerExamples)).not.toThrow());

describe('a dealer', () => {
  test('is authorised for a period (2.1.3)', () =>
    given()
      .when('authorise', springPeriod, facts)
      .then(dealerEvents.DealerAuthorised({ ...springPeriod, authorisedAt: facts.now })));
  test('authorised twice for the same period is authorised once (2.1.3)', () =>
    given(...aDealer)
      .when('authorise', springPeriod, facts)
      .thenNothing());
  test('sells from the first instant of the period to just before its end (2.1.3)', () => {
    expect(sellsAt(aDealer, '2026-03-01T15:59:59.999Z')).toBe(false);
    expect(sellsAt(aDealer, from)).toBe(true);
    expect(sellsAt(aDealer, '2026-06-30T15:59:59.999Z')).toBe(true);
    expect(sellsAt(aDealer, until)).toBe(false);
  });
  test('nobody knows sells nothing (2.1.3)', () => expect(sellsAt([], from)).toBe(false));
  test('whose period ends before it begins is refused (2.1.3)', () =>
    given()
      .when('authorise', { ...springPeriod, until: from }, facts)
      .thenRejected('authorisation-period-empty'));
  test('that is withdrawn sells until then and not after, and loses what was to come (2.1.3)', () => {
    const autumn = dealerEvents.DealerAuthorised({
      ...springPeriod,
      from: '2026-09-01T00:00:00.000Z',
      until: '2026-10-01T00:00:00.000Z',
      authorisedAt: facts.now,
    });
    const withdrawn = [...aDealer, autumn, ...aWithdrawnDealer.slice(1)] as typeof aDealer;
    expect(sellsAt(withdrawn, '2026-03-09T23:59:59.999Z')).toBe(true);
    expect(sellsAt(withdrawn, facts.now)).toBe(false);
    expect(sellsAt(withdrawn, '2026-09-15T00:00:00.000Z')).toBe(false);
  });
  test('is withdrawn once, and can be authorised anew (2.1.3)', () => {
    given(...aDealer)
      .when('withdraw', { reason: 'contract ended' }, facts)
      .then(...aWithdrawnDealer.slice(1));
    given(...aWithdrawnDealer)
      .when('withdraw', { reason: 'again' }, facts)
      .thenNothing();
    given(...aWithdrawnDealer)
      .when('authorise', springPeriod, facts)
      .then(dealerEvents.DealerAuthorised({ ...springPeriod, authorisedAt: facts.now }));
  });
  test('that does not exist cannot be withdrawn', () =>
    expect(isRejection(dealer.decide.withdraw({ status: 'none' }, { reason: 'x' }, facts))).toBe(true));
});
