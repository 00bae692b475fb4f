import { randomUUID } from 'node:crypto';
import { Server, ServerCredentials, type ServerDuplexStream, type ServerWritableStream, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { Pool } from 'pg';
import { GossipService } from '@eventstore/db-client/generated/gossip_grpc_pb';
import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb';
import type { BatchAppendReq, BatchAppendResp, ReadReq } from '@eventstore/db-client/generated/streams_pb';
import { Access } from './access';
import { Appender } from './appender';
import { batchAppend } from './batch-append';
import { coalesceAnswers } from './coalesce';
import { toNodeError, unavailable } from './errors';
import { Heads } from './heads';
import { getSupportedMethods, readGossip } from './info-services';
import { ALL_STREAM } from './model';
import { withDefaults, type EventStoreNodeOptions, type NodeSettings } from './options';
import { serveRead } from './read-service';
import { Reader } from './reader';
import { databaseUrl, ensureDatabase, INDEX_ONLY } from './schema';
import { callSink } from './sink';
import { Tail } from './tail';
import { readRequest } from './wire-decode';
import { append, softDelete, tombstone, type WriteParts } from './write-service';

/** A running node. */
export interface EventStoreNode {
  readonly port: number;
  /** What to give a client, without credentials. */
  readonly connectionString: string;
  /** Finishes the appends under way, ends subscriptions with UNAVAILABLE, and lets go of the database. */
  stop(): Promise<void>;
}

// Read answers are encoded by hand, so the service sends them as they are.
const streamsDefinition = {
  ...StreamsService,
  read: { ...StreamsService.read, responseSerialize: (message: Buffer): Buffer => message, responseDeserialize: (message: Buffer): Buffer => message },
};

const STOP_GRACE_MS = 2_000;

type ReadCall = ServerWritableStream<ReadReq, Buffer>;
type BatchCall = ServerDuplexStream<BatchAppendReq, BatchAppendResp>;

/** Calls that stay open until one side ends them. */
class OpenCalls {
  private readonly calls = new Set<{ emit(event: 'error', error: Error): boolean }>();

  add(call: ReadCall | BatchCall): void {
    this.calls.add(call);
    const forget = (): void => { this.calls.delete(call); };
    call.once('cancelled', forget);
    call.once('close', forget);
    call.once('finish', forget);
  }

  endAll(): void {
    for (const call of this.calls) call.emit('error', unavailable('the node is shutting down'));
  }
}

const read = (parts: WriteParts & { readonly reader: Reader; readonly tail: Tail }, calls: OpenCalls) => (call: ReadCall): void => {
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

const addService = (server: Server, definition: object, implementation: object): void =>
  server.addService(definition as ServiceDefinition, implementation as UntypedServiceImplementation);

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
    connectionString: url, max: settings.readConnections, keepAlive: true, idleTimeoutMillis: 30_000, application_name: 'event-store-node reader',
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
  const parts = { appender, maxAppendBytes, nowMs, tail, access: new Access(settings.users, heads), reader: new Reader(pool, heads, settings) };
  const server = grpcServer(settings);
  const calls = new OpenCalls();
  const batches = batchAppend(parts);
  let port = settings.port;
  addService(server, streamsDefinition, {
    read: read(parts, calls), append: append(parts), delete: softDelete(parts), tombstone: tombstone(parts),
    batchAppend: (call: BatchCall) => {
      calls.add(call);
      batches(call);
    },
  });
  addService(server, ServerFeaturesService, { getSupportedMethods });
  addService(server, GossipService, { read: readGossip(randomUUID(), () => ({ host: settings.advertisedHost, port }), nowMs) });
  const { tls } = settings;
  const credentials = tls ? ServerCredentials.createSsl(null, [{ cert_chain: tls.cert, private_key: tls.key }]) : ServerCredentials.createInsecure();
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
