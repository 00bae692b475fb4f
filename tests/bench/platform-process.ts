// A process with some services in it, as a deployment has them; the bench starts it and talks to it from outside.
import 'reflect-metadata';
import { allServices } from '@qiyue/all-in-one';
import { complianceFacts, identityFacts, partitionCount, topicOf } from '@qiyue/contracts';
import { createPlatform, type Platform } from '@qiyue/service-kit';
import { randomUUID } from 'node:crypto';
import { openTransportOf } from './buses';
import type { PlatformOrder, PlatformReady } from './platform';
import { told } from './told';

const documentHash = 'a'.repeat(64);
const agreementVersion = '2026-01';
const products = [
  { sku: 'waf-std', name: 'Cloud WAF, standard', unitPriceMinor: 98_000, thirdPartyContent: false, termMonths: 12 },
  { sku: 'scan-pro', name: 'Scanner, professional', unitPriceMinor: 45_500, thirdPartyContent: true, termMonths: 12 },
];

/** Tells the order service, in the name of identity and compliance, of an agreement and of accounts that may order; gives a token for each account. */
const customersOf = async (platform: Platform, count: number): Promise<readonly string[]> => {
  if (count === 0) return [];
  const { vault, tokens, quiet, clock, transport } = platform.state.process;
  const now = clock.now();
  const terms = { agreementVersion, documentHash };
  const agreement = { ...terms, effectiveAt: now, publishedAt: now, parameters: {}, changes: [] };
  await transport.ensureTopics([topicOf('compliance'), topicOf('identity')], partitionCount);
  await transport.publish(topicOf('compliance'), [told(complianceFacts.AgreementVersionPublished, 'user', agreement)]);
  const accounts = Array.from({ length: count }, () => randomUUID());
  for (const accountId of accounts) {
    const verifiedName = await vault.seal(accountId, randomUUID(), 'verifiedName', 'Example Ltd');
    const accepted = { accountId, ...terms, act: 'registration', acceptedAt: now } as const;
    await transport.publish(topicOf('identity'), [
      told(identityFacts.AgreementAccepted, accountId, accepted),
      told(identityFacts.AccountVerified, accountId, { accountId, subject: 'enterprise', verifiedName, verifiedAt: now }, 1),
    ]);
  }
  const { token } = await tokens.issue({ role: 'operator', sub: 'bench' });
  const published = await fetch(`${platform.url}/order/price-lists`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ version: 'bench', currency: 'CNY', products }),
  });
  if (!published.ok) throw new Error(await published.text());
  await quiet.settle(60_000);
  return Promise.all(accounts.map(async (sub) => (await tokens.issue({ role: 'customer', sub })).token));
};

const main = async (): Promise<void> => {
  const order = JSON.parse(process.argv[2] ?? '') as PlatformOrder;
  const openTransport = openTransportOf(order.bus, order.brokers ?? '');
  const platform = await createPlatform({
    services: allServices.filter(({ name }) => order.services === undefined || order.services.includes(name)),
    env: order.env,
    ...(openTransport === undefined ? {} : { openTransport }),
  });
  process.once('SIGTERM', () => void platform.stop().finally(() => process.exit(0)));
  const ready: PlatformReady = { url: platform.url, tokens: await customersOf(platform, order.customers ?? 0) };
  process.stdout.write(`ready ${JSON.stringify(ready)}\n`);
};

void main();
