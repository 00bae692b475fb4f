import { FORGOTTEN } from '@qiyue/decider';
import { checkStream, givenFor } from '@qiyue/decider/testing';
import { payment, paymentEvents } from './payment';
import { aTelling, paymentExamples } from './payment.examples';

const given = givenFor(payment);
const told = paymentEvents.PaymentTold(aTelling);

test('a sound stream passes every check', () => checkStream(paymentExamples));

describe('one payment id, one content, one receivable (2.2.2)', () => {
  test('a payment is told', () => given().when('tell', aTelling, {}).then(told));
  test('told again with the same content it is known already', () => given(told).when('tell', aTelling, {}).thenNothing());
  test('told again after its receivable has an account it is still the same payment', () =>
    given(told)
      .when('tell', { ...aTelling, accountId: 'account-2' }, {})
      .thenNothing());
  test.each([
    ['receivableId', { receivableId: 'order-2' }],
    ['amountMinor', { amountMinor: 191_001 }],
    ['currency', { currency: 'USD' }],
    ['method', { method: 'wechat-pay' }],
    ['payerName', { payerName: '上海另外有限公司' }],
    ['paidAt', { paidAt: '2026-03-03T02:00:00.001Z' }],
  ])('told with another %s it is refused', (field, other) =>
    given(told)
      .when('tell', { ...aTelling, ...other }, {})
      .thenRejected('payment-differs', { differing: field }),
  );
  test('a payer whose name has been forgotten contradicts nothing', () =>
    given(paymentEvents.PaymentTold({ ...aTelling, payerName: FORGOTTEN }))
      .when('tell', aTelling, {})
      .thenNothing());
});
