import { examplesOf } from '@qiyue/decider';
import { payment, paymentEvents } from './payment';

export const aTelling = {
  paymentId: 'p-1',
  receivableId: 'order-1',
  accountId: 'account-1',
  amountMinor: 191_000,
  currency: 'CNY',
  method: 'alipay',
  payerName: '杭州示例科技有限公司',
  paidAt: '2026-03-03T02:00:00.000Z',
};

export const paymentExamples = examplesOf(payment, {
  histories: { none: [], told: [paymentEvents.PaymentTold(aTelling)] },
  commands: { tell: [aTelling, {}] },
  refusals: {
    tell: { on: 'told', faults: { 'payment-differs': { 'command.amountMinor': 1 } } },
  },
});
