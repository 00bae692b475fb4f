import { randomUUID } from 'node:crypto';
import {
  Server,
  ServerCredentials,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import { Pool } from 'pg';
import { Access } from './access';
import { Appender } from './appender';
import { batchAppend } from './batch-append';
import { coalesceAnswers } from './coalesce';
import { toNodeError, unavailable } from './errors';
import { Heads } from './heads';
import { clusterInfo, supportedMethods } from './info-services';
import { ALL_STREAM } from './model';
import { withDefaults, type EventStoreNodeOptions, type NodeSettings } from './options';
import { readRequest } from './read-request';
import { serveRead } from './read-service';
import { Reader } from './reader';
import { databaseUrl, ensureDatabase, INDEX_ONLY } from './schema';
import { FEATURES, GOSSIP, methodsOf, STREAMS } from './services';
import { callSink } from './sink';
import { Tail } from './tail';
import { append, softDelete, tombstone, type WriteParts } from './write-service';

/** A running node. */
export interface EventStoreNode {
  readonly port: number;
  /** What to give a client, without credentials. */
  readonly connectionString: string;
  /** Finishes the appends under way, ends subscriptions with UNAVAILABLE, and lets go of the database. */
  stop(): Promise<void>;
}

const STOP_GRACE_MS = 2_000;

type ReadCall = ServerWritableStream<Buffer, Buffer>;
type BatchCall = ServerDuplexStream<Buffer, Buffer>;

/** Calls that stay open until one side ends them. */
class OpenCalls {
  private readonly calls = new Set<{ emit(event: 'error', error: Error): boolean }>();

  add(call: ReadCall | BatchCall): void {
    this.calls.add(call);
    const forget = (): void => {
      this.calls.delete(call);
    };
    call.once('cancelled', forget);
    call.once('close', forget);
    call.once('finish', forget);
  }

  endAll(): void {
    for (const call of this.calls) call.emit('error', unavailable('the node is shutting down'));
  }
}

const read =
  (parts: WriteParts & { readonly reader: Reader; readonly tail: Tail }, calls: OpenCalls) =>
  (call: ReadCall): void => {
    calls.add(call);
    const work = async (): Promise<void> => {
      const request = readRequest(call.request);
      const { target } = request;
      await parts.access.check(parts.access.caller(call.metadata), 'read', target.kind === 'all' ? ALL_STREAM : target.stream);
      const sink = callSink(call);
      await serveRead(parts, sink, request, randomUUID());
      if (!sink.closed) call.end();
    };
    work().catch((error: unknown) => call.emit('error', toNodeError(error)));
  };

const bind = (server: Server, address: string, credentials: ServerCredentials): Promise<number> =>
  new Promise((resolve, reject) => server.bindAsync(address, credentials, (error, port) => (error ? reject(error) : resolve(port))));

const shutDown = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    const force = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, STOP_GRACE_MS);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
  });

const grpcServer = (settings: NodeSettings): Server =>
  new Server({
    // A client may send whole batches; what is too large for one append is refused by us, with the proper error.
    'grpc.max_receive_message_length': Math.max(16 * 1024 * 1024, 4 * settings.maxAppendBytes),
    'grpc.max_send_message_length': -1,
    interceptors: [coalesceAnswers],
    // Clients ping every 10 seconds or more seldom.
    'grpc.http2.min_ping_interval_without_data_ms': 1_000,
  });

const answering =
  (answer: () => Buffer) =>
  (_call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>): void =>
    callback(null, answer());

/**
 * Starts a node on its own database, which is made if it is not there.
 *
 * @throws DatabaseInUseError when another node keeps writing to this database.
 */
export const startEventStoreNode = async (options: EventStoreNodeOptions): Promise<EventStoreNode> => {
  const settings = withDefaults(options);
  await ensureDatabase(settings.postgresUrl, settings.database);
  const url = databaseUrl(settings.postgresUrl, settings.database);
  const pool = new Pool({
    connectionString: url,
    max: settings.readConnections,
    keepAlive: true,
    idleTimeoutMillis: 30_000,
    application_name: 'event-store-node reader',
    options: INDEX_ONLY,
  });
  // A broken idle connection is replaced when next needed.
  pool.on('error', () => undefined);
  const { nowMs, maxAppendBytes } = settings;
  const heads = new Heads(pool, settings.cachedHeads);
  const tail = new Tail(settings.tailEvents, settings.tailBytes);
  const appender = new Appender({ ...settings, url }, pool, heads, tail);
  try {
    await appender.start();
  } catch (error) {
    await pool.end();
    throw error;
  }
  const parts = {
    appender,
    maxAppendBytes,
    nowMs,
    tail,
    access: new Access(settings.users, heads),
    reader: new Reader(pool, heads, settings),
  };
  const server = grpcServer(settings);
  const calls = new OpenCalls();
  const batches = batchAppend(parts);
  let port = settings.port;
  server.addService(STREAMS, {
    Read: read(parts, calls),
    Append: append(parts),
    Delete: softDelete(parts),
    Tombstone: tombstone(parts),
    BatchAppend: (call: BatchCall) => {
      calls.add(call);
      batches(call);
    },
  });
  const instanceId = randomUUID();
  server.addService(FEATURES, { GetSupportedMethods: answering(() => supportedMethods(methodsOf(STREAMS, GOSSIP, FEATURES))) });
  server.addService(GOSSIP, { Read: answering(() => clusterInfo(instanceId, settings.advertisedHost, port, nowMs())) });
  const { tls } = settings;
  const credentials = tls
    ? ServerCredentials.createSsl(null, [{ cert_chain: tls.cert, private_key: tls.key }])
    : ServerCredentials.createInsecure();
  const stopWriting = async (): Promise<void> => {
    await appender.stop();
    await pool.end();
  };
  try {
    port = await bind(server, `${settings.host}:${settings.port}`, credentials);
  } catch (error) {
    await stopWriting();
    throw error;
  }
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    const closed = shutDown(server);
    await appender.stop();
    calls.endAll();
    await closed;
    await pool.end();
  };
  return {
    port,
    connectionString: `esdb://${settings.advertisedHost}:${port}${tls ? '' : '?tls=false'}`,
    stop: () => (stopping ??= stop()),
  };
};
