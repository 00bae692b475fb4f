import { allServices } from '@qiyue/all-in-one';
import type { AnyStream } from '@qiyue/decider';
import { connectEventStore, createExecutor, localKek, migrateVault, openVault } from '@qiyue/event-store';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { buses } from './buses';
import { quantile } from './measure';
import type { Node, Parts } from './parts';
import { startPlatform, vaultKek } from './platform';
import { atMost, plain, type Scenario } from './scenario';

/** Gives commands to a stream of compliance from outside, as its own process would: through the executor. */
export const suspending = async (parts: Parts, node: Node, vaultDatabase: string): Promise<(accountId: string) => Promise<void>> => {
  const client = connectEventStore(node.connectionString);
  parts.onEnd(() => client.dispose());
  const pool = parts.pool(vaultDatabase, 4);
  await migrateVault(pool);
  const { execute } = createExecutor({ client, vault: openVault({ pool, kek: localKek(vaultKek) }) });
  const standing = allServices.flatMap(({ streams }) => streams).find(({ category }) => category === 'standing') as AnyStream;
  return async (accountId) => {
    const now = new Date().toISOString();
    const ids = { commandId: randomUUID(), correlationId: randomUUID(), causationId: randomUUID() };
    const command = { cause: '8.2.2', reason: 'bench' };
    const outcome = await execute(
      standing,
      accountId,
      'suspend',
      command,
      { now, accountId, known: true },
      { ...ids, now, actor: { kind: 'officer', id: 'bench' } },
    );
    if (outcome.kind !== 'accepted') throw new Error(outcome.code);
  };
};

/** Milliseconds from each acknowledged append until the row stands in the order service's read model, one after the other. */
const delays = async (parts: Parts, node: Node, platform: Awaited<ReturnType<typeof startPlatform>>, count: number): Promise<number[]> => {
  const suspend = await suspending(parts, node, platform.database('vault'));
  const rows = parts.pool(platform.database('order'), 1);
  const measured: number[] = [];
  for (let at = 0; at < count; at += 1) {
    const accountId = randomUUID();
    await suspend(accountId);
    const appendedAt = performance.now();
    const look = { name: 'look', text: 'SELECT 1 FROM account_standing WHERE "accountId" = $1', values: [accountId] };
    while ((await rows.query(look)).rowCount === 0) await pause(1);
    measured.push(performance.now() - appendedAt);
    await pause(5);
  }
  return measured;
};

const visibilityOf = (kind: keyof typeof buses, first: number, wanted: number): Scenario => ({
  name: `visibility-${kind}`,
  title: `From an acknowledged append to the row in another service’s read model, six services in one process, ${kind} bus`,
  raw: 'none: milliseconds',
  skipped: () => buses[kind].whyNot(),
  run: async (parts, { count }) => {
    const node = await parts.node();
    const bus = kind === 'embedded' ? undefined : await buses[kind].open(parts);
    const platform = await startPlatform(parts, node.connectionString, {
      bus: kind,
      ...(bus === undefined ? {} : { brokers: bus.brokers }),
    });
    await delays(parts, node, platform, count(50, 2));
    const measured = await delays(parts, node, platform, count(300, 5));
    return [
      atMost('p50', 'ms', [quantile(measured, 0.5)], first, wanted),
      plain('p99', 'ms', [quantile(measured, 0.99)]),
      plain('all', 'ms', measured),
    ];
  },
});

export const visibilityEmbedded = visibilityOf('embedded', 50, 10);
export const visibilityKafka = visibilityOf('kafka', 50, 25);
