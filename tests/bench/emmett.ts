import { EventStoreDBClient, jsonEvent, NO_STREAM } from '@eventstore/db-client';
import { randomUUID } from 'node:crypto';
import { interleaved, load } from './measure';
import type { Parts } from './parts';
import { perSecond, ratio, type Effort, type Figure, type Scenario } from './scenario';

interface Work {
  /** One event to a new stream. */
  append(): Promise<unknown>;
  /** Two events to a new stream; reads and folds it; one more event, expecting the revision that was read. */
  loadAndAppend(): Promise<unknown>;
}

const event = { type: 'OrderPaid', data: { orderId: randomUUID(), text: 'x'.repeat(200) }, metadata: { correlationId: randomUUID() } };
const newStream = (): string => `bench-${randomUUID()}`;

/** Emmett's own store, with as many connections as there are appends in flight. */
const emmettWork = async (parts: Parts): Promise<Work> => {
  const { getPostgreSQLEventStore } = await import('@event-driven-io/emmett-postgresql');
  const database = await parts.freshDatabase('emmett');
  const pool = parts.pool(database, 64);
  const store = getPostgreSQLEventStore(`${parts.postgresUrl}/${database}`, { connectionOptions: { pool } });
  parts.onEnd(() => store.close());
  await store.schema.migrate();
  const fresh = { expectedStreamVersion: 'STREAM_DOES_NOT_EXIST' } as const;
  const fold = { evolve: (count: number) => count + 1, initialState: () => 0 };
  return {
    append: () => store.appendToStream(newStream(), [event], fresh),
    loadAndAppend: async () => {
      const stream = newStream();
      await store.appendToStream(stream, [event, event], fresh);
      const { currentStreamVersion } = await store.aggregateStream(stream, fold);
      await store.appendToStream(stream, [event], { expectedStreamVersion: currentStreamVersion });
    },
  };
};

/** The same through the client and the node. */
const ourWork = async (parts: Parts): Promise<Work> => {
  const client = EventStoreDBClient.connectionString((await parts.node()).connectionString);
  parts.onEnd(() => client.dispose());
  const append = (stream: string, events: readonly (typeof event)[], expectedRevision: bigint | typeof NO_STREAM): Promise<unknown> =>
    client.appendToStream(
      stream,
      events.map((one) => jsonEvent(one)),
      { expectedRevision },
    );
  return {
    append: () => append(newStream(), [event], NO_STREAM),
    loadAndAppend: async () => {
      const stream = newStream();
      await append(stream, [event, event], NO_STREAM);
      let count = 0;
      for await (const _resolved of client.readStream(stream)) count += 1;
      await append(stream, [event], BigInt(count - 1));
    },
  };
};

const compare = async (
  what: string,
  theirs: () => Promise<unknown>,
  ours: () => Promise<unknown>,
  effort: Effort,
): Promise<readonly Figure[]> => {
  const figures: Figure[] = [];
  await load(16, effort.stretchMs, theirs);
  await load(16, effort.stretchMs, ours);
  for (const inFlight of [1, 16, 64]) {
    const rate = (work: () => Promise<unknown>) => async () => (await load(inFlight, effort.stretchMs, work)).perSecond;
    const compared = await interleaved(effort.rounds, rate(theirs), rate(ours));
    figures.push(
      perSecond(`${what}, ${inFlight} in flight`, compared.ours),
      perSecond(`${what} by emmett, ${inFlight} in flight`, compared.raw),
    );
    figures.push(ratio(`ratio, ${inFlight} in flight`, compared.ratios));
  }
  return figures;
};

export const emmett: Scenario = {
  name: 'emmett',
  title: 'The same work through @event-driven-io/emmett-postgresql',
  raw: 'emmett’s own appendToStream and aggregateStream, on the same PostgreSQL with 64 connections',
  run: async (parts, effort) => {
    const [theirs, ours] = [await emmettWork(parts), await ourWork(parts)];
    return [
      ...(await compare('appends', theirs.append, ours.append, effort)),
      ...(await compare('append, load and append', theirs.loadAndAppend, ours.loadAndAppend, effort)),
    ];
  },
};
