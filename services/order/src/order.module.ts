import { orderRejections } from '@qiyue/contracts';
import { defineService, endedSessions } from '@qiyue/service-kit';
import { AmendOrder } from './commands/amend-order';
import { AuthoriseDealer } from './commands/authorise-dealer';
import { CancelOrder } from './commands/cancel-order';
import { IssueVoucher } from './commands/issue-voucher';
import { PublishPriceList } from './commands/publish-price-list';
import { RequestRefund } from './commands/request-refund';
import { SubmitOrder } from './commands/submit-order';
import { OrderConfig } from './config';
import { dealer } from './domain/dealer';
import { dealerExamples } from './domain/dealer.examples';
import { order } from './domain/order';
import { orderExamples } from './domain/order.examples';
import { pricelist } from './domain/price-list';
import { priceListExamples } from './domain/price-list.examples';
import { subscription } from './domain/subscription';
import { subscriptionExamples } from './domain/subscription.examples';
import { voucher } from './domain/voucher';
import { voucherExamples } from './domain/voucher.examples';
import { activateSubscriptionOnOrderPaid } from './reactions/activate-subscription-on-order-paid';
import { awaitInvoiceReturnOnReturnRequired } from './reactions/await-invoice-return-on-return-required';
import { completeRefundOnRefundSettled } from './reactions/complete-refund-on-refund-settled';
import { endSubscriptionOnRefundCompleted } from './reactions/end-subscription-on-refund-completed';
import { expireOrderOnPaymentDeadline } from './reactions/expire-order-on-payment-deadline';
import { expireSubscriptionOnTermEnd } from './reactions/expire-subscription-on-term-end';
import { giveVoucherBackOnOrderCalledOff } from './reactions/give-voucher-back-on-order-called-off';
import { markOrderPaidOnPaymentApplied } from './reactions/mark-order-paid-on-payment-applied';
import { noteInvoiceOnInvoiceIssued } from './reactions/note-invoice-on-invoice-issued';
import { redeemVoucherOnOrderSubmitted } from './reactions/redeem-voucher-on-order-submitted';
import { releaseRefundOnInvoiceSettled } from './reactions/release-refund-on-invoice-settled';
import { accountStanding } from './read-models/account-standing';
import { agreementVersions } from './read-models/agreement-versions';
import { dealers, DealersQuery } from './read-models/dealers';
import { myOrders, MyOrdersQuery } from './read-models/my-orders';
import { mySubscriptions, MySubscriptionsQuery } from './read-models/my-subscriptions';
import { orderTimeline, OrderTimelineQuery } from './read-models/order-timeline';
import { priceLists, priceListsInForce, PriceListsQuery } from './read-models/price-lists';
import { vouchers, VouchersQuery } from './read-models/vouchers';

/** What was bought, at which price, under which terms; whether it is paid, in use, or on its way back. */
export const orderService = defineService({
  name: 'order',
  title: 'Price lists, vouchers, dealers, orders, refunds and subscriptions',
  streams: [pricelist, voucher, dealer, order, subscription],
  commands: [PublishPriceList, IssueVoucher, AuthoriseDealer, SubmitOrder, AmendOrder, CancelOrder, RequestRefund],
  queries: [PriceListsQuery, VouchersQuery, DealersQuery, MyOrdersQuery, OrderTimelineQuery, MySubscriptionsQuery],
  reactions: [
    redeemVoucherOnOrderSubmitted,
    giveVoucherBackOnOrderCalledOff,
    markOrderPaidOnPaymentApplied,
    expireOrderOnPaymentDeadline,
    activateSubscriptionOnOrderPaid,
    noteInvoiceOnInvoiceIssued,
    awaitInvoiceReturnOnReturnRequired,
    releaseRefundOnInvoiceSettled,
    completeRefundOnRefundSettled,
    endSubscriptionOnRefundCompleted,
    expireSubscriptionOnTermEnd,
  ],
  readModels: [
    agreementVersions,
    accountStanding,
    priceLists,
    priceListsInForce,
    vouchers,
    dealers,
    myOrders,
    orderTimeline,
    mySubscriptions,
    endedSessions,
  ],
  rejections: orderRejections,
  config: [OrderConfig],
  examples: [priceListExamples, voucherExamples, dealerExamples, orderExamples, subscriptionExamples],
  clauses: ['1.1', '1.3', '2.1.1', '2.1.3', '2.2.1', '2.2.2', '2.2.4', '2.2.5', '3.3', '8.2', '8.3.4'],
});
