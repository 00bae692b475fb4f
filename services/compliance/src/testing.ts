import { billingFacts, identityFacts, invoiceFacts } from '@qiyue/contracts';
import { factTeller, startPlatform, type RequestOptions, type TestPlatform, type TestPlatformOptions } from '@qiyue/service-kit/testing';
import { randomUUID } from 'node:crypto';
import { complianceService } from './compliance.module';
import { smallAgreement } from './domain/agreement.examples';

export const operator = { as: 'operator' } as const;
export const officer = { as: 'officer' } as const;
export const auditor = { as: 'auditor' } as const;
export const customer = (accountId: string): RequestOptions => ({ as: { role: 'customer', sub: accountId } });

/** A stored event, as the audit endpoint shows it. */
interface Stored {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** The compliance service at work, and what its neighbours tell it; personal data comes sealed, as a relay publishes it. */
export const startCompliance = async (options: TestPlatformOptions = {}) => {
  const qiyue: TestPlatform = await startPlatform([complianceService], options);
  const tell = factTeller(qiyue);
  const sealed = (accountId: string, text: string): Promise<string> =>
    qiyue.platform.state.process.vault.seal(accountId, randomUUID(), 'told', text);

  const publish = (agreementVersion: string, more: object = {}, sent: RequestOptions = {}) =>
    qiyue.post('/compliance/agreements', { agreementVersion, text: smallAgreement(), ...more }, { ...operator, ...sent });
  const anAccount = async (email = `li-${randomUUID()}@example.com`): Promise<string> => {
    const accountId = randomUUID();
    await tell(identityFacts.AccountRegistered, accountId, {
      accountId,
      email: await sealed(accountId, email),
      locale: 'zh',
      registeredAt: qiyue.now(),
    });
    await qiyue.settle();
    return accountId;
  };
  const bill = (accountId: string, receivableId: string = randomUUID()) => {
    const ids = { accountId, receivableId };
    return {
      receivableId,
      overdue: () => tell(billingFacts.ReceivableOverdue, receivableId, { ...billingFacts.ReceivableOverdue.example, ...ids }),
      paid: () => tell(billingFacts.PaymentApplied, receivableId, { ...billingFacts.PaymentApplied.example, ...ids, kind: 'bill' }),
    };
  };
  /** Money that somebody paid, as billing tells of it. */
  const payment = (accountId: string, paymentId = `p.${randomUUID()}`) => {
    const receivableId = randomUUID();
    const ids = { accountId, receivableId, paymentId };
    return {
      paymentId,
      caseId: `payment-held.${paymentId}`,
      held: async (payerName = '某某') =>
        tell(billingFacts.PaymentHeld, receivableId, {
          ...billingFacts.PaymentHeld.example,
          ...ids,
          payerName: await sealed(accountId, payerName),
        }),
      released: () => tell(billingFacts.PaymentReleased, receivableId, { ...billingFacts.PaymentReleased.example, ...ids }),
      returned: () => tell(billingFacts.PaymentReturned, receivableId, { ...billingFacts.PaymentReturned.example, ...ids }),
    };
  };
  const lateInvoice = (accountId: string) => {
    const ids = { orderId: randomUUID(), accountId };
    return {
      caseId: `invoice-overdue.${ids.orderId}`,
      overdue: () => tell(invoiceFacts.InvoiceOverdue, ids.orderId, { ...invoiceFacts.InvoiceOverdue.example, ...ids }),
      issued: () => tell(invoiceFacts.InvoiceIssued, ids.orderId, { ...invoiceFacts.InvoiceIssued.example, ...ids }),
      cancelled: () => tell(invoiceFacts.InvoiceCancelled, ids.orderId, { ...invoiceFacts.InvoiceCancelled.example, ...ids }),
    };
  };
  const standingOf = async (accountId: string, as: RequestOptions = officer) =>
    (await qiyue.get(`/compliance/accounts/${accountId}/standing`, as)).body;
  const caseOf = async (caseId: string, as: RequestOptions = officer) => (await qiyue.get(`/compliance/cases/${caseId}`, as)).body;
  const eventsOf = async (stream: string): Promise<readonly Stored[]> =>
    ((await qiyue.get(`/compliance/audit/streams/${stream}?limit=500`, auditor)).body.events ?? []) as readonly Stored[];
  const typesOf = async (stream: string): Promise<readonly string[]> => (await eventsOf(stream)).map(({ type }) => type);
  return { qiyue, tell, publish, anAccount, bill, payment, lateInvoice, standingOf, caseOf, eventsOf, typesOf };
};

export type ComplianceBench = Awaited<ReturnType<typeof startCompliance>>;
