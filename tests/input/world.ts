import { allServices } from '@qiyue/all-in-one';
import { startPlatform, type Answer, type RequestOptions, type TestPlatform } from '@qiyue/service-kit/testing';
import { hash } from '@node-rs/argon2';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const password = 'drei-Katzen-7';
export const agreementText = readFileSync(join(__dirname, '../../libs/agreement/sample/user-agreement.zh.txt'), 'utf8');
const creditCodes = ['91330106MA28XXXX7E', '91330108MA2GXXXX0A'];
export const names = ['杭州云栖示例科技有限公司', '宁波示例软件（集团）有限公司'];

export interface Customer {
  readonly id: string;
  readonly email: string;
  readonly name: string;
}

export const asCustomer = ({ id }: Pick<Customer, 'id'>): RequestOptions => ({ as: { role: 'customer', sub: id } });

/** The six services in one process on real parts, staff included. */
export const startEverything = async (env: Readonly<Record<string, string>> = {}): Promise<TestPlatform> => {
  // The lightest hash there is, because the machine that runs tests has other work.
  const passwordHash = await hash(password, { memoryCost: 1_024, timeCost: 1, parallelism: 1 });
  return startPlatform(allServices, {
    env: {
      IDENTITY_PEPPER: 'p'.repeat(32),
      BILLING_CALLBACK_SECRET: 'c'.repeat(32),
      STAFF: JSON.stringify([{ name: 'officer-1', role: 'officer', passwordHash }]),
      ...env,
    },
  });
};

/** Fails where something that should have worked did not. */
export const done = (answer: Answer): Answer => {
  if (answer.status >= 300) throw new Error(`${answer.status} ${answer.text}`);
  return answer;
};

export const companyOf = ({ name, email }: Customer) => ({
  company: { name, address: '杭州市滨江区示例路 1 号', contact: '0571-00000000' },
  invoice: { title: name, taxId: creditCodes[0], way: 'e-mail', address: email },
});
export const wantedBy = (customer: Customer, more: object = {}) => ({
  lines: [{ sku: 'waf-std', quantity: 2 }],
  ...companyOf(customer),
  ...more,
});
export const papersOf = ({ name }: Customer, at: number) => ({
  subject: 'enterprise',
  name,
  creditCode: creditCodes[at],
  legalRepresentative: '示例人',
});

/** The one-time code that was sent last to an address. */
export const codeSentTo = async (qiyue: TestPlatform, email: string): Promise<string> => {
  const { body } = await qiyue.get(`/notification/sandbox/mails?to=${encodeURIComponent(email)}`, { as: 'operator' });
  return /\b\d{6}\b/.exec(body.items.at(-1).text)?.[0] ?? '';
};

export const publish = async (qiyue: TestPlatform): Promise<void> => {
  done(await qiyue.post('/compliance/agreements', { agreementVersion: '2026-01', text: agreementText }, { as: 'operator' }));
  const products = [{ sku: 'waf-std', name: '云 WAF 标准版', unitPriceMinor: 98_000, thirdPartyContent: false, termMonths: 12 }];
  done(await qiyue.post('/order/price-lists', { version: '2026-spring', currency: 'CNY', products }, { as: 'operator' }));
  await qiyue.settle();
};

/** A customer whose address is proved. */
export const register = async (qiyue: TestPlatform, at: number): Promise<Customer> => {
  const email = `customer-${at}@example.com`;
  const { body } = done(await qiyue.post('/identity/accounts', { email, password }));
  await qiyue.settle();
  done(await qiyue.post(`/identity/accounts/${body.id}/email-proof`, { code: await codeSentTo(qiyue, email) }));
  await qiyue.settle();
  return { id: body.id, email, name: names[at] ?? '' };
};

/** A customer who may order. */
export const aVerifiedCustomer = async (qiyue: TestPlatform, at: number): Promise<Customer> => {
  const customer = await register(qiyue, at);
  done(await qiyue.post(`/identity/accounts/${customer.id}/verification`, papersOf(customer, at), asCustomer(customer)));
  await qiyue.settle();
  return customer;
};

export const anOrder = async (qiyue: TestPlatform, customer: Customer, more: object = {}): Promise<string> => {
  const { body } = done(await qiyue.post('/order/orders', wantedBy(customer, more), asCustomer(customer)));
  await qiyue.settle();
  return body.id as string;
};

export const pay = async (qiyue: TestPlatform, receivableId: string, more: object = {}): Promise<Answer> => {
  const answer = done(await qiyue.post('/billing/sandbox/payments', { receivableId, ...more }, { as: 'operator' }));
  await qiyue.settle();
  return answer;
};
