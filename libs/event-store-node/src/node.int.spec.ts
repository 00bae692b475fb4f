import { EventStoreDBClient, jsonEvent, START } from '@eventstore/db-client';
import { startTestNode, type TestNode } from './testing';

let test1: TestNode;
let client: EventStoreDBClient;
beforeAll(async () => { test1 = await startTestNode(); client = EventStoreDBClient.connectionString(test1.connectionString); });
afterAll(async () => { await client.dispose(); await test1.stop(); });

test('append read subscribe', async () => {
  const r = await client.appendToStream('a-1', [1, 2, 3].map((n) => jsonEvent({ type: 'T', data: { n }, metadata: { m: n } })), { expectedRevision: 'no_stream' });
  expect(r).toMatchObject({ success: true, nextExpectedRevision: 2n });
  const read: unknown[] = [];
  for await (const e of client.readStream('a-1')) read.push(e.event?.data);
  expect(read).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  const got: bigint[] = [];
  for await (const e of client.subscribeToAll({ fromPosition: START })) { got.push(e.event!.position!.commit); if (got.length === 3) break; }
  expect(got).toEqual([1n, 2n, 3n]);
  await expect(client.appendToStream('a-1', jsonEvent({ type: 'T', data: {} }), { expectedRevision: 7n })).rejects.toMatchObject({ type: 'wrong-expected-version' });
});
