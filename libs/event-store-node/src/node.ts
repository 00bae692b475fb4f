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
  (parts: Store, calls: OpenCalls, onFault: NodeSettings['onFault']) =>
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
    work().catch((error: unknown) => call.emit('error', toNodeError(error, onFault)));
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

/** All that works on the database. */
interface Store extends WriteParts {
  readonly reader: Reader;
  readonly tail: Tail;
  close(): Promise<void>;
}

const openStore = async (settings: NodeSettings): Promise<Store> => {
  const { nowMs, maxAppendBytes, onFault } = settings;
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
  pool.on('error', (error) => onFault('a connection for reading was lost', error));
  // One that breaks at the instant it is handed out says so itself, before whoever asked for it could listen.
  pool.on('connect', (client) => client.on('error', () => undefined));
  const heads = new Heads(pool, settings.cachedHeads);
  const tail = new Tail(settings.tailEvents, settings.tailBytes);
  const appender = new Appender({ ...settings, url }, pool, heads, tail);
  const close = async (): Promise<void> => {
    await appender.stop();
    await pool.end();
  };
  try {
    await appender.start();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    appender,
    maxAppendBytes,
    nowMs,
    tail,
    access: new Access(settings.users, heads),
    reader: new Reader(pool, heads, settings),
    close,
  };
};

const addServices = (server: Server, store: Store, calls: OpenCalls, settings: NodeSettings, port: () => number): void => {
  const batches = batchAppend(store);
  server.addService(STREAMS, {
    Read: read(store, calls, settings.onFault),
    Append: append(store),
    Delete: softDelete(store),
    Tombstone: tombstone(store),
    BatchAppend: (call: BatchCall) => {
      calls.add(call);
      batches(call);
    },
  });
  const instanceId = randomUUID();
  server.addService(FEATURES, { GetSupportedMethods: answering(() => supportedMethods(methodsOf(STREAMS, GOSSIP, FEATURES))) });
  server.addService(GOSSIP, { Read: answering(() => clusterInfo(instanceId, settings.advertisedHost, port(), store.nowMs())) });
};

const credentialsOf = ({ tls }: NodeSettings): ServerCredentials =>
  tls ? ServerCredentials.createSsl(null, [{ cert_chain: tls.cert, private_key: tls.key }]) : ServerCredentials.createInsecure();

/** An IPv6 address stands in brackets before a port. */
const hostAndPort = (host: string, port: number): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);

/**
 * Starts a node on its own database, which is made if it is not there.
 *
 * @throws DatabaseInUseError when another node keeps writing to this database.
 */
export const startEventStoreNode = async (options: EventStoreNodeOptions): Promise<EventStoreNode> => {
  const settings = withDefaults(options);
  const store = await openStore(settings);
  const server = grpcServer(settings);
  const calls = new OpenCalls();
  let { port } = settings;
  addServices(server, store, calls, settings, () => port);
  try {
    port = await bind(server, hostAndPort(settings.host, settings.port), credentialsOf(settings));
  } catch (error) {
    await store.close();
    throw error;
  }
  const stop = async (): Promise<void> => {
    const closed = shutDown(server);
    await store.appender.stop();
    calls.endAll();
    await closed;
    await store.close();
  };
  let stopping: Promise<void> | undefined;
  return {
    port,
    connectionString: `esdb://${hostAndPort(settings.advertisedHost, port)}${settings.tls ? '' : '?tls=false'}`,
    stop: () => (stopping ??= stop()),
  };
};
