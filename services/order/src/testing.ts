import { randomUUID } from 'node:crypto';
import { billingFacts, complianceFacts, identityFacts, invoiceFacts } from '@qiyue/contracts';
import { factTeller, startPlatform, type Answer, type RequestOptions, type TestPlatform } from '@qiyue/service-kit/testing';
import { orderService } from './order.module';

export const name = '杭州示例科技有限公司';
export const company = { name, address: '杭州市滨江区示例路 1 号', contact: '0571-00000000' };
export const invoice = { title: name, taxId: '91330108MA2GXXXX0A', way: 'e-mail', address: 'invoices@example.com' };
export const products = [
  { sku: 'waf-std', name: '云 WAF 标准版', unitPriceMinor: 98_000, thirdPartyContent: false, termMonths: 12 },
  { sku: 'intel-feed', name: '威胁情报订阅', unitPriceMinor: 20_050, thirdPartyContent: true, termMonths: 1 },
];
export const wanted = { lines: [{ sku: 'waf-std', quantity: 2 }], company, invoice };
export const operator = { as: 'operator' } as const;
export const finance = { as: 'finance' } as const;
export const customer = (accountId: string): RequestOptions => ({ as: { role: 'customer', sub: accountId } });

const hash = 'a'.repeat(64);
const { AgreementAccepted, AccountVerified } = identityFacts;

/** The order service at work, and what its neighbours tell it. */
export const startOrder = async () => {
  const qiyue: TestPlatform = await startPlatform([orderService]);
  const tell = factTeller(qiyue);

  const publishAgreement = (agreementVersion: string, parameters: Record<string, number> = {}, effectiveAt = qiyue.now()) =>
    tell(complianceFacts.AgreementVersionPublished, 'user', {
      agreementVersion,
      documentHash: hash,
      effectiveAt,
      publishedAt: qiyue.now(),
      parameters,
      changes: [],
    });
  const accept = (accountId: string, agreementVersion = '2026-01') =>
    tell(AgreementAccepted, accountId, { accountId, agreementVersion, documentHash: hash, act: 'registration', acceptedAt: qiyue.now() });
  /** The verified name comes sealed, as a relay publishes it. */
  const verify = async (accountId: string) => {
    const verifiedName = await qiyue.platform.state.process.vault.seal(accountId, randomUUID(), 'verifiedName', name);
    return tell(AccountVerified, accountId, { accountId, subject: 'enterprise', verifiedName, verifiedAt: qiyue.now() });
  };
  /** An account that may order. */
  const anAccount = async (): Promise<string> => {
    const accountId = randomUUID();
    await accept(accountId);
    await verify(accountId);
    await qiyue.settle();
    return accountId;
  };
  const submit = (accountId: string, more: object = {}, options: RequestOptions = {}): Promise<Answer> =>
    qiyue.post('/order/orders', { ...wanted, ...more }, { ...customer(accountId), ...options });
  const anOrder = async (more: object = {}): Promise<{ accountId: string; orderId: string }> => {
    const accountId = await anAccount();
    const { body } = await submit(accountId, more);
    await qiyue.settle();
    return { accountId, orderId: body.id };
  };
  const orderOf = async (orderId: string) => (await qiyue.get(`/order/orders/${orderId}`, { as: 'auditor' })).body;
  const applied = async (
    { accountId, orderId }: { accountId: string; orderId: string },
    more: Partial<(typeof billingFacts.PaymentApplied)['example']> = {},
  ) => {
    const { payableMinor } = await orderOf(orderId);
    const now = qiyue.now();
    return tell(billingFacts.PaymentApplied, orderId, {
      receivableId: orderId,
      accountId,
      kind: 'order',
      paymentId: `p.${orderId}`,
      amountMinor: payableMinor,
      currency: 'CNY',
      method: 'alipay',
      receivedAt: now,
      appliedAt: now,
      ...more,
    });
  };
  const aPaidOrder = async (more: object = {}) => {
    const ids = await anOrder(more);
    await applied(ids);
    await qiyue.settle();
    return ids;
  };
  const refund = (ids: { accountId: string; orderId: string }, options: RequestOptions = {}) =>
    qiyue.post(`/order/orders/${ids.orderId}/refund`, { reason: '不再需要' }, { ...customer(ids.accountId), ...options });
  const settled = async (
    ids: { accountId: string; orderId: string },
    more: Partial<(typeof billingFacts.RefundSettled)['example']> = {},
  ) => {
    const { refundMinor } = await orderOf(ids.orderId);
    return tell(billingFacts.RefundSettled, ids.orderId, {
      receivableId: ids.orderId,
      accountId: ids.accountId,
      payoutId: `out.${ids.orderId}`,
      amountMinor: refundMinor,
      currency: 'CNY',
      settledAt: qiyue.now(),
      ...more,
    });
  };
  const invoiceTells = {
    issued: (ids: { accountId: string; orderId: string }) =>
      tell(invoiceFacts.InvoiceIssued, ids.orderId, {
        ...ids,
        invoiceNumber: '26330000000000000001',
        amountMinor: 196_000,
        currency: 'CNY',
        issuedAt: qiyue.now(),
      }),
    cancelled: (ids: { accountId: string; orderId: string }) =>
      tell(invoiceFacts.InvoiceCancelled, ids.orderId, { ...ids, cancelledAt: qiyue.now() }),
    returnRequired: (ids: { accountId: string; orderId: string }) =>
      tell(invoiceFacts.InvoiceReturnRequired, ids.orderId, { ...ids, requiredAt: qiyue.now() }),
    returned: (ids: { accountId: string; orderId: string }) =>
      tell(invoiceFacts.InvoiceReturned, ids.orderId, {
        ...ids,
        invoiceNumber: '26330000000000000001',
        redLetterNumber: '26330000000000000002',
        returnedAt: qiyue.now(),
      }),
  };
  /** Types of the stored events of a stream, in order. */
  const eventsOf = async (stream: string) =>
    ((await qiyue.get(`/order/audit/streams/${stream}?limit=500`, { as: 'auditor' })).body.events ?? []) as {
      type: string;
      data: Record<string, unknown>;
      metadata: Record<string, unknown>;
    }[];
  const typesOf = async (stream: string): Promise<readonly string[]> => (await eventsOf(stream)).map(({ type }) => type);
  const issueVoucher = async (accountId: string, more: object = {}): Promise<string> => {
    const code = `V-${randomUUID()}`;
    await qiyue.post(
      '/order/vouchers',
      { code, accountId, amountMinor: 5_000, currency: 'CNY', validUntil: '2027-01-01T00:00:00+08:00', ...more },
      finance,
    );
    return code;
  };
  return {
    qiyue,
    tell,
    publishAgreement,
    accept,
    verify,
    anAccount,
    submit,
    anOrder,
    aPaidOrder,
    orderOf,
    applied,
    refund,
    settled,
    invoiceTells,
    eventsOf,
    typesOf,
    issueVoucher,
  };
};

export type OrderBench = Awaited<ReturnType<typeof startOrder>>;
