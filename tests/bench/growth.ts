import { EventStoreDBClient } from '@eventstore/db-client';
import { randomUUID } from 'node:crypto';
import { load, quantile } from './measure';
import { postOrders } from './orders';
import type { Node, Parts } from './parts';
import { startPlatform } from './platform';
import { plain, type Effort, type Figure, type Scenario } from './scenario';
import { fill } from './stored';
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

const at = async (
  parts: Parts,
  count: number,
  database: string,
  { rounds, stretchMs, count: number }: Effort,
): Promise<readonly Figure[]> => {
  const node = await parts.node(database);
  await checkVisible(node, count);
  const platform = await startPlatform(parts, node.connectionString, { services: ['order'], bus: 'embedded', customers: number(50, 2) });
  const suspend = await suspending(parts, node, platform.database('vault'));
  const command = () => suspend(randomUUID());
  await load(16, 2 * stretchMs, command);
  await postOrders(platform, 16, 2 * stretchMs);
  const [commands, orders]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    commands.push(quantile((await load(16, stretchMs, command)).latenciesMs, 0.5));
    orders.push((await postOrders(platform, 16, stretchMs)).p50Ms);
  }
  const events = `${count.toLocaleString('en')} events`;
  return [
    plain(`${events}: a command, load, decide and append, p50`, 'ms', commands),
    plain(`${events}: POST /order/orders, p50`, 'ms', orders),
    plain(`${events}: start of the node`, 's', [node.readyMs / 1_000]),
  ];
};

export const growth: Scenario = {
  name: 'growth',
  title: 'Cost of a command as the store grows, 16 in flight',
  raw: 'the same with 1,000 events',
  run: async (parts, effort) => {
    const figures: Figure[] = [];
    for (const count of [1_000, 100_000, 1_000_000].map((full) => effort.count(full, full / 100))) {
      const empty = await parts.node();
      await empty.stop();
      await fill(parts, empty.database, count);
      figures.push(...(await at(parts, count, empty.database, effort)));
      await parts.tidyUp();
    }
    return figures;
  },
};
