import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { postOrders } from './orders';
import { residentMB, root, type Parts } from './parts';
import { atMost, perSecond, plain, type Scenario } from './scenario';

interface Answer {
  readonly status: number;
  // Answers of several shapes; what is read of them is looked at on the spot.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
}

const caller =
  (url: string) =>
  async (method: string, path: string, body?: unknown, token?: string): Promise<Answer> => {
    const headers = { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
    const response = await fetch(`${url}${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    const answer = { status: response.status, body: (await response.json()) as unknown };
    if (response.status >= 300) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer.body)}`);
    return answer;
  };

const email = 'bench@example.com';
const password = 'drei-Katzen-7';

/** A customer who may order, made as any customer is: over HTTP, through all services. Gives a token. */
const aCustomer = async (url: string, operatorPassword: string): Promise<string> => {
  const call = caller(url);
  const operator = (await call('POST', '/identity/staff-sessions', { name: 'operator', password: operatorPassword })).body.accessToken;
  const settle = () => call('POST', '/clock/settle', {}, operator);
  const text = readFileSync(join(root, 'libs/agreement/sample/user-agreement.zh.txt'), 'utf8');
  await call('POST', '/compliance/agreements', { agreementVersion: '2026-01', text }, operator);
  const products = [{ sku: 'waf-std', name: 'WAF', unitPriceMinor: 98_000, thirdPartyContent: false, termMonths: 12 }];
  await call('POST', '/order/price-lists', { version: 'bench', currency: 'CNY', products }, operator);
  await settle();
  const { id } = (await call('POST', '/identity/accounts', { email, password, locale: 'zh' })).body;
  await settle();
  const mails = (await call('GET', `/notification/sandbox/mails?to=${encodeURIComponent(email)}`, undefined, operator)).body;
  const code = /\b\d{6}\b/.exec(mails.items.at(-1).text)?.[0];
  await call('POST', `/identity/accounts/${id}/email-proof`, { code });
  await settle();
  const token = (await call('POST', '/identity/sessions', { email, password })).body.accessToken as string;
  const papers = { subject: 'enterprise', name: 'Example Ltd', creditCode: '91330106MA28XXXX7E', legalRepresentative: 'Example' };
  await call('POST', `/identity/accounts/${id}/verification`, papers, token);
  await settle();
  return token;
};

/** Starts the embedded profile as `npm start` does, on an empty folder with a PostgreSQL of its own. */
const startAllInOne = async (parts: Parts, at: number) => {
  const dataDir = join(parts.folder, `all-in-one-${at}`);
  const env = { QIYUE_DATA: dataDir, PORT: '0', QIYUE_TEST_CLOCK: 'on', SETTLE_TIMEOUT_MS: '120000' };
  const program = await parts.program('services/all-in-one/dist/main.js', [], /API\s+(http:\/\/\S+)\/docs[\s\S]*Ctrl-C/, env);
  const { staff } = JSON.parse(readFileSync(join(dataDir, 'secrets.json'), 'utf8')) as { staff: { name: string; password: string }[] };
  return { program, url: program.ready, password: staff.find(({ name }) => name === 'operator')?.password ?? '' };
};

export const memory: Scenario = {
  name: 'memory',
  title: 'The all-in-one: ready, at rest, and under orders posted by 16 connections',
  raw: 'none: resident memory of the process (PostgreSQL’s processes not counted), seconds from its start on an empty folder',
  run: async (parts, { rounds, stretchMs, count }) => {
    const ready: number[] = [];
    const atRest: number[] = [];
    for (let round = 0; round < count(3, 1); round += 1) {
      const { program } = await startAllInOne(parts, round);
      await pause(count(15_000, 200));
      ready.push(program.readyMs / 1_000);
      atRest.push(residentMB(program.pid));
      await program.stop();
    }
    const { program, url, password: operatorPassword } = await startAllInOne(parts, rounds);
    const tokens = [await aCustomer(url, operatorPassword)];
    const rates: number[] = [];
    const underLoad: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      rates.push((await postOrders({ url, tokens }, 16, 2 * stretchMs)).perSecond);
      underLoad.push(residentMB(program.pid));
    }
    return [
      atMost('ready after', 's', ready, 15),
      atMost('at rest', 'MB', atRest, 450, 300),
      plain('under load', 'MB', underLoad),
      perSecond('orders through all six services in one process', rates),
    ];
  },
};
