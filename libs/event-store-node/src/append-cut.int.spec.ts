import { randomUUID } from 'node:crypto';
import { connect as connectHttp2, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { setTimeout as pause } from 'node:timers/promises';
import { jsonEvent, NO_STREAM, type EventStoreDBClient } from '@eventstore/db-client';
import { bytesField, emptyField, message, textField } from './protobuf';
import { collect, connect, freshStream } from './spec-client';
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

/** A message as it goes over the wire: not compressed, its length before it. */
const framed = (content: Buffer): Buffer => {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(content.length, 1);
  return Buffer.concat([head, content]);
};

const optionsOf = (stream: string): Buffer =>
  framed(bytesField(1, message(bytesField(1, message(bytesField(3, Buffer.from(stream)))), emptyField(3))));

const ids: readonly string[] = Array.from({ length: 5 }, () => randomUUID());

const eventOf = (id: string): Buffer => {
  const entry = (key: string, value: string): Buffer => bytesField(2, message(textField(1, key), textField(2, value)));
  const type = message(entry('type', 'Counted'), entry('content-type', 'application/json'));
  return framed(bytesField(2, message(bytesField(1, message(textField(2, id))), type, bytesField(4, Buffer.from('{}')))));
};

interface Begun {
  readonly session: ClientHttp2Session;
  readonly call: ClientHttp2Stream;
}

/** Sends the beginning of an append by hand, and does not say that it is all. */
const begin = (stream: string, count: number): Begun => {
  const session = connectHttp2(`http://127.0.0.1:${server.node.port}`);
  const path = '/event_store.client.streams.Streams/Append';
  const call = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' });
  for (const one of [session, call]) one.on('error', () => undefined); // Broken on purpose.
  call.write(Buffer.concat([optionsOf(stream), ...ids.slice(0, count).map(eventOf)]));
  return { session, call };
};

const all = (stream: string): Promise<unknown> =>
  client.appendToStream(
    stream,
    ids.map((id) => jsonEvent({ id, type: 'Counted', data: {} })),
    { expectedRevision: NO_STREAM },
  );

test('an append that is sent to its end is stored, so the ones below are cut and not wrong', async () => {
  const stream = freshStream();
  const { session, call } = begin(stream, 2);
  call.end().resume();
  await new Promise((resolve) => call.once('close', resolve));
  session.destroy();
  expect(await collect(client.readStream(stream))).toHaveLength(2);
});

describe.each<[string, (begun: Begun) => void]>([
  ['the connection is cut', ({ session }) => session.destroy()],
  ['the caller leaves without a word', ({ session }) => session.socket.destroy()],
])('%s in the middle of an append', (_how, end) => {
  test.each([0, 1, 5, 30, 100])('(%i ms after it began): nothing of it is stored, and all of it when it is sent again', async (afterMs) => {
    await Promise.all(
      Array.from({ length: 20 }, async (_unused, n) => {
        const stream = freshStream();
        const begun = begin(stream, 1 + (n % 4));
        await pause(afterMs);
        end(begun);
        await all(stream);
        begun.session.destroy();
        const stored = await collect(client.readStream(stream));
        expect(stored.map(({ event }) => event?.id)).toEqual(ids);
      }),
    );
  });
});
