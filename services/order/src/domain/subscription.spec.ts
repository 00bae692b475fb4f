import { fold, under } from '@qiyue/decider';
import { checkStream, givenFor } from '@qiyue/decider/testing';
import { monthsAfter } from './policies/subscription-term';
import { subscription, subscriptionEvents } from './subscription';
import { anExpiredSubscription, aSubscription, aYearOfUse, subscriptionExamples } from './subscription.examples';

const given = givenFor(subscription);
const { orderId, accountId, paidAt: activatedAt, lines } = aYearOfUse;
const expiresAt = '2027-03-03T02:00:00.000Z';
const refundedAt = '2026-03-06T03:00:00.000Z';
const refund = { orderId, accountId, refundedAt };
const ids = { subscriptionId: orderId, orderId, accountId };
const ended = (clause: string, cause: 'expired' | 'refunded', endedAt: string) =>
  under(clause, subscriptionEvents.SubscriptionEnded({ ...ids, cause, endedAt }));

test('every status answers every command', () => expect(() => checkStream(subscriptionExamples)).not.toThrow());

describe('a subscription', () => {
  test('is active from payment for the term bought (2.2.4)', () =>
    given()
      .when('activate', aYearOfUse, { now: activatedAt })
      .then(...aSubscription));
  test('is activated once, and not revived after its end (2.2.5)', () => {
    given(...aSubscription)
      .when('activate', aYearOfUse, { now: activatedAt })
      .thenNothing();
    given(...anExpiredSubscription)
      .when('activate', aYearOfUse, { now: activatedAt })
      .thenNothing();
  });
  test('of several products ends each at its own instant and as a whole with the last (8.3.4)', () => {
    const mixed = [...lines, { ...lines[0]!, sku: 'intel-feed', termMonths: 1 }];
    expect(subscription.decide.activate(fold(subscription, []), { ...aYearOfUse, lines: mixed }, { now: activatedAt })).toMatchObject([
      {
        data: {
          expiresAt,
          items: [
            { sku: 'waf-std', expiresAt },
            { sku: 'intel-feed', expiresAt: '2026-04-03T02:00:00.000Z' },
          ],
        },
      },
    ]);
  });
  test('of a line that names no term runs for a year', () => {
    const { termMonths: _, ...line } = lines[0]!;
    given()
      .when('activate', { ...aYearOfUse, lines: [line] }, { now: activatedAt })
      .then(...aSubscription);
  });
  test('ends at its expiry instant, without any notice (8.3.4)', () =>
    given(...aSubscription)
      .when('expire', {}, { now: expiresAt })
      .then(ended('8.3.4', 'expired', expiresAt)));
  test('does not end a moment before (8.3.4)', () =>
    given(...aSubscription)
      .when('expire', {}, { now: '2027-03-03T01:59:59.999Z' })
      .thenNothing());
  test('whose end is noticed late ended at its expiry instant all the same (8.3.4)', () =>
    given(...aSubscription)
      .when('expire', {}, { now: '2027-09-01T00:00:00.000Z' })
      .then(ended('8.3.4', 'expired', expiresAt)));
  test('of a refunded order ends with the refund (2.2.5)', () =>
    given(...aSubscription)
      .when('endRefunded', refund, { now: refundedAt })
      .then(ended('2.2.5', 'refunded', refundedAt)));
  test('ends once, for one cause', () => {
    given(...anExpiredSubscription)
      .when('endRefunded', refund, { now: refundedAt })
      .thenNothing();
    given(...anExpiredSubscription)
      .when('expire', {}, { now: expiresAt })
      .thenNothing();
  });
  test('that was never activated cannot expire', () => given().when('expire', {}, { now: expiresAt }).thenRejected('subscription-unknown'));
  test('whose refund is told before its activation never becomes active (2.2.5)', () => {
    given()
      .when('endRefunded', refund, { now: refundedAt })
      .then(ended('2.2.5', 'refunded', refundedAt));
    given(ended('2.2.5', 'refunded', refundedAt))
      .when('activate', aYearOfUse, { now: activatedAt })
      .thenNothing();
  });
});

describe('a term in months', () => {
  test.each([
    ['2026-01-31T02:00:00.000Z', 1, '2026-02-28T02:00:00.000Z'],
    ['2028-01-31T02:00:00.000Z', 1, '2028-02-29T02:00:00.000Z'],
    ['2028-02-29T02:00:00.000Z', 12, '2029-02-28T02:00:00.000Z'],
    ['2026-12-15T02:00:00.000Z', 1, '2027-01-15T02:00:00.000Z'],
    ['2026-11-30T02:00:00.000Z', 1, '2026-12-30T02:00:00.000Z'],
    ['2026-03-03T02:00:00.000Z', 36, '2029-03-03T02:00:00.000Z'],
  ])('from %s for %i ends at %s, the same day or the last of a shorter month (8.3.4)', (at, months, until) =>
    expect(monthsAfter(at, months)).toBe(until),
  );
  test('is counted in days of Shanghai, not of UTC', () =>
    expect(monthsAfter('2026-01-30T20:00:00.000Z', 1)).toBe('2026-02-27T20:00:00.000Z'));
});
