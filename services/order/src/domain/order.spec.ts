import { givenFor, checkStream } from '@qiyue/decider/testing';
import {
  aCancelledOrder,
  accountId,
  anExpiredOrder,
  aPaidOrder,
  aRefundedOrder,
  aSubmittedOrder,
  company,
  invoice,
  orderable,
  orderExamples,
  orderId,
  paidData,
  payBy,
  paidAt,
  payment,
  springVoucher,
  submission,
  submittedAt,
  terms,
  verified,
  wanted,
  withVoucher,
} from './order.examples';
import { order } from './order';
import { orderEvents } from './order-state';

const given = givenFor(order);
const ids = { orderId, accountId };
const now = { now: paidAt };
const { OrderSubmitted, OrderCancelled, OrderExpired, OrderPaid } = orderEvents;

test('every status answers every command', () => expect(() => checkStream(orderExamples)).not.toThrow());

describe('submission', () => {
  test('a verified account orders at the prices and terms in force (2.2.1)', () =>
    given().when('submit', wanted, orderable).then(OrderSubmitted(submission)));

  test('a voucher lowers what is to be paid (2.2.5)', () =>
    given()
      .when('submit', { ...wanted, voucherCode: 'SPRING-50' }, { ...orderable, voucher: springVoucher })
      .then(OrderSubmitted(withVoucher)));

  test('a voucher worth more than the order leaves nothing to pay and is not worth more than the order (2.2.5)', () =>
    given()
      .when('submit', { ...wanted, voucherCode: 'SPRING-50' }, { ...orderable, voucher: { ...springVoucher, amountMinor: 900_000 } })
      .then(OrderSubmitted({ ...withVoucher, voucher: { code: 'SPRING-50', amountMinor: 196_000 }, payableMinor: 0 })));

  test('an order that costs nothing is paid at once', () => {
    const free = { sku: 'trial', name: '试用', unitPriceMinor: 0, thirdPartyContent: false, termMonths: 1 };
    const lines = [{ ...free, quantity: 1, amountMinor: 0 }];
    const submitted = { ...submission, lines, listAmountMinor: 0, payableMinor: 0 };
    const { paymentId: _, ...paidNothing } = paidData;
    given()
      .when(
        'submit',
        { ...wanted, lines: [{ sku: 'trial', quantity: 1 }] },
        { ...orderable, priceList: { ...orderable.priceList, products: [free] } },
      )
      .then(
        OrderSubmitted(submitted),
        OrderPaid({
          ...paidNothing,
          lines,
          paidMinor: 0,
          paidAt: submittedAt,
          refundableUntil: '2026-03-05T16:00:00.000Z',
          invoiceDueBy: '2026-03-11T16:00:00.000Z',
        }),
      );
  });

  test('an item with content of third parties says so in the order (3.3)', () => {
    const feed = { sku: 'intel-feed', name: '威胁情报订阅', unitPriceMinor: 20_050, thirdPartyContent: true, termMonths: 1 };
    const lines = [{ ...feed, quantity: 1, amountMinor: 20_050 }];
    given()
      .when(
        'submit',
        { ...wanted, lines: [{ sku: 'intel-feed', quantity: 1 }] },
        { ...orderable, priceList: { ...orderable.priceList, products: [feed] } },
      )
      .then(OrderSubmitted({ ...submission, lines, listAmountMinor: 20_050, payableMinor: 20_050 }));
  });

  test('an order through an authorised dealer names him (2.1.3)', () =>
    given()
      .when(
        'submit',
        { ...wanted, dealerId: 'hangzhou-1' },
        { ...orderable, dealer: [{ from: '2026-03-01T16:00:00.000Z', until: '2026-06-30T16:00:00.000Z' }] },
      )
      .then(OrderSubmitted({ ...submission, dealerId: 'hangzhou-1' })));

  test('an order keeps the terms it was submitted under, whatever is published later (1.2)', () => {
    const later = {
      ...orderable,
      agreement: { ...orderable.agreement, version: '2026-02', refundWindowWorkingDays: 10, paymentTermDays: 1 },
    };
    given(...aSubmittedOrder)
      .when('markPaid', payment, now)
      .then(OrderPaid(paidData));
    given()
      .when('submit', wanted, later)
      .then(
        OrderSubmitted({
          ...submission,
          payBy: '2026-03-03T16:00:00.000Z',
          terms: { ...terms, agreementVersion: '2026-02', refundWindowWorkingDays: 10 },
        }),
      );
  });

  describe('is refused', () => {
    const { agreement: _a, ...withoutAgreement } = orderable;
    const { account: _b, ...withoutAccount } = orderable;
    const { priceList: _c, ...withoutPriceList } = orderable;
    const { verifiedName: _d, ...unverified } = verified;
    const { acceptedVersion: _e, ...unaccepted } = verified;
    const used = { ...wanted, voucherCode: 'SPRING-50' };
    const expensive = [{ sku: 'waf-std', name: 'x', unitPriceMinor: 3_000_000_000_000_000, thirdPartyContent: false, termMonths: 12 }];
    const products = orderable.priceList.products;
    test.each([
      ['while no agreement is in force (1.1)', wanted, withoutAgreement, 'no-agreement-in-force'],
      ['to an account nobody has told of (1.1)', wanted, withoutAccount, 'account-not-accepted'],
      ['to an account that never accepted (1.1)', wanted, { ...orderable, account: unaccepted }, 'account-not-accepted'],
      [
        'to an account that declined (1.3)',
        wanted,
        { ...orderable, account: { ...verified, declinedVersion: '2026-01' } },
        'account-declined-agreement',
      ],
      ['to an account that is not verified (2.1.1)', wanted, { ...orderable, account: unverified }, 'account-not-verified'],
      ['to a suspended account (8.2)', wanted, { ...orderable, account: { ...verified, suspended: true } }, 'account-suspended'],
      ['when nobody knows the dealer (2.1.3)', { ...wanted, dealerId: 'x' }, { ...orderable, dealer: [] }, 'dealer-not-authorised'],
      ['while there are no prices (2.2.4)', wanted, withoutPriceList, 'no-price-list'],
      ['for a product that is not listed (2.2.4)', { ...wanted, lines: [{ sku: 'other', quantity: 1 }] }, orderable, 'product-unknown'],
      [
        'when a line is too large to be counted exactly (2.2.1)',
        { ...wanted, lines: [{ sku: 'waf-std', quantity: 4 }] },
        { ...orderable, priceList: { ...orderable.priceList, products: expensive } },
        'amount-too-large',
      ],
      [
        'when the lines together are too large to be counted exactly (2.2.1)',
        { ...wanted, lines: Array.from({ length: 4 }, () => ({ sku: 'waf-std', quantity: 1 })) },
        { ...orderable, priceList: { ...orderable.priceList, products: expensive } },
        'amount-too-large',
      ],
      ['with a voucher nobody issued (2.2.5)', used, orderable, 'voucher-unusable'],
      ['with a used voucher (2.2.5)', used, { ...orderable, voucher: { ...springVoucher, free: false } }, 'voucher-unusable'],
      [
        "with another account's voucher (2.2.5)",
        used,
        { ...orderable, voucher: { ...springVoucher, accountId: 'another' } },
        'voucher-unusable',
      ],
      [
        'with a voucher in another currency (2.2.5)',
        used,
        { ...orderable, voucher: { ...springVoucher, currency: 'USD' } },
        'voucher-unusable',
      ],
      [
        'with a voucher from the instant it ends (2.2.5)',
        used,
        { ...orderable, voucher: { ...springVoucher, validUntil: submittedAt } },
        'voucher-unusable',
      ],
    ] as const)('%s', (_name, command, facts, code) => given().when('submit', command, facts).thenRejected(code));

    test('with the first fault, where there are several', () => {
      const faults = { now: submittedAt, account: { suspended: true }, dealer: [], voucher: { ...springVoucher, free: false } };
      const agreement = { ...orderable.agreement };
      const all = { ...used, dealerId: 'x', lines: [{ sku: 'other', quantity: 1 }] };
      given().when('submit', all, faults).thenRejected('no-agreement-in-force');
      given()
        .when('submit', all, { ...faults, agreement })
        .thenRejected('account-not-accepted');
      given()
        .when('submit', all, { ...faults, agreement, account: { acceptedVersion: '1', declinedVersion: '2', suspended: true } })
        .thenRejected('account-declined-agreement');
      given()
        .when('submit', all, { ...faults, agreement, account: { acceptedVersion: '1', suspended: true } })
        .thenRejected('account-not-verified');
      given()
        .when('submit', all, { ...faults, agreement, account: { ...verified, suspended: true } })
        .thenRejected('account-suspended');
      given()
        .when('submit', all, { ...faults, agreement, account: verified })
        .thenRejected('dealer-not-authorised');
      given()
        .when('submit', { ...all, dealerId: 'y' }, { ...orderable, voucher: faults.voucher })
        .thenRejected('product-unknown');
      given()
        .when('submit', used, {
          ...orderable,
          priceList: { ...orderable.priceList, products: [...expensive, ...products] },
          voucher: faults.voucher,
        })
        .thenRejected('voucher-unusable');
    });

    test('not while the declined version is only announced (1.2, 1.3)', () =>
      given()
        .when('submit', wanted, {
          ...orderable,
          account: { ...verified, declinedVersion: '2026-02' },
          agreement: { ...orderable.agreement, announced: ['2026-02'] },
        })
        .then(OrderSubmitted(submission)));
    test('not a moment before the voucher ends (2.2.5)', () =>
      given()
        .when('submit', used, { ...orderable, voucher: { ...springVoucher, validUntil: '2026-03-02T02:00:00.001Z' } })
        .then(OrderSubmitted(withVoucher)));
  });
});

describe('a submitted order', () => {
  test.each(Object.entries(orderExamples.histories).filter(([status]) => status !== 'none'))(
    'is frozen once it is %s, whoever asks (2.2.1)',
    (_status, history) => {
      given(...history)
        .when('amend', {}, {})
        .thenRejected('order-is-frozen');
      given(...history)
        .when('submit', { ...wanted, lines: [{ sku: 'waf-std', quantity: 1 }], company, invoice }, orderable)
        .thenRejected('order-is-frozen');
    },
  );
  test('that does not exist cannot be changed either', () => given().when('amend', {}, {}).thenRejected('order-unknown'));
  test('can be cancelled while it is unpaid (2.2.1)', () =>
    given(...aSubmittedOrder)
      .when('cancel', {}, now)
      .then(OrderCancelled({ ...ids, reason: 'customer', cancelledAt: paidAt })));
  test('is cancelled once', () =>
    given(...aCancelledOrder)
      .when('cancel', {}, now)
      .thenNothing());
  test('cannot be cancelled after it expired (2.2.1)', () =>
    given(...anExpiredOrder)
      .when('cancel', {}, now)
      .thenRejected('order-closed'));
  test('cannot be cancelled once it is paid; that is what refunds are for (2.2.5)', () => {
    given(...aPaidOrder)
      .when('cancel', {}, now)
      .thenRejected('order-paid');
    given(...aRefundedOrder)
      .when('cancel', {}, now)
      .thenRejected('order-paid');
  });
  test('expires at the end of its payment term (2.2.1)', () =>
    given(...aSubmittedOrder)
      .when('expire', {}, { now: payBy })
      .then(OrderExpired({ ...ids, expiredAt: payBy })));
  test('does not expire a moment before (2.2.1)', () =>
    given(...aSubmittedOrder)
      .when('expire', {}, { now: '2026-03-09T15:59:59.999Z' })
      .thenNothing());
  test('that is noticed late expired when its term ended all the same', () =>
    given(...aSubmittedOrder)
      .when('expire', {}, { now: '2026-05-01T00:00:00.000Z' })
      .then(OrderExpired({ ...ids, expiredAt: payBy })));
  test('that is paid or cancelled does not expire', () => {
    given(...aPaidOrder)
      .when('expire', {}, { now: payBy })
      .thenNothing();
    given(...aCancelledOrder)
      .when('expire', {}, { now: payBy })
      .thenNothing();
  });
});
