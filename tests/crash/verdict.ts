import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { allServices } from '@qiyue/all-in-one';
import { partitionCount, topicOf, type Envelope, type ServiceName } from '@qiyue/contracts';
import type { AnyStream } from '@qiyue/decider';
import { connectEventStore, subscribe, verifyChain, type EventStoreClient, type StoredEvent } from '@qiyue/event-store';
import { declarationOf, embeddedTransport, envelopeOf, kafkaTransport, partitionOf, type LogTransport } from '@qiyue/messaging';
import { diffRebuild, replayOf } from '@qiyue/projections';
import { randomUUID } from 'node:crypto';
import { Pool } from 'pg';
import type { Cluster } from '../cluster/cluster';
import { kinds, type Crowd, type Told } from './crowd';
import { judgeMoney } from './money';

const services = allServices.map(({ name }) => name as ServiceName);
const streams: readonly AnyStream[] = allServices.flatMap((service) => service.streams);
const ownerOf = (category: string): ServiceName =>
  allServices.find((service) => service.streams.some((stream) => stream.category === category))?.name as ServiceName;

/** Every event of every service, in the order of `$all`. */
const everyEvent = async (client: EventStoreClient): Promise<readonly StoredEvent[]> => {
  const found: StoredEvent[] = [];
  const subscription = subscribe({
    client,
    categories: streams.map(({ category }) => category),
    streams,
    onBatch: async (events) => void found.push(...events),
  });
  while (!(await subscription.caughtUp())) await new Promise((resolve) => setTimeout(resolve, 20));
  await subscription.stop();
  return found;
};

const byStream = (events: readonly StoredEvent[]): ReadonlyMap<string, readonly StoredEvent[]> => {
  const map = new Map<string, StoredEvent[]>();
  for (const event of events) map.set(event.stream, [...(map.get(event.stream) ?? []), event]);
  return map;
};

const judgeChains = async (all: ReadonlyMap<string, readonly StoredEvent[]>): Promise<readonly string[]> => {
  const problems: string[] = [];
  for (const [stream, events] of all) {
    const verified = await verifyChain(
      (async function* () {
        yield* events;
      })(),
    );
    if (!verified.ok) problems.push(`the chain of ${stream} does not verify: ${verified.problem}`);
  }
  return problems;
};

/** What a topic holds, each partition from its beginning to its end. */
const readTopic = async (transport: LogTransport, topic: string): Promise<readonly Envelope[]> => {
  const bounds = await transport.bounds(topic);
  const ends = new Map([...bounds].map(([partition, { next }]) => [partition, next]));
  const open = new Set([...bounds].filter(([, { first, next }]) => next > first).map(([partition]) => partition));
  const found: Envelope[] = [];
  const consumer = await transport.consume({
    group: `judge.${randomUUID()}`,
    topics: [topic],
    startAt: async (_topic, partition) => bounds.get(partition)?.first,
    onBatch: async ({ partition, messages, next }) => {
      found.push(...messages.flatMap(({ envelope }) => (envelope === undefined ? [] : [envelope])));
      if (next >= (ends.get(partition) ?? 0n)) open.delete(partition);
    },
  });
  while (open.size > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  await consumer.stop();
  return found;
};

/** Everything that is to be told is there, in order for each stream, and once when duplicates by id are left out. Each names what was told before it. */
const judgeFacts = async (
  transport: LogTransport,
  all: ReadonlyMap<string, readonly StoredEvent[]>,
): Promise<{ readonly problems: readonly string[]; readonly told: readonly Envelope[] }> => {
  const problems: string[] = [];
  const told: Envelope[] = [];
  const expected = new Map<string, string[]>();
  for (const [stream, events] of all) {
    let previous: bigint | undefined;
    for (const event of events) {
      const envelope = envelopeOf(event, declarationOf(streams, event), { sequence: previous });
      if (envelope === undefined) continue;
      previous = event.revision;
      expected.set(stream, [...(expected.get(stream) ?? []), `${event.id} after ${envelope.previoussequence ?? 'nothing'}`]);
    }
  }
  for (const service of services) {
    const found = await readTopic(transport, topicOf(service));
    told.push(...found);
    const seen = new Map<string, string[]>();
    const known = new Set<string>();
    const ends = new Map<number, string>();
    for (const { id, subject, previoussequence, position, previousposition } of found) {
      if (known.has(id)) continue;
      known.add(id);
      const partition = partitionOf(subject, partitionCount);
      if (previousposition !== ends.get(partition))
        problems.push(`${topicOf(service)}/${partition}: ${position} was told after ${ends.get(partition)}, but names ${previousposition}`);
      ends.set(partition, position);
      seen.set(subject, [...(seen.get(subject) ?? []), `${id} after ${previoussequence ?? 'nothing'}`]);
    }
    const own = [...expected].filter(([stream]) => ownerOf(stream.slice(0, stream.indexOf('-'))) === service);
    for (const [stream, ids] of own)
      if (seen.get(stream)?.join() !== ids.join())
        problems.push(`${stream} was not told as it happened: ${ids.length} facts, ${seen.get(stream)?.length ?? 0} on the bus`);
    if (seen.size !== own.length) problems.push(`${topicOf(service)} tells of ${seen.size} streams, but there are ${own.length}`);
  }
  return { problems, told };
};

const judgeReadModels = async (cluster: Cluster, client: EventStoreClient, transport: LogTransport): Promise<readonly string[]> => {
  const problems: string[] = [];
  for (const { name, readModels } of allServices) {
    const pool = new Pool({ connectionString: `${cluster.postgresUrl}/${cluster.databasePrefix}${name}`, max: 4 });
    try {
      for (const model of readModels) {
        const diff = await diffRebuild(
          { pool, subscribe: (options) => subscribe({ client, ...options }), replay: replayOf(transport) },
          model,
        );
        if (!diff.equal)
          problems.push(
            `${name}.${model.name} differs from a fresh fold in ${diff.differing} of ${diff.rows} rows: ${JSON.stringify(diff.differences.slice(0, 3))}`,
          );
      }
      const { rows } = await pool.query<{ letters: number }>('SELECT count(*)::int AS letters FROM dead_letter');
      if (rows[0]?.letters !== 0) problems.push(`${name} has ${rows[0]?.letters} dead letters`);
    } finally {
      await pool.end();
    }
  }
  return problems;
};

const judgeParked = async (crowd: Crowd): Promise<readonly string[]> => {
  const problems: string[] = [];
  for (const service of services) {
    const { body } = await crowd.as('operator', 'GET', `/${service}/ops/parked`);
    for (const [station, list] of Object.entries(body as Record<string, readonly unknown[]>))
      if (list.length > 0) problems.push(`${service} has parked at ${station}: ${JSON.stringify(list.slice(0, 2))}`);
  }
  return problems;
};

const judgeOrders = async (crowd: Crowd, told: readonly Told[], events: readonly StoredEvent[]): Promise<readonly string[]> => {
  const problems: string[] = [];
  const submitted = events.filter(({ type }) => type === 'OrderSubmitted').length;
  if (submitted !== told.length) problems.push(`${told.length} orders were acknowledged and ${submitted} are there`);
  for (const { orderId, kind } of told) {
    const { body } = await crowd.as('auditor', 'GET', `/order/orders/${orderId}`);
    if (!(kinds[kind] as readonly string[]).includes(body.status)) problems.push(`order ${orderId} (${kind}) is ${body.status}`);
  }
  for (const [type, what] of [
    ['RefundCompleted', 'refund'],
    ['InvoiceIssued', 'invoice'],
    ['OrderPaid', 'payment'],
  ] as const) {
    const counts = new Map<string, number>();
    for (const event of events.filter((one) => one.type === type)) counts.set(event.stream, (counts.get(event.stream) ?? 0) + 1);
    for (const [stream, count] of counts) if (count > 1) problems.push(`${stream} has ${count} times a ${what}`);
  }
  return problems;
};

/** Nothing personal in clear on the bus or in a log. */
const judgeSecrets = (cluster: Cluster, crowd: Crowd, told: readonly Envelope[]): readonly string[] => {
  const words = crowd.secrets;
  const places: (readonly [string, string])[] = readdirSync(cluster.logDir).map((file) => [
    file,
    readFileSync(join(cluster.logDir, file), 'utf8'),
  ]);
  places.push(['the bus', JSON.stringify(told)]);
  return places.filter(([, text]) => words.some((word) => text.includes(word))).map(([place]) => `${place} shows personal data in clear`);
};

/** Everything that has to hold, whatever was killed: the list of what does not. */
export const judge = async (cluster: Cluster, crowd: Crowd, told: readonly Told[]): Promise<readonly string[]> => {
  const client = connectEventStore(cluster.eventStoreUrl);
  const busPool = new Pool({ connectionString: `${cluster.postgresUrl}/${cluster.databasePrefix}bus`, max: 4 });
  const transport =
    cluster.kafkaBrokers === undefined
      ? embeddedTransport({ pool: busPool })
      : kafkaTransport({ brokers: cluster.kafkaBrokers.split(',') });
  try {
    await transport.ensureTopics(services.map(topicOf), partitionCount);
    const events = await everyEvent(client);
    const all = byStream(events);
    const facts = await judgeFacts(transport, all);
    return [
      ...cluster.ended,
      ...(await judgeOrders(crowd, told, events)),
      ...(await judgeMoney(crowd, told, events)),
      ...(await judgeChains(all)),
      ...facts.problems,
      ...(await judgeReadModels(cluster, client, transport)),
      ...(await judgeParked(crowd)),
      ...judgeSecrets(cluster, crowd, facts.told),
    ];
  } finally {
    await transport.close();
    await busPool.end();
    await client.dispose();
  }
};
