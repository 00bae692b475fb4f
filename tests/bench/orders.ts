import { EventStoreDBClient, jsonEvent, NO_STREAM, type JSONType } from '@eventstore/db-client';
import autocannon from 'autocannon';
import { randomUUID } from 'node:crypto';
import { interleaved, load, type Compared } from './measure';
import { processorMs } from './parts';
import { startPlatform, type PlatformReady } from './platform';
import { perSecond, plain, ratio, type Figure, type Scenario } from './scenario';

const company = { name: 'Example Ltd', address: '1 Example Street', contact: '0571-00000000' };
const invoice = { title: 'Example Ltd', taxId: '91330108MA2GXXXX0A', way: 'e-mail', address: 'invoices@example.com' };
const body = JSON.stringify({ lines: [{ sku: 'waf-std', quantity: 2 }], company, invoice });

interface Posted {
  readonly count: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Posts orders for so long, each with an `Idempotency-Key` of its own. Throws when one is not taken. */
export const postOrders = async ({ url, tokens }: PlatformReady, connections: number, ms: number): Promise<Posted> => {
  let next = 0;
  const startedAt = performance.now();
  const result = await autocannon({
    url: `${url}/order/orders`,
    connections,
    duration: ms / 1_000,
    method: 'POST',
    body,
    requests: [
      {
        setupRequest: (request) => {
          const token = tokens[(next += 1) % tokens.length] ?? '';
          const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}`, 'idempotency-key': randomUUID() };
          return { ...request, headers };
        },
      },
    ],
  });
  const seconds = (performance.now() - startedAt) / 1_000;
  if (result.non2xx + result.errors > 0) throw new Error(`${result.non2xx} orders were not taken, ${result.errors} not answered`);
  // On a crowded machine a stretch can be too short for a single answer.
  if (result['2xx'] === 0) return postOrders({ url, tokens }, connections, 2 * ms);
  return { count: result['2xx'], perSecond: result['2xx'] / seconds, p50Ms: result.latency.p50, p99Ms: result.latency.p99 };
};

/** Appends the very event that an order leads to, to streams nobody follows. */
const appendLike = async (client: EventStoreDBClient): Promise<() => Promise<unknown>> => {
  for await (const { event } of client.readAll({ direction: 'backwards', fromPosition: 'end' })) {
    if (event === undefined || event.type !== 'OrderSubmitted') continue;
    const { type, data, metadata } = event;
    const copy = { type, data: data as JSONType, metadata: metadata as Record<string, unknown> };
    return () => client.appendToStream(`bench-${randomUUID()}`, jsonEvent(copy), { expectedRevision: NO_STREAM });
  }
  throw new Error('no order has been stored');
};

interface Round extends Posted {
  /** Processor time an order costs the service, what it does afterwards included as far as it keeps up. */
  readonly serviceMs: number;
}

const figuresOf = (inFlight: number, rounds: readonly Round[], { raw, ours, ratios }: Compared): readonly Figure[] => {
  const all = (one: keyof Round): readonly number[] => rounds.map((round) => round[one]);
  return [
    perSecond(`orders, ${inFlight} in flight`, ours),
    plain(`p50, ${inFlight} in flight`, 'ms', all('p50Ms')),
    plain(`p99, ${inFlight} in flight`, 'ms', all('p99Ms')),
    plain(`processor time of the service, ${inFlight} in flight`, 'ms', all('serviceMs')),
    perSecond(`raw client appends, ${inFlight} in flight`, raw),
    ratio(`ratio, ${inFlight} in flight`, ratios, 0.5, 0.8),
  ];
};

export const orders: Scenario = {
  name: 'orders',
  title: 'POST /order/orders against the order service and the node, each a process of its own',
  raw: 'appends of the same event through the client, at the same concurrency',
  run: async (parts, { rounds, stretchMs, count }) => {
    const node = await parts.node();
    const platform = await startPlatform(parts, node.connectionString, { services: ['order'], bus: 'embedded', customers: count(50, 2) });
    const client = EventStoreDBClient.connectionString(node.connectionString);
    parts.onEnd(() => client.dispose());
    // Compilers take a few thousand orders to see what is used most.
    await postOrders(platform, 64, count(15_000, stretchMs));
    const append = await appendLike(client);
    await load(16, stretchMs, append);
    const figures: Figure[] = [];
    for (const inFlight of [1, 16, 64]) {
      const measured: Round[] = [];
      const post = async (): Promise<number> => {
        const before = processorMs(platform.program.pid);
        const posted = await postOrders(platform, inFlight, stretchMs);
        measured.push({ ...posted, serviceMs: (processorMs(platform.program.pid) - before) / posted.count });
        return posted.perSecond;
      };
      const compared = await interleaved(rounds, async () => (await load(inFlight, stretchMs, append)).perSecond, post);
      figures.push(...figuresOf(inFlight, measured, compared));
    }
    return figures;
  },
};
