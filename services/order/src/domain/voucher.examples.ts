import { examplesOf } from '@qiyue/decider';
import { voucher, voucherEvents } from './voucher';

const accountId = '0b7f6f0e-6f0c-5d0e-9a51-4f1f0c7a1a01';
const orderId = '6a0cbb9c-7a52-5f1e-8f43-1b1a2f3c4d01';
const at = '2026-03-02T02:00:00.000Z';

export const springVoucher = { code: 'SPRING-50', accountId, amountMinor: 5_000, currency: 'CNY', validUntil: '2026-06-30T16:00:00.000Z' };
export const springUse = { code: 'SPRING-50', orderId, accountId, currency: 'CNY', at };

export const aVoucher = [
  voucherEvents.VoucherIssued({
    voucherCode: 'SPRING-50',
    accountId,
    amountMinor: 5_000,
    currency: 'CNY',
    validUntil: springVoucher.validUntil,
    issuedAt: '2026-03-01T00:00:00.000Z',
  }),
];
export const aUsedVoucher = [...aVoucher, voucherEvents.VoucherRedeemed({ voucherCode: 'SPRING-50', accountId, orderId, redeemedAt: at })];

export const voucherExamples = examplesOf(voucher, {
  histories: { none: [], usable: aVoucher, used: aUsedVoucher },
  commands: {
    issue: [springVoucher, { now: '2026-03-01T00:00:00.000Z', currencies: ['CNY'] }],
    redeem: [springUse, { now: at }],
    giveBack: [{ orderId }, { now: at }],
  },
  refusals: {
    issue: {
      on: 'none',
      faults: {
        'currency-not-supported': { 'command.currency': 'USD' },
        'voucher-exists': { history: 'usable', 'command.amountMinor': 1 },
        'voucher-unusable': { 'command.validUntil': '2026-01-01T00:00:00.000Z' },
      },
    },
    redeem: { on: 'usable', faults: { 'voucher-unusable': { history: 'none' } } },
  },
});
