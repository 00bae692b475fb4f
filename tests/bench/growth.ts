import { EventStoreDBClient } from '@eventstore/db-client';
import { randomUUID } from 'node:crypto';
import { load, quantile } from './measure';
import { postOrders } from './orders';
import type { Node, Parts } from './parts';
import { startPlatform } from './platform';
import { plain, type Effort, type Figure, type Scenario } from './scenario';
import { filledDatabase } from './stored';
import { suspending } from './visibility';

/** Whether `$all` and a subscription to it end where the store does: what was filled in is there for everybody. */
const checkVisible = async (node: Node, count: number): Promise<void> => {
  const client = EventStoreDBClient.connectionString(node.connectionString);
  for await (const { event } of client.readAll({ direction: 'backwards', fromPosition: 'end', maxCount: 1 }))
    if (event?.position?.commit !== BigInt(count)) throw new Error(`$all ends at ${event?.position?.commit}, not at ${count}`);
  const from = BigInt(Math.max(0, count - 10));
  const subscription = client.subscribeToAll({ fromPosition: { commit: from, prepare: from } });
  let seen = 0;
  for await (const { event } of subscription) {
    seen += 1;
    if (event?.position?.commit === BigInt(count)) break;
  }
  if (seen !== Math.min(10, count)) throw new Error(`a subscription gave ${seen} of the last ten events`);
  await client.dispose();
};

/** A store of one size, with a service on it, warmed up. */
interface Grown {
  readonly events: string;
  readonly startMs: number;
  /** Milliseconds, the median of a stretch of load with 16 in flight. */
  readonly command: () => Promise<number>;
  readonly order: () => Promise<number>;
}

const grown = async (parts: Parts, count: number, { stretchMs, count: number }: Effort): Promise<Grown> => {
  const node = await parts.node(await filledDatabase(parts, count));
  await checkVisible(node, count);
  const platform = await startPlatform(parts, node.connectionString, { services: ['order'], bus: 'embedded', customers: number(50, 2) });
  const suspend = await suspending(parts, node, platform.database('vault'));
  const command = async (): Promise<number> => quantile((await load(16, stretchMs, () => suspend(randomUUID()))).latenciesMs, 0.5);
  const order = async (): Promise<number> => (await postOrders(platform, 16, stretchMs)).p50Ms;
  for (let warm = 0; warm < number(4, 1); warm += 1) await Promise.all([command(), order()]);
  return { events: `${count.toLocaleString('en')} events`, startMs: node.readyMs, command, order };
};

/** Round by round through all sizes, so that whoever else uses the machine disturbs all of them. */
const inTurns = async (rounds: number, works: readonly (() => Promise<number>)[]): Promise<readonly (readonly number[])[]> => {
  const measured: number[][] = works.map(() => []);
  for (let round = 0; round < rounds; round += 1) for (const [at, work] of works.entries()) measured[at]?.push(await work());
  return measured;
};

const compare = async (what: string, rounds: number, stores: readonly Grown[], work: 'command' | 'order'): Promise<readonly Figure[]> => {
  const measured = await inTurns(
    rounds,
    stores.map((store) => store[work]),
  );
  const least = measured[0] ?? [];
  return stores.flatMap(({ events }, at) => {
    const values = measured[at] ?? [];
    const times = values.map((value, round) => value / (least[round] ?? Number.NaN));
    return [
      plain(`${what}, ${events}, p50`, 'ms', values),
      ...(at === 0 ? [] : [plain(`as many times as long, ${events}`, 'ratio', times)]),
    ];
  });
};

export const growth: Scenario = {
  name: 'growth',
  title: 'Cost of a command as the store grows, 16 in flight',
  raw: 'the same on the smallest store, in the same round',
  run: async (parts, effort) => {
    const stores: Grown[] = [];
    for (const full of [1_000, 100_000, 1_000_000]) stores.push(await grown(parts, effort.count(full, full / 100), effort));
    return [
      ...(await compare('load, decide and append', effort.rounds, stores, 'command')),
      ...(await compare('POST /order/orders', effort.rounds, stores, 'order')),
      ...stores.map(({ events, startMs }) => plain(`start of the node, ${events}`, 's', [startMs / 1_000])),
    ];
  },
};
