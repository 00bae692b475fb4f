import { complianceFacts, billingFacts, identityFacts, invoiceFacts, orderFacts, type Fact, type FactData } from '@qiyue/contracts';
import { formatMoney, money } from '@qiyue/money';
import { addMs, shanghaiDate, type Instant } from '@qiyue/calendar';

/** The words of a notice. They never hold personal data: a notice is kept as it was sent. */
export interface Words {
  readonly title: string;
  readonly body: string;
}

/** Which readers a notice has and what it says to them. */
export interface Template<F extends Fact = Fact> {
  readonly fact: F;
  /** `account`: whom the fact names. `everyone`: a web announcement. */
  readonly to: 'account' | 'everyone';
  /** `e-mail`: the address has to be proved first, so nothing is shown in-site. */
  readonly by: 'in-site' | 'e-mail';
  readonly zh: Says<F>;
  readonly en: Says<F>;
}

/** A title, and a body made of the fact. */
type Says<F extends Fact> = readonly [title: string, body: (data: FactData<F>) => string];

const template = <F extends Fact>(fact: F, words: Pick<Template<F>, 'zh' | 'en'> & Partial<Pick<Template<F>, 'to' | 'by'>>): Template =>
  ({ to: 'account', by: 'in-site', ...words, fact }) as never;

/** What a template says of a fact in one language. */
export const wordsOf = (from: Template, locale: 'zh' | 'en', data: unknown): Words => {
  const [title, body] = from[locale];
  return { title, body: body(data as never) };
};

const zhMoney = (data: { amountMinor: number; currency: string }): string => formatMoney(money(data.amountMinor, data.currency), 'zh');
const enMoney = (data: { amountMinor: number; currency: string }): string => formatMoney(money(data.amountMinor, data.currency), 'en');
const amount = (amountMinor: number, currency: string) => ({ amountMinor, currency });
/** The last day before an exclusive end. */
const lastDay = (until: Instant): string => shanghaiDate(addMs(until, -1));

/** Every notice there is, by the fact it tells of. */
export const templates: readonly Template[] = [
  template(complianceFacts.AgreementVersionPublished, {
    to: 'everyone',
    zh: [
      '用户协议新版本',
      (d) => `用户协议 ${d.agreementVersion} 版已公布，自 ${shanghaiDate(d.effectiveAt)} 起适用。生效后继续使用即视为接受。`,
    ],
    en: [
      'A new version of the user agreement',
      (d) =>
        `Version ${d.agreementVersion} of the user agreement applies from ${shanghaiDate(d.effectiveAt)}. Whoever goes on using the services then accepts it.`,
    ],
  }),
  template(identityFacts.EmailCodeIssued, {
    by: 'e-mail',
    zh: ['邮箱验证码', (d) => `您的验证码十五分钟内有效，请勿告诉他人。有效期至 ${d.expiresAt}。`],
    en: ['Your one-time code', (d) => `Your code is good for fifteen minutes; tell it to nobody. Valid until ${d.expiresAt}.`],
  }),
  template(identityFacts.AgreementAccepted, {
    zh: ['已接受用户协议', (d) => `您已接受用户协议 ${d.agreementVersion} 版。`],
    en: ['Agreement accepted', (d) => `You have accepted version ${d.agreementVersion} of the user agreement.`],
  }),
  template(identityFacts.AccountVerified, {
    zh: ['实名认证通过', () => '您的账户已通过实名认证，可以下单。付款人名称须与认证名称一致。'],
    en: ['Identity verified', () => 'Your account is verified and can order. Whoever pays must bear the verified name.'],
  }),
  template(identityFacts.VerificationRejected, {
    zh: ['实名认证未通过', (d) => `您的实名认证未通过（${d.reason}），可以更正后重新提交。`],
    en: ['Identity not verified', (d) => `Your identity could not be verified (${d.reason}); you may correct and ask again.`],
  }),
  template(identityFacts.AnomalyReported, {
    zh: ['已收到异常报告', () => '已收到您的账户异常报告：此前的登录已全部失效，请重新登录；专员将进行核查。'],
    en: [
      'Anomaly reported',
      () => 'We have your report: every earlier log-in has ended, please log in again. An officer will look into it.',
    ],
  }),
  template(orderFacts.OrderSubmitted, {
    zh: [
      '订单已提交',
      (d) =>
        `订单 ${d.orderId} 已提交，应付 ${zhMoney(amount(d.payableMinor, d.currency))}，请于 ${lastDay(d.payBy)} 前付款。提交后内容不可修改。`,
    ],
    en: [
      'Order submitted',
      (d) =>
        `Order ${d.orderId} is submitted: ${enMoney(amount(d.payableMinor, d.currency))} to pay by ${lastDay(d.payBy)}. It cannot be changed any more.`,
    ],
  }),
  template(orderFacts.OrderCancelled, {
    zh: ['订单已取消', (d) => `订单 ${d.orderId} 已取消。`],
    en: ['Order cancelled', (d) => `Order ${d.orderId} is cancelled.`],
  }),
  template(orderFacts.OrderExpired, {
    zh: ['订单已过期', (d) => `订单 ${d.orderId} 未按时付款，已过期。`],
    en: ['Order expired', (d) => `Order ${d.orderId} was not paid in time and has expired.`],
  }),
  template(orderFacts.OrderPaid, {
    zh: [
      '订单已付清',
      (d) =>
        `订单 ${d.orderId} 已付清 ${zhMoney(amount(d.paidMinor, d.currency))}。退款可在 ${lastDay(d.refundableUntil)} 前申请；发票将在 ${lastDay(d.invoiceDueBy)} 前开具。`,
    ],
    en: [
      'Order paid',
      (d) =>
        `Order ${d.orderId} is paid: ${enMoney(amount(d.paidMinor, d.currency))}. A refund can be asked for until ${lastDay(d.refundableUntil)}; the invoice comes by ${lastDay(d.invoiceDueBy)}.`,
    ],
  }),
  template(orderFacts.RefundRequested, {
    zh: [
      '退款申请已受理',
      (d) => `订单 ${d.orderId} 的退款申请已受理，将退还实付金额 ${zhMoney(amount(d.refundMinor, d.currency))}；代金券不予退还。`,
    ],
    en: [
      'Refund asked for',
      (d) => `A refund of ${enMoney(amount(d.refundMinor, d.currency))} for order ${d.orderId} is on its way; vouchers do not come back.`,
    ],
  }),
  template(orderFacts.RefundAwaitingInvoiceReturn, {
    zh: ['请先退回发票', (d) => `订单 ${d.orderId} 的发票已开具，退回发票后即办理退款。`],
    en: ['Please return the invoice', (d) => `The invoice of order ${d.orderId} has been issued; the refund goes out once it is back.`],
  }),
  template(orderFacts.RefundCompleted, {
    zh: ['退款已完成', (d) => `订单 ${d.orderId} 已退款 ${zhMoney(amount(d.refundedMinor, d.currency))}。`],
    en: ['Refund completed', (d) => `${enMoney(amount(d.refundedMinor, d.currency))} of order ${d.orderId} are back with you.`],
  }),
  template(billingFacts.PaymentHeld, {
    zh: ['付款暂挂', (d) => `收到一笔 ${zhMoney(d)} 的付款（${d.paymentId}），暂不能入账（${d.reason}），将由专员处理。`],
    en: ['Payment held', (d) => `A payment of ${enMoney(d)} (${d.paymentId}) is held (${d.reason}); an officer will look at it.`],
  }),
  template(billingFacts.PaymentReturned, {
    zh: ['付款已退回', (d) => `付款 ${d.paymentId} 的 ${zhMoney(d)} 已退回付款人。`],
    en: ['Payment returned', (d) => `${enMoney(d)} of payment ${d.paymentId} went back to the payer.`],
  }),
  template(billingFacts.ReceivableOverdue, {
    zh: ['账单逾期', (d) => `账单 ${d.receivableId} 的 ${zhMoney(d)} 已逾期，账户将被暂停，付清后恢复。`],
    en: ['Bill overdue', (d) => `Bill ${d.receivableId} over ${enMoney(d)} is overdue; the account is suspended until it is paid.`],
  }),
  template(invoiceFacts.InvoiceIssued, {
    zh: ['发票已开具', (d) => `订单 ${d.orderId} 的发票 ${d.invoiceNumber} 已开具。`],
    en: ['Invoice issued', (d) => `Invoice ${d.invoiceNumber} of order ${d.orderId} has been issued.`],
  }),
  template(invoiceFacts.InvoiceDispatched, {
    zh: ['发票已发出', (d) => `发票 ${d.invoiceNumber} 已按您选择的方式发出。`],
    en: ['Invoice dispatched', (d) => `Invoice ${d.invoiceNumber} is on its way as you chose.`],
  }),
  template(invoiceFacts.InvoiceReturned, {
    zh: ['发票已退回', (d) => `发票 ${d.invoiceNumber} 已退回并红冲。`],
    en: ['Invoice returned', (d) => `Invoice ${d.invoiceNumber} is back and cancelled by a red-letter invoice.`],
  }),
  template(complianceFacts.AccountSuspended, {
    zh: [
      '账户已暂停',
      (d) => `您的账户已依协议 ${d.cause} 条暂停：不能下单，仍可付款、导出数据、接收发票和依约退款；此前应付款项仍须支付。`,
    ],
    en: [
      'Account suspended',
      (d) =>
        `Your account is suspended under clause ${d.cause}: you cannot order, but can pay, export, receive invoices and be refunded. What you owe stays due.`,
    ],
  }),
  template(complianceFacts.AccountReinstated, {
    zh: ['账户已恢复', () => '您的账户已恢复使用。'],
    en: ['Account reinstated', () => 'Your account can be used again.'],
  }),
];
