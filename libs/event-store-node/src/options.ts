import type { NodeUser } from './access';

/** How to start a node. */
export interface EventStoreNodeOptions {
  /** PostgreSQL server, without a database name: `postgres://user:password@host:port`. The user must be allowed to create databases. */
  readonly postgresUrl: string;
  /** The node's own database. Two nodes with different names share nothing. */
  readonly database: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Address to listen on; 127.0.0.1 if not given. */
  readonly host?: string;
  /** Name under which clients reach the node, told in gossip; `host` if not given, or 127.0.0.1 if that is every address there is. */
  readonly advertisedHost?: string;
  /** No TLS. Exactly one of `insecure` and `tls` must be given. */
  readonly insecure?: true;
  /** PEM certificate chain and private key. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
  /** Who may sign in. With nobody listed, everybody may do everything, with or without credentials. */
  readonly users?: readonly NodeUser[];
  /** Most bytes (data, metadata and type) in one append; 1 MiB if not given. */
  readonly maxAppendBytes?: number;
  /** How long to wait for another node to let go of the database, in milliseconds; 5,000 if not given. */
  readonly lockWaitMs?: number;
  /** How many of the newest event ids are remembered to recognise repeated appends that expect no revision; 50,000 if not given. */
  readonly recentIds?: number;
  /** How many stream heads are remembered; 20,000 if not given. */
  readonly cachedHeads?: number;
  /** Connections for reading; 8 if not given. One more is kept for writing. */
  readonly readConnections?: number;
  /** Milliseconds since 1970; the system clock if not given. */
  readonly nowMs?: () => number;
  /** Told of faults inside the node, such as a lost database connection or a refused write; clients only hear that the node is unavailable. */
  readonly onFault?: (what: string, error: unknown) => void;
}

/** The options with everything filled in. */
export interface NodeSettings extends Required<Omit<EventStoreNodeOptions, 'insecure' | 'tls'>> {
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  readonly groupWrites: number;
  readonly groupBytes: number;
  readonly pageEvents: number;
  readonly pageBytes: number;
  readonly tailEvents: number;
  readonly tailBytes: number;
}

const MiB = 1024 * 1024;

/** Fills in what is not given. */
export const withDefaults = (options: EventStoreNodeOptions): NodeSettings => {
  const { host = '127.0.0.1', insecure, tls } = options;
  if ((insecure === true) === (tls !== undefined)) throw new Error('a node is either insecure or has a TLS certificate and key');
  return {
    postgresUrl: options.postgresUrl,
    database: options.database,
    port: options.port,
    host,
    advertisedHost: options.advertisedHost ?? (['0.0.0.0', '::'].includes(host) ? '127.0.0.1' : host),
    tls,
    users: options.users ?? [],
    maxAppendBytes: options.maxAppendBytes ?? MiB,
    lockWaitMs: options.lockWaitMs ?? 5_000,
    recentIds: options.recentIds ?? 50_000,
    cachedHeads: options.cachedHeads ?? 20_000,
    readConnections: options.readConnections ?? 8,
    nowMs: options.nowMs ?? Date.now,
    onFault: options.onFault ?? (() => undefined),
    groupWrites: 1_024,
    groupBytes: 8 * MiB,
    pageEvents: 512,
    pageBytes: 2 * MiB,
    tailEvents: 4_096,
    tailBytes: 8 * MiB,
  };
};
