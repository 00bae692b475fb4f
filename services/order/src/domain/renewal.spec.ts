import { givenFor } from '@qiyue/decider/testing';
import { fold, type DomainEvent } from '@qiyue/decider';
import { order, type SubmitFacts } from './order';
import { orderEvents } from './order-state';
import { accountId, lines, orderable, submission, submittedAt, verified, wanted } from './order.examples';
import { renewalPrice } from './policies/renewal';
import { renewable, subscription, subscriptionEvents } from './subscription';
import { aSubscription, aYearOfUse } from './subscription.examples';

const given = givenFor(order);
const renews = 'first-subscription';
const [product] = orderable.priceList.products;
const since = (instant: string, unitPriceMinor: number) => ({ firstActivatedBefore: instant, unitPriceMinor });
const renewalOffers = [
  since('2026-01-01T00:00:00.000Z', 80_000),
  since('2025-01-01T00:00:00.000Z', 70_000),
  since('2026-12-01T00:00:00.000Z', 90_000),
];
const held = {
  accountId,
  firstActivatedAt: '2025-03-10T02:00:00.000Z',
  items: [{ sku: 'waf-std', expiresAt: '2026-03-10T02:00:00.000Z' }],
  refunded: false,
};
const priceList = { ...orderable.priceList, products: [{ ...product!, renewalOffers }] };
const facts = { ...orderable, priceList, renewed: held } satisfies SubmitFacts;
const renewal = { ...wanted, renews };
const atPrice = (unitPriceMinor: number) => {
  const sum = unitPriceMinor * 2;
  return orderEvents.OrderSubmitted({
    ...submission,
    lines: [{ ...lines[0]!, unitPriceMinor, amountMinor: sum }],
    listAmountMinor: sum,
    payableMinor: sum,
    offer: 'renewal',
    renews,
  });
};

describe('a renewal', () => {
  test('is priced by the offer of its cohort, and the order records so (2.2.4)', () =>
    given().when('submit', renewal, facts).then(atPrice(80_000)));
  test('in no cohort is priced by the list, and is a renewal all the same (2.2.4)', () =>
    given()
      .when('submit', renewal, { ...facts, priceList: orderable.priceList })
      .then(atPrice(98_000)));
  test('belongs to the earliest cohort, whose end is exclusive (2.2.4)', () => {
    const priced = (firstActivatedAt: string) => renewalPrice({ unitPriceMinor: 98_000, renewalOffers }, firstActivatedAt);
    expect(
      [
        '2024-12-31T23:59:59.999Z',
        '2025-01-01T00:00:00.000Z',
        '2025-12-31T23:59:59.999Z',
        '2026-01-01T00:00:00.000Z',
        '2026-12-01T00:00:00.000Z',
      ].map(priced),
    ).toEqual([70_000, 80_000, 80_000, 90_000, 98_000]);
  });
  test('offers are for renewals only: who buys anew pays the list price (2.2.4)', () =>
    given().when('submit', wanted, facts).then(orderEvents.OrderSubmitted(submission)));
  test.each([
    ['of nothing', { renewed: undefined }, 'subscription-unknown'],
    ["of another account's subscription", { renewed: { ...held, accountId: 'another' } }, 'subscription-unknown'],
    ['of a refunded subscription', { renewed: { ...held, refunded: true } }, 'subscription-not-renewable'],
    [
      'of a product that it never held',
      { renewed: { ...held, items: [{ sku: 'other', expiresAt: '2027-01-01T00:00:00.000Z' }] } },
      'subscription-not-renewable',
    ],
    [
      'from the instant it ends',
      { renewed: { ...held, items: [{ sku: 'waf-std', expiresAt: submittedAt }] } },
      'subscription-not-renewable',
    ],
  ] as const)('%s is refused (2.2.4)', (_name, other, code) => {
    const { renewed: _held, ...rest } = facts;
    given()
      .when('submit', renewal, { ...rest, ...(other.renewed === undefined ? {} : { renewed: other.renewed }) })
      .thenRejected(code);
  });
  test('is possible until just before it ends (2.2.4)', () =>
    given()
      .when('submit', renewal, { ...facts, renewed: { ...held, items: [{ sku: 'waf-std', expiresAt: '2026-03-02T02:00:00.001Z' }] } })
      .then(atPrice(80_000)));
  test('of what is not there comes before everything else that is wrong; of what has ended, after an unknown product', () => {
    const { renewed: _held, agreement: _agreement, ...rest } = facts;
    given()
      .when('submit', renewal, { ...rest, account: { ...verified, suspended: true } })
      .thenRejected('subscription-unknown');
    given()
      .when('submit', { ...renewal, lines: [{ sku: 'nothing', quantity: 1 }] }, { ...facts, renewed: { ...held, refunded: true } })
      .thenRejected('product-unknown');
  });
});

describe('the term of a renewal', () => {
  const renewed = renewable(fold(subscription, aSubscription))!;
  const second = { ...aYearOfUse, orderId: 'second', renews: 'first' };
  const activated = (paidAt: string, of = renewed) => {
    const decided = subscription.decide.activate(fold(subscription, []), { ...second, paidAt }, { now: paidAt, renewed: of });
    return (decided as DomainEvent[])[0]?.data as Record<string, unknown>;
  };
  test('follows upon the term it renews, and use counts as unbroken (2.2.4)', () =>
    expect(activated('2027-03-03T01:59:59.999Z')).toMatchObject({
      subscriptionId: 'second',
      renews: 'first',
      activatedAt: '2027-03-03T02:00:00.000Z',
      expiresAt: '2028-03-03T02:00:00.000Z',
      firstActivatedAt: '2026-03-03T02:00:00.000Z',
    }));
  test('paid when that has ended begins with the payment, and so does its cohort (2.2.4)', () =>
    expect(activated('2027-03-03T02:00:00.000Z')).toMatchObject({
      activatedAt: '2027-03-03T02:00:00.000Z',
      firstActivatedAt: '2027-03-03T02:00:00.000Z',
    }));
  test('of a subscription that was refunded meanwhile begins with the payment (2.2.5)', () => {
    const { subscriptionId, orderId } = aSubscription[0]!.data;
    const refunded = [
      ...aSubscription,
      subscriptionEvents.SubscriptionEnded({ subscriptionId, orderId, accountId, cause: 'refunded', endedAt: '2026-03-06T00:00:00.000Z' }),
    ];
    expect(activated('2026-03-07T00:00:00.000Z', renewable(fold(subscription, refunded))!)).toMatchObject({
      activatedAt: '2026-03-07T00:00:00.000Z',
    });
  });
  test('counts from the end even when the expiry is noticed before the payment is (2.2.4)', () => {
    const { subscriptionId, orderId } = aSubscription[0]!.data;
    const expired = [
      ...aSubscription,
      subscriptionEvents.SubscriptionEnded({ subscriptionId, orderId, accountId, cause: 'expired', endedAt: '2027-03-03T02:00:00.000Z' }),
    ];
    expect(activated('2027-03-03T01:00:00.000Z', renewable(fold(subscription, expired))!)).toMatchObject({
      activatedAt: '2027-03-03T02:00:00.000Z',
    });
  });
  test('of what was never activated, there is none', () => {
    expect(renewable({ status: 'none' })).toBeUndefined();
    expect(renewable({ status: 'ended', accountId, cause: 'refunded' })).toBeUndefined();
  });
});
