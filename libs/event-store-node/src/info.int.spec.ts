import { credentials as grpcCredentials, logVerbosity, makeGenericClientConstructor, setLogVerbosity, status } from '@grpc/grpc-js';
import { DISPATCH_TO_SINGLE, EventStoreDBClient, persistentSubscriptionToStreamSettingsFromDefaults, START } from '@eventstore/db-client';
import { ServerFeaturesClient } from '@eventstore/db-client/generated/serverfeatures_grpc_pb';
import type { SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb';
import { Empty } from '@eventstore/db-client/generated/shared_pb';
import { collect, connect, freshStream, numbered } from './spec-client';
import { startEventStoreNode } from './node';
import { dropDatabase } from './schema';
import { startTestNode, type TestNode } from './testing';

let server: TestNode;
let client: EventStoreDBClient;

beforeAll(async () => {
  server = await startTestNode();
  client = connect(server.connectionString);
});
afterAll(async () => {
  await client.dispose();
  await server.stop();
});

test('a client finds the node through gossip', async () => {
  const discovering = connect(server.connectionString.replace('esdb:', 'esdb+discover:'));
  const stream = freshStream();
  await discovering.appendToStream(stream, numbered(1));
  expect(await collect(discovering.readStream(stream))).toHaveLength(1);
  await discovering.dispose();
});

test('a client that is told to prefer a follower, or given several addresses, takes the one node there is', async () => {
  const address = `127.0.0.1:${server.node.port}`;
  for (const connection of [`esdb+discover://${address}?tls=false&nodePreference=follower`, `esdb://${address},${address}?tls=false`]) {
    const discovering = connect(connection);
    await discovering.appendToStream(freshStream(), numbered(1));
    await discovering.dispose();
  }
});

test('the server features list what the node does', async () => {
  const raw = new ServerFeaturesClient(`127.0.0.1:${server.node.port}`, grpcCredentials.createInsecure());
  const methods = await new Promise<SupportedMethods>((resolve, reject) =>
    raw.getSupportedMethods(new Empty(), (error, answer) => (error ? reject(error) : resolve(answer))),
  );
  const names = methods.getMethodsList().map((method) => `${method.getServiceName()}/${method.getMethodName()}`);
  expect(names).toEqual(
    expect.arrayContaining(
      ['read', 'append', 'batchappend', 'delete', 'tombstone'].map((method) => `event_store.client.streams.streams/${method}`),
    ),
  );
  expect(methods.getEventStoreServerVersion()).toMatch(/^\d+\.\d+\.\d+$/);
  raw.close();
});

test('what the node does not do is answered as unimplemented', async () => {
  const subscribe = client.createPersistentSubscriptionToStream(
    's-1',
    'g',
    persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: START, consumerStrategyName: DISPATCH_TO_SINGLE }),
  );
  await expect(subscribe).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
  await expect(client.createProjection('p', 'fromAll()')).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
});

test('a port in use and a wrong combination of options are refused', async () => {
  const { postgresUrl } = server;
  const database = `${server.database}_b`;
  // The refused port is reported to the caller; gRPC's own line about it would only clutter the output.
  setLogVerbosity(logVerbosity.NONE);
  await expect(startEventStoreNode({ postgresUrl, database, port: server.node.port, insecure: true })).rejects.toThrow();
  await dropDatabase(postgresUrl, database);
  await expect(startEventStoreNode({ postgresUrl, database: 'x', port: 0 })).rejects.toThrow('either insecure or');
  await expect(startEventStoreNode({ postgresUrl, database: 'a"; DROP', port: 0, insecure: true })).rejects.toThrow(
    'cannot be a database name',
  );
});

describe('a hostile client', () => {
  const call = (path: string, message: Buffer): Promise<unknown> =>
    new Promise((resolve) => {
      const method = {
        path,
        requestStream: false,
        responseStream: false,
        requestSerialize: (value: Buffer) => value,
        requestDeserialize: (value: Buffer) => value,
        responseSerialize: (value: Buffer) => value,
        responseDeserialize: (value: Buffer) => value,
      };
      const raw = new (makeGenericClientConstructor({ go: method }, 'Raw'))(
        `127.0.0.1:${server.node.port}`,
        grpcCredentials.createInsecure(),
      );
      const go = raw['go'] as (this: unknown, value: Buffer, callback: (error: unknown) => void) => void;
      go.call(raw, message, (error) => {
        raw.close();
        resolve(error);
      });
    });

  test.each(['Read', 'Append', 'Delete', 'Tombstone', 'BatchAppend'])(
    'that sends rubbish to %s is told so, and others are served on',
    async (method) => {
      for (const message of [Buffer.from('rubbish'), Buffer.alloc(0), Buffer.from([0x0a, 0xff, 0xff, 0xff, 0x0f])]) {
        await call(`/event_store.client.streams.Streams/${method}`, message);
      }
      expect(await client.appendToStream(freshStream(), numbered(1))).toMatchObject({ success: true });
    },
  );
});
