import { createServer, connect as connectTcp, type Socket } from 'node:net';
import pg from 'pg';

/** Polls until the check holds (or gives something); fails loudly after `withinMs`. */
export const until = async <T>(what: string, check: () => T | Promise<T>, withinMs = 20_000): Promise<NonNullable<T>> => {
  const giveUpAt = performance.now() + withinMs;
  for (;;) {
    const result = await check();
    if (result) return result as NonNullable<T>;
    if (performance.now() > giveUpAt) throw new Error(`waited ${withinMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

/** A gate a test opens when it wants something to go on. */
export const gate = (): { readonly opened: Promise<void>; open(): void } => {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open: () => open() };
};

/** A wire to a server that can be cut. */
export interface Wire {
  readonly port: number;
  /** Breaks every connection and refuses new ones. */
  cut(): void;
  /** Connections are taken again. */
  mend(): void;
  close(): Promise<void>;
}

/** A TCP proxy on 127.0.0.1 in front of a port of 127.0.0.1. */
export const wireTo = async (target: number): Promise<Wire> => {
  const sockets = new Set<Socket>();
  let whole = true;
  const server = createServer((near) => {
    if (!whole) return void near.destroy();
    const far = connectTcp(target, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far);
    far.pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    cut: () => {
      whole = false;
      for (const socket of sockets) socket.destroy();
    },
    mend: () => void (whole = true),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

let databases = 0;

/** A new, empty database on the test server; `serverUrl` has no database name. Dropped by `drop`. */
export const temporaryDatabase = async (
  serverUrl: string,
  prefix: string,
): Promise<{ readonly url: string; readonly name: string; drop(): Promise<void> }> => {
  databases += 1;
  const name = `${prefix}_${process.pid}_${databases}_${process.hrtime.bigint()}`;
  const admin = async (sql: string): Promise<void> => {
    const client = new pg.Client({ connectionString: `${serverUrl}/postgres` });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  };
  await admin(`CREATE DATABASE ${name}`);
  return { url: `${serverUrl}/${name}`, name, drop: () => admin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
};
