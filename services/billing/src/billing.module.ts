import { billingRejections } from '@qiyue/contracts';
import { defineService, endedSessions } from '@qiyue/service-kit';
import { DecideHeldMoney } from './commands/decide-held-money';
import { OpenBill } from './commands/open-bill';
import { PlayGateway } from './commands/play-gateway';
import { ReceiveCallback } from './commands/receive-callback';
import { ReceivePayoutCallback } from './commands/receive-payout-callback';
import { RetryPayout } from './commands/retry-payout';
import { BillingConfig } from './config';
import { payment } from './domain/payment';
import { paymentExamples } from './domain/payment.examples';
import { payout } from './domain/payout';
import { payoutExamples } from './domain/payout.examples';
import { receivable } from './domain/receivable';
import { receivableExamples } from './domain/receivable.examples';
import { OnlyTheGateway } from './only-the-gateway';
import { PaymentIntake } from './payment-intake';
import { HttpGateway } from './ports/http-gateway';
import { PaymentGateway } from './ports/payment-gateway';
import { SandboxGateway } from './ports/sandbox-gateway';
import { closeReceivableOnOrderCancelled, closeReceivableOnOrderExpired } from './reactions/close-receivable-on-order-cancelled-or-expired';
import { closeReceivableOnPaymentNotWanted } from './reactions/close-receivable-on-payment-not-wanted';
import { fallOverdueOnGraceEnd } from './reactions/fall-overdue-on-grace-end';
import { askGatewayOnAnswerDue, moveMoneyOnPayoutRequested } from './reactions/move-money-on-payout-requested';
import { openReceivableOnOrderSubmitted } from './reactions/open-receivable-on-order-submitted';
import { receivePaymentOnPaymentTold } from './reactions/receive-payment-on-payment-told';
import { refundReceivableOnRefundReleased } from './reactions/refund-receivable-on-refund-released';
import { requestPayoutOnRefundOrdered, requestPayoutOnReturnOrdered } from './reactions/request-payout-on-return-or-refund-ordered';
import { settleMoneyOnPayoutSettled } from './reactions/settle-money-on-payout-settled';
import { agreementVersions } from './read-models/agreement-versions';
import { payerNames } from './read-models/payer-names';
import { payments, PaymentsQuery } from './read-models/payments';
import { payouts, PayoutsQuery } from './read-models/payouts';
import { receivables, ReceivablesQuery } from './read-models/receivables';

const gatewayOf = (config: BillingConfig, sandbox: SandboxGateway): PaymentGateway => {
  if (config.gateway === 'sandbox') return sandbox;
  if (config.gatewayUrl === undefined) throw new Error('BILLING_GATEWAY is http, but BILLING_GATEWAY_URL is not set');
  return new HttpGateway({ url: config.gatewayUrl, secret: config.callbackSecret, timeoutMs: config.gatewayTimeoutMs });
};

/** What is owed, the money that came for it, and the money that goes back. */
export const billingService = defineService({
  name: 'billing',
  title: 'What is owed, payments, held money, refunds',
  streams: [receivable, payment, payout],
  commands: [ReceiveCallback, ReceivePayoutCallback, DecideHeldMoney, OpenBill, RetryPayout, PlayGateway],
  queries: [ReceivablesQuery, PaymentsQuery, PayoutsQuery],
  reactions: [
    openReceivableOnOrderSubmitted,
    receivePaymentOnPaymentTold,
    closeReceivableOnOrderCancelled,
    closeReceivableOnOrderExpired,
    closeReceivableOnPaymentNotWanted,
    refundReceivableOnRefundReleased,
    requestPayoutOnReturnOrdered,
    requestPayoutOnRefundOrdered,
    moveMoneyOnPayoutRequested,
    askGatewayOnAnswerDue,
    settleMoneyOnPayoutSettled,
    fallOverdueOnGraceEnd,
  ],
  readModels: [receivables, payments, payouts, payerNames, agreementVersions, endedSessions],
  rejections: billingRejections,
  config: [BillingConfig],
  providers: [
    PaymentIntake,
    OnlyTheGateway,
    SandboxGateway,
    { provide: PaymentGateway, useFactory: gatewayOf, inject: [BillingConfig, SandboxGateway] },
  ],
  examples: [receivableExamples, paymentExamples, payoutExamples],
  clauses: ['2.2.2', '2.2.5', '8.2', '8.2.3'],
});
