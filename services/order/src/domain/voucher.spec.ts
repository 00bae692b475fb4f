import fc from 'fast-check';
import { fold, isRejection, type DomainEvent } from '@qiyue/decider';
import { checkStream, givenFor } from '@qiyue/decider/testing';
import { offered, voucher, voucherEvents } from './voucher';
import { aUsedVoucher, aVoucher, springUse, springVoucher, voucherExamples } from './voucher.examples';

const given = givenFor(voucher);
const now = '2026-03-02T03:00:00.000Z';
const facts = { now };
const issuing = { now, currencies: ['CNY'] };
const { VoucherIssued, VoucherRedeemed, VoucherGivenBack } = voucherEvents;
const { accountId } = springVoucher;
const { orderId } = springUse;
const redeemed = VoucherRedeemed({ voucherCode: 'SPRING-50', accountId, orderId, redeemedAt: now });

test('every status answers every command', () => expect(() => checkStream(voucherExamples)).not.toThrow());

describe('a voucher', () => {
  test('is issued to an account', () =>
    given()
      .when('issue', springVoucher, issuing)
      .then(
        VoucherIssued({
          voucherCode: 'SPRING-50',
          accountId,
          amountMinor: 5_000,
          currency: 'CNY',
          validUntil: springVoucher.validUntil,
          issuedAt: now,
        }),
      ));
  test('issued twice alike is issued once, even after it was used', () => {
    given(...aVoucher)
      .when('issue', springVoucher, issuing)
      .thenNothing();
    given(...aUsedVoucher)
      .when('issue', springVoucher, issuing)
      .thenNothing();
  });
  test('never changes its worth (2.2.5)', () =>
    given(...aVoucher)
      .when('issue', { ...springVoucher, amountMinor: 6_000 }, issuing)
      .thenRejected('voucher-exists', { voucherCode: 'SPRING-50' }));
  test('in a currency that is not sold in is refused (2.2.2)', () =>
    given()
      .when('issue', { ...springVoucher, currency: 'USD' }, issuing)
      .thenRejected('currency-not-supported'));
  test('that has ended already is not issued', () => {
    given()
      .when('issue', { ...springVoucher, validUntil: now }, issuing)
      .thenRejected('voucher-unusable');
    expect(voucher.decide.issue({ status: 'none' }, { ...springVoucher, validUntil: '2026-03-02T03:00:00.001Z' }, issuing)).toHaveLength(1);
  });
  test('goes to the first order that asks for it, and to no other (2.2.5)', () => {
    given(...aVoucher)
      .when('redeem', springUse, facts)
      .then(redeemed);
    given(...aUsedVoucher)
      .when('redeem', { ...springUse, orderId: 'second' }, facts)
      .thenRejected('voucher-unusable');
  });
  test('asked for again by the order that has it is its own (2.2.5)', () =>
    given(...aUsedVoucher)
      .when('redeem', { ...springUse, at: springVoucher.validUntil }, facts)
      .thenNothing());
  test.each([
    ['another account', { accountId: 'another' }],
    ['an order in another currency', { currency: 'USD' }],
    ['an order submitted as it ends', { at: springVoucher.validUntil }],
  ])('is refused to %s (2.2.5)', (_name, other) =>
    given(...aVoucher)
      .when('redeem', { ...springUse, ...other }, facts)
      .thenRejected('voucher-unusable'),
  );
  test('counts for an order submitted a moment before it ends, however late that is settled (2.2.5)', () =>
    given(...aVoucher)
      .when('redeem', { ...springUse, at: '2026-06-30T15:59:59.999Z' }, { now: '2026-07-02T00:00:00.000Z' })
      .then({ ...redeemed, data: { ...redeemed.data, redeemedAt: '2026-07-02T00:00:00.000Z' } }));
  test('of an order that was called off unpaid is free again, once (2.2.1)', () => {
    const back = VoucherGivenBack({ voucherCode: 'SPRING-50', accountId, orderId, givenBackAt: now });
    given(...aUsedVoucher)
      .when('giveBack', { orderId }, facts)
      .then(back);
    given(...aUsedVoucher, back)
      .when('giveBack', { orderId }, facts)
      .thenNothing();
    given(...aUsedVoucher, back)
      .when('redeem', { ...springUse, orderId: 'second' }, facts)
      .then({ ...redeemed, data: { ...redeemed.data, orderId: 'second' } });
  });
  test('is not freed by an order that never had it', () => {
    given(...aUsedVoucher)
      .when('giveBack', { orderId: 'other' }, facts)
      .thenNothing();
    given().when('giveBack', { orderId }, facts).thenNothing();
  });
  test('of which nobody knows is refused', () => given().when('redeem', springUse, facts).thenRejected('voucher-unusable'));
});

test('however many orders race for it, at most one has it at a time (2.2.5)', () => {
  const step = fc.record({ orderId: fc.constantFrom('a', 'b', 'c', 'd'), verb: fc.constantFrom('redeem', 'giveBack') });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const history: DomainEvent[] = [...aVoucher];
      let holder: string | undefined;
      for (const { orderId: asking, verb } of steps) {
        const state = fold(voucher, history);
        const decided =
          verb === 'redeem'
            ? voucher.decide.redeem(state, { ...springUse, orderId: asking }, facts)
            : voucher.decide.giveBack(state, { orderId: asking }, facts);
        if (isRejection(decided)) expect(holder !== undefined && holder !== asking).toBe(true);
        else history.push(...decided);
        if (verb === 'redeem' && !isRejection(decided)) holder = asking;
        if (verb === 'giveBack' && holder === asking) holder = undefined;
        expect(offered(fold(voucher, history))?.free).toBe(holder === undefined);
      }
    }),
  );
});
