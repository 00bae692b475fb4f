import { setTimeout as pause } from 'node:timers/promises';
import { equal, ok } from 'node:assert/strict';
import type { Answer } from '../story/client';
import { Teller, type Customer } from '../story/teller';
import type { Dice } from './dice';

const password = 'drei-Katzen-7';
const creditCodes = ['91330106MA28XXXX7E', '91330108MA2GXXXX0A'];
const products = [{ sku: 'waf-std', name: '云 WAF 标准版', unitPriceMinor: 98_000, thirdPartyContent: false, termMonths: 12 }];

/** What an order comes to; each kind says where it has to end. */
export const kinds = {
  paid: ['paid'],
  refunded: ['refunded'],
  cancelled: ['cancelled'],
  late: ['cancelled'],
  mistaken: ['paid'],
  raced: ['paid', 'cancelled'],
  silent: ['expired'],
} as const satisfies Readonly<Record<string, readonly string[]>>;
export type Kind = keyof typeof kinds;

export interface Told {
  readonly orderId: string;
  readonly kind: Kind;
}

/** Customers who order, pay, pay wrongly, call off and ask for their money, all at once. */
export class Crowd extends Teller {
  readonly customers: Customer[] = [];

  /** Names and places that must not be seen in clear anywhere outside of the services' own sight. */
  get secrets(): readonly string[] {
    return [...this.customers.flatMap(({ email, name }) => [email, name]), '杭州市滨江区人群路', '0571-00000000', password];
  }

  async gather(count: number): Promise<void> {
    const published = await this.as('operator', 'POST', '/compliance/agreements', {
      agreementVersion: this.version,
      text: this.options.agreement,
    });
    ok(published.status < 300, JSON.stringify(published.body));
    equal(
      (await this.as('operator', 'POST', '/order/price-lists', { version: `prices-${this.options.run}`, currency: 'CNY', products }))
        .status,
      201,
    );
    await this.settle();
    for (let at = 0; at < count; at += 4)
      await Promise.all([0, 1, 2, 3].filter((more) => at + more < count).map((more) => this.register(at + more)));
    await this.settle();
  }

  private async register(at: number): Promise<void> {
    const email = `crowd-${this.options.run}-${at}@example.com`;
    const name = `人群示例第${at}号有限公司`;
    const registered = await this.client.post('/identity/accounts', { email, password, locale: 'zh' });
    equal(registered.status, 201, JSON.stringify(registered.body));
    const id = registered.body.id as string;
    let code: string | undefined;
    while (code === undefined) {
      await pause(100);
      code = /\b\d{6}\b/.exec(await this.lastMailTo(email))?.[0];
    }
    equal((await this.client.post(`/identity/accounts/${id}/email-proof`, { code })).status, 200);
    const customer = { id, email, password, name };
    const papers = { subject: 'enterprise', name, creditCode: creditCodes[at % 2], legalRepresentative: '示例人' };
    const asked = await this.asCustomer(customer, 'POST', `/identity/accounts/${id}/verification`, papers);
    ok(asked.status < 300, JSON.stringify(asked.body));
    this.customers.push(customer);
  }

  /** The body of an order. */
  orderOf({ name, email }: Customer, quantity = 1): object {
    return {
      lines: [{ sku: 'waf-std', quantity }],
      company: { name, address: '杭州市滨江区人群路 1 号', contact: '0571-00000000' },
      invoice: { title: name, taxId: creditCodes[0], way: 'e-mail', address: email },
    };
  }

  async submit(customer: Customer, quantity = 1): Promise<string> {
    const submitted = await this.asCustomer(customer, 'POST', '/order/orders', this.orderOf(customer, quantity));
    equal(submitted.status, 201, JSON.stringify(submitted.body));
    return submitted.body.id as string;
  }

  /** Waits until nothing works any more. */
  quiet(): Promise<void> {
    return this.settle();
  }

  /** Tells one order's story of a kind, as far as people have a part in it; deadlines do the rest. */
  async tell(kind: Kind, customer: Customer, dice: Dice): Promise<Told> {
    const orderId = await this.submit(customer, dice.between(1, 3));
    await this.play(kind, customer, orderId, dice);
    return { orderId, kind };
  }

  private async play(kind: Kind, customer: Customer, orderId: string, dice: Dice): Promise<void> {
    const times = dice.between(1, 3);
    switch (kind) {
      case 'paid':
        return this.pay(customer, orderId, { times });
      case 'refunded':
        await this.pay(customer, orderId, { times });
        await this.until(customer, orderId, 'paid');
        await Promise.all([1, 2].map(() => this.asCustomer(customer, 'POST', `/order/orders/${orderId}/refund`, { reason: '不再需要' })));
        return;
      case 'cancelled':
        return this.cancel(customer, orderId);
      case 'late':
        await this.open(customer, orderId);
        await this.cancel(customer, orderId);
        return this.pay(customer, orderId, { times });
      case 'mistaken':
        await this.pay(customer, orderId, { payerName: '另一家公司' });
        await this.giveBack(orderId);
        return this.pay(customer, orderId, { times });
      case 'raced':
        await this.open(customer, orderId);
        await Promise.all([this.pay(customer, orderId, { times }), this.cancel(customer, orderId)]);
        return;
      case 'silent':
        return;
    }
  }

  /** The gateway takes the money once and tells of it until it is heard. */
  private async pay(customer: Customer, orderId: string, more: object): Promise<void> {
    await this.open(customer, orderId);
    const paymentId = `crowd.${orderId}.${JSON.stringify(more).length}`;
    for (;;) {
      const answer = await this.asCustomer(customer, 'POST', '/billing/sandbox/payments', { receivableId: orderId, paymentId, ...more });
      ok(answer.status < 300, JSON.stringify(answer.body));
      const answers = answer.body.answers as readonly { readonly status: number }[];
      if (answers.some(({ status }) => status < 500 && status !== 409)) return;
      await pause(300);
    }
  }

  /** Waits until billing has heard of the order. */
  private async open(customer: Customer, orderId: string): Promise<void> {
    while ((await this.asCustomer(customer, 'GET', `/billing/receivables/${orderId}`)).status !== 200) await pause(300);
  }

  private async until(customer: Customer, orderId: string, status: string): Promise<Answer> {
    for (;;) {
      const order = await this.asCustomer(customer, 'GET', `/order/orders/${orderId}`);
      if (order.body?.status === status) return order;
      await pause(300);
    }
  }

  private async cancel(customer: Customer, orderId: string): Promise<void> {
    const answer = await this.asCustomer(customer, 'POST', `/order/orders/${orderId}/cancellation`);
    ok(answer.status < 300 || answer.body.code === 'order-paid', JSON.stringify(answer.body));
  }

  private async giveBack(orderId: string): Promise<void> {
    for (;;) {
      const { items } = (await this.as('officer', 'GET', `/billing/payments?receivableId=${orderId}`)).body;
      const held = items.find(({ place }: { place: string }) => place === 'held');
      if (held !== undefined) {
        const back = await this.as('officer', 'POST', `/billing/receivables/${orderId}/payments/${held.paymentId}/return`, {
          reason: 'another name',
        });
        ok(back.status < 300, JSON.stringify(back.body));
        return;
      }
      await pause(300);
    }
  }

  /** Goes through every deadline there is, as often as it takes while processes die. */
  async longAfter(days: number): Promise<void> {
    const target = new Date(Date.parse(await this.now()) + days * 86_400_000).toISOString();
    // A journey that is broken off has come some way, and then the token it began with is too old.
    while ((await this.now()) < target) this.tellBusy(await this.as('operator', 'POST', '/clock/advance', { to: target }));
    for (;;) {
      const settled = await this.as('operator', 'POST', '/clock/settle', {});
      if (settled.status === 200) return;
      this.tellBusy(settled);
    }
  }

  private tellBusy({ status, body }: Answer): void {
    if (status === 503) this.options.print(`  not quiet: ${JSON.stringify(body?.busy ?? body)}`);
  }
}
