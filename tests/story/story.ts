import { addMs } from '@qiyue/calendar';
import { deepEqual, equal, ok } from 'node:assert/strict';
import type { Answer } from './client';
import { Teller, type Customer, type StoryResult } from './teller';

const password = 'drei-Katzen-7';
const products = [
  { sku: 'waf-std', name: '云 WAF 标准版', unitPriceMinor: 98_000, thirdPartyContent: false, termMonths: 12 },
  { sku: 'scan-pro', name: '漏洞扫描专业版', unitPriceMinor: 45_500, thirdPartyContent: true, termMonths: 12 },
];
const lines = [
  { sku: 'waf-std', quantity: 2 },
  { sku: 'scan-pro', quantity: 1 },
];
const listAmountMinor = 2 * 98_000 + 45_500;
const voucherMinor = 5_000;
const creditCodes = ['91330106MA28XXXX7E', '91330108MA2GXXXX0A'];

/** The whole story, step by step, over HTTP. Each step says which clause decided it; a step that goes wrong is counted and told. */
export class Story extends Teller {
  async run(): Promise<StoryResult> {
    await this.publish();
    const [first, second] = [await this.register(0), await this.register(1)];
    await this.verification(first, second);
    const orders = [await this.order(first, true), await this.order(second, false)] as const;
    await this.frozen(first, orders[0]);
    await this.payments(first, orders[0]);
    await this.pay(second, orders[1], listAmountMinor);
    await this.invoice(first, orders[0]);
    await this.refund(first, orders[0]);
    await this.tooLate(second, orders[1]);
    await this.suspension(second);
    await this.notices(first, second);
    await this.audit(orders[0]);
    return this.result;
  }

  // ---- 1 the agreement --------------------------------------------------------------------------------------------

  private async publish(): Promise<void> {
    await this.step('the operator publishes the agreement', '1.2', async () => {
      const answer = await this.as('operator', 'POST', '/compliance/agreements', {
        agreementVersion: this.version,
        text: this.options.agreement,
      });
      ok(answer.status < 300, JSON.stringify(answer.body));
      await this.settle();
      const version = await this.as('operator', 'GET', `/compliance/agreements/${this.version}`);
      ok(version.body.changes.length > 0, 'the diff against the version before is empty');
      const slips = version.body.anomalies.filter(({ kind }: { kind: string }) => kind === 'numbering').length;
      return `version ${this.version}, hash ${version.body.documentHash.slice(0, 12)}…, refund window ${version.body.parameters.refundWindowWorkingDays} working days, ${slips} slip(s) in its numbering`;
    });
    await this.step('and prices, and a voucher', '2.2.4', async () => {
      equal(
        (await this.as('operator', 'POST', '/order/price-lists', { version: `prices-${this.options.run}`, currency: 'CNY', products }))
          .status,
        201,
      );
      return `${products.length} products`;
    });
  }

  // ---- 2 and 3 who somebody is ------------------------------------------------------------------------------------

  private async register(at: number): Promise<Customer> {
    const email = `story-${this.options.run}-${at}@example.com`;
    const name = ['杭州云栖示例科技有限公司', '宁波示例软件（集团）有限公司'][at] ?? '';
    let id = '';
    await this.step(`customer ${at + 1} registers, proves the address and thereby accepts`, '1.1', async () => {
      const registered = await this.client.post('/identity/accounts', { email, password, locale: 'zh' });
      equal(registered.status, 201, JSON.stringify(registered.body));
      id = registered.body.id;
      await this.settle();
      const early = await this.client.post('/identity/sessions', { email, password });
      this.refused(early, 'email-not-proved', '2.1.1');
      const code = /\b\d{6}\b/.exec(await this.lastMailTo(email))?.[0];
      const proved = await this.client.post(`/identity/accounts/${id}/email-proof`, { code });
      deepEqual(
        proved.body.events.map(({ type }: { type: string }) => type),
        ['EmailProved', 'AgreementAccepted'],
      );
      await this.settle();
      return `account ${id}`;
    });
    return { id, email, password, name };
  }

  private async verification(first: Customer, second: Customer): Promise<void> {
    await this.step('an order before verification is refused', '2.1.1', async () => {
      this.refused(await this.submit(first, undefined), 'account-not-verified', '2.1.1');
    });
    await this.step('a credit code with a wrong check digit is refused', '2.1.1', async () => {
      const papers = {
        subject: 'enterprise',
        name: first.name,
        creditCode: `${creditCodes[0]?.slice(0, 17) ?? ''}0`,
        legalRepresentative: '示例人',
      };
      this.refused(
        await this.asCustomer(first, 'POST', `/identity/accounts/${first.id}/verification`, papers),
        'credit-code-invalid',
        '2.1.1',
      );
    });
    await this.step('both enterprises are verified', '2.1.1', async () => {
      for (const [at, customer] of [first, second].entries()) {
        const papers = { subject: 'enterprise', name: customer.name, creditCode: creditCodes[at], legalRepresentative: '示例人' };
        const asked = await this.asCustomer(customer, 'POST', `/identity/accounts/${customer.id}/verification`, papers);
        ok(asked.status < 300, JSON.stringify(asked.body));
      }
      await this.settle();
      for (const customer of [first, second])
        equal((await this.asCustomer(customer, 'GET', `/identity/accounts/${customer.id}`)).body.status, 'verified');
    });
  }

  // ---- 4 ordering -------------------------------------------------------------------------------------------------

  private get voucherCode(): string {
    return `SPRING-${this.options.run}`;
  }

  private submit(customer: Customer, voucherCode: string | undefined): Promise<Answer> {
    return this.asCustomer(customer, 'POST', '/order/orders', {
      lines,
      company: { name: customer.name, address: '杭州市滨江区示例路 1 号', contact: '0571-00000000' },
      invoice: { title: customer.name, taxId: creditCodes[0], way: 'e-mail', address: customer.email },
      ...(voucherCode === undefined ? {} : { voucherCode }),
    });
  }

  private async order(customer: Customer, withVoucher: boolean): Promise<string> {
    let orderId = '';
    await this.step(`an order with two lines${withVoucher ? ' and a voucher' : ''} is submitted`, '2.2.1', async () => {
      if (withVoucher) {
        const validUntil = addMs(await this.now(), 90 * 86_400_000);
        const issued = await this.as('finance', 'POST', '/order/vouchers', {
          code: this.voucherCode,
          accountId: customer.id,
          amountMinor: voucherMinor,
          currency: 'CNY',
          validUntil,
        });
        equal(issued.status, 201, JSON.stringify(issued.body));
        await this.settle();
      }
      const submitted = await this.submit(customer, withVoucher ? this.voucherCode : undefined);
      equal(submitted.status, 201, JSON.stringify(submitted.body));
      orderId = submitted.body.id;
      await this.settle();
      const order = await this.asCustomer(customer, 'GET', `/order/orders/${orderId}`);
      equal(order.body.payableMinor, listAmountMinor - (withVoucher ? voucherMinor : 0));
      return `order ${orderId}, ${order.body.payableMinor / 100} ${order.body.currency} to pay`;
    });
    return orderId;
  }

  private async frozen(customer: Customer, orderId: string): Promise<void> {
    await this.step('changing it is refused, whatever is to be changed', '2.2.1', async () => {
      const before = await this.asCustomer(customer, 'GET', `/order/orders/${orderId}`);
      for (const change of [{ lines: [] }, { invoice: { title: 'x' } }, { company: { name: 'x' } }]) {
        this.refused(await this.asCustomer(customer, 'PATCH', `/order/orders/${orderId}`, change), 'order-is-frozen', '2.2.1');
      }
      deepEqual((await this.asCustomer(customer, 'GET', `/order/orders/${orderId}`)).body, before.body);
    });
  }

  // ---- 5 paying ---------------------------------------------------------------------------------------------------

  private pay(customer: Customer, receivableId: string, amountMinor: number, more: object = {}): Promise<Answer> {
    return this.asCustomer(customer, 'POST', '/billing/sandbox/payments', {
      receivableId,
      amountMinor,
      currency: 'CNY',
      method: 'alipay',
      payerName: customer.name,
      ...more,
    }).then(async (answer) => {
      ok(answer.status < 300, JSON.stringify(answer.body));
      await this.settle();
      return answer;
    });
  }

  private async payments(customer: Customer, orderId: string): Promise<void> {
    const amountMinor = listAmountMinor - voucherMinor;
    await this.step('a payment by somebody else is held and returned', '2.2.2', async () => {
      const { body } = await this.pay(customer, orderId, amountMinor, { payerName: '另一家公司' });
      const held = await this.as('officer', 'GET', '/billing/payments/held');
      const payment = held.body.items.find(({ receivableId }: { receivableId: string }) => receivableId === orderId);
      equal(payment?.heldFor, 'payer-name-differs');
      ok(
        (await this.as('officer', 'GET', '/compliance/cases?status=open')).body.items.some(
          ({ about }: { about: string }) => about === payment.paymentId,
        ),
        'no case was opened',
      );
      equal((await this.asCustomer(customer, 'GET', `/order/orders/${orderId}`)).body.status, 'submitted');
      const returned = await this.as('officer', 'POST', `/billing/receivables/${orderId}/payments/${payment.paymentId}/return`, {
        reason: 'not the verified name',
      });
      ok(returned.status < 300, JSON.stringify(returned.body));
      await this.settle();
      const ledger = await this.ledger(orderId);
      deepEqual([ledger.inMinor, ledger.outMinor], [amountMinor, amountMinor]);
      return `payment ${payment.paymentId ?? body.paymentId} went back`;
    });
    await this.step('the right payment arrives twice and counts once', '2.2.2', async () => {
      await this.pay(customer, orderId, amountMinor, { times: 2 });
      const order = (await this.asCustomer(customer, 'GET', `/order/orders/${orderId}`)).body;
      equal(order.status, 'paid');
      equal(order.paidMinor, amountMinor);
      ok(order.refundableUntil && order.invoiceDueBy, 'the deadlines are missing');
      const events = await this.as('auditor', 'GET', `/order/audit/streams/order-${orderId}`);
      equal(events.body.events.filter(({ type }: { type: string }) => type === 'OrderPaid').length, 1);
      return `refund until ${order.refundableUntil}, invoice by ${order.invoiceDueBy}`;
    });
  }

  // ---- 6 the invoice ----------------------------------------------------------------------------------------------

  private async invoice(customer: Customer, orderId: string): Promise<void> {
    await this.step('the invoice is issued within its term and dispatched', '2.2.3', async () => {
      const { dueBy } = (await this.asCustomer(customer, 'GET', `/invoice/invoices/${orderId}`)).body;
      const { refundableUntil } = (await this.asCustomer(customer, 'GET', `/order/orders/${orderId}`)).body;
      await this.advance(addMs(refundableUntil, -3_600_000));
      const invoice = (await this.asCustomer(customer, 'GET', `/invoice/invoices/${orderId}`)).body;
      equal(invoice.status, 'dispatched');
      ok(invoice.issuedAt < dueBy, `issued ${invoice.issuedAt}, due ${dueBy}`);
      return `invoice ${invoice.invoiceNumber}, issued ${invoice.issuedAt}`;
    });
  }

  // ---- 7 refunds --------------------------------------------------------------------------------------------------

  private async refund(customer: Customer, orderId: string): Promise<void> {
    const amountMinor = listAmountMinor - voucherMinor;
    await this.step('a refund asked for on the last working day of the window waits for the invoice', '2.2.5', async () => {
      const { refundableUntil } = (await this.asCustomer(customer, 'GET', `/order/orders/${orderId}`)).body;
      ok((await this.now()) < refundableUntil, 'the clock is past the window');
      const asked = await this.asCustomer(customer, 'POST', `/order/orders/${orderId}/refund`, { reason: '不再需要' });
      ok(asked.status < 300, JSON.stringify(asked.body));
      ok(asked.body.events.some(({ type, clause }: { type: string; clause: string }) => type === 'RefundRequested' && clause === '2.2.5'));
      await this.settle();
      equal((await this.asCustomer(customer, 'GET', `/order/orders/${orderId}`)).body.status, 'refund-awaiting-invoice');
      equal((await this.ledger(orderId)).outMinor, amountMinor, 'money went out before the invoice was back');
    });
    await this.step('the invoice comes back and exactly the paid amount goes out, once', '2.2.5', async () => {
      const back = await this.asCustomer(customer, 'POST', `/invoice/invoices/${orderId}/return`, {});
      ok(back.status < 300, JSON.stringify(back.body));
      await this.settle();
      const order = (await this.asCustomer(customer, 'GET', `/order/orders/${orderId}`)).body;
      equal(order.status, 'refunded');
      const ledger = await this.ledger(orderId);
      deepEqual([ledger.inMinor, ledger.outMinor], [2 * amountMinor, 2 * amountMinor]);
      const invoice = (await this.asCustomer(customer, 'GET', `/invoice/invoices/${orderId}`)).body;
      equal(invoice.status, 'returned');
      return `red-letter invoice ${invoice.redLetterNumber}, ${amountMinor / 100} CNY back`;
    });
    await this.step('the voucher does not come back', '2.2.5', async () => {
      this.refused(await this.submit(customer, this.voucherCode), 'voucher-unusable', '2.2.5');
    });
  }

  private async tooLate(customer: Customer, orderId: string): Promise<void> {
    await this.step('the same request on the next working day is refused', '2.2.5', async () => {
      const { refundableUntil } = (await this.asCustomer(customer, 'GET', `/order/orders/${orderId}`)).body;
      await this.advance(refundableUntil);
      this.refused(
        await this.asCustomer(customer, 'POST', `/order/orders/${orderId}/refund`, { reason: '不再需要' }),
        'refund-window-closed',
        '2.2.5',
      );
    });
  }

  // ---- 8 suspension -----------------------------------------------------------------------------------------------

  private async suspension(customer: Customer): Promise<void> {
    await this.step('an officer suspends an account; it cannot order, but its bill stays due and can be paid', '8.2.2', async () => {
      const dueBy = addMs(await this.now(), 30 * 86_400_000);
      const billed = await this.as('finance', 'POST', '/billing/bills', {
        accountId: customer.id,
        amountMinor: 12_300,
        currency: 'CNY',
        description: '按量用量',
        dueBy,
      });
      equal(billed.status, 201, JSON.stringify(billed.body));
      const suspended = await this.as('officer', 'POST', `/compliance/accounts/${customer.id}/suspension`, {
        cause: '8.2.2',
        reason: 'scanned other customers',
      });
      equal(suspended.body.events[0].clause, '8.2.2', JSON.stringify(suspended.body));
      await this.settle();
      this.refused(await this.submit(customer, undefined), 'account-suspended', '8.2');
      const receivableId = billed.body.id as string;
      equal((await this.asCustomer(customer, 'GET', `/billing/receivables/${receivableId}`)).body.status, 'open');
      await this.pay(customer, receivableId, 12_300);
      equal((await this.asCustomer(customer, 'GET', `/billing/receivables/${receivableId}`)).body.status, 'paid');
    });
    await this.step('the account is reinstated and orders again', '8.2', async () => {
      const reinstated = await this.as('officer', 'POST', `/compliance/accounts/${customer.id}/reinstatement`, { reason: 'settled' });
      ok(reinstated.status < 300, JSON.stringify(reinstated.body));
      await this.settle();
      equal((await this.submit(customer, undefined)).status, 201);
      await this.settle();
    });
  }

  // ---- 9 notices --------------------------------------------------------------------------------------------------

  private async notices(first: Customer, second: Customer): Promise<void> {
    await this.step('each step left its notice, deemed delivered when sent', '7.1', async () => {
      const expected: readonly (readonly [Customer, readonly string[]])[] = [
        [
          first,
          [
            'AgreementAccepted',
            'AccountVerified',
            'OrderSubmitted',
            'PaymentHeld',
            'PaymentReturned',
            'OrderPaid',
            'InvoiceIssued',
            'InvoiceDispatched',
            'RefundRequested',
            'RefundAwaitingInvoiceReturn',
            'InvoiceReturned',
            'RefundCompleted',
          ],
        ],
        [second, ['AgreementAccepted', 'AccountVerified', 'OrderSubmitted', 'OrderPaid', 'AccountSuspended', 'AccountReinstated']],
      ];
      let count = 0;
      for (const [customer, templates] of expected) {
        const { items } = (await this.asCustomer(customer, 'GET', '/notification/notices?limit=100')).body;
        for (const template of templates)
          ok(
            items.some((notice: { template: string }) => notice.template === template),
            `no notice of ${template}`,
          );
        for (const notice of items) ok(notice.deemedDeliveredAt !== null, `${notice.template} is not deemed delivered`);
        count += items.length;
      }
      const { items } = (await this.client.get('/notification/announcements')).body;
      ok(
        items.some(({ body }: { body: string }) => body.includes(this.version)),
        'the new version was not announced',
      );
      return `${count} notices`;
    });
  }

  // ---- 10 audit ---------------------------------------------------------------------------------------------------

  private async audit(orderId: string): Promise<void> {
    const stream = `order-${orderId}`;
    await this.step("an auditor reads the order's stream and its chain verifies", '5.2', async () => {
      const events = await this.as('auditor', 'GET', `/order/audit/streams/${stream}`);
      ok(events.body.events.length >= 5);
      ok(!JSON.stringify(events.body).includes('示例'), 'the stream shows personal data in clear');
      const verified = await this.as('auditor', 'GET', `/order/audit/streams/${stream}/verify`);
      deepEqual([verified.body.ok, verified.body.events], [true, events.body.events.length], JSON.stringify(verified.body));
      return `${verified.body.events} events, head ${String(verified.body.head).slice(0, 12)}…`;
    });
    const { tamper } = this.options;
    if (tamper === undefined) return;
    await this.step('after one byte of a stored event is altered, verification names the event', '5.2', async () => {
      const revision = await tamper(stream);
      const verified = await this.as('auditor', 'GET', `/order/audit/streams/${stream}/verify`);
      deepEqual(
        [verified.body.ok, verified.body.at?.stream, String(verified.body.at?.revision)],
        [false, stream, revision],
        JSON.stringify(verified.body),
      );
      return `${verified.body.at.type} at revision ${revision}: ${verified.body.problem}`;
    });
  }
}
