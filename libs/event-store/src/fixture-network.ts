// A network that breaks on command, for the integration specs of this library; not exported.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface Network {
  /** The connection string of a client that goes through it. */
  readonly connectionString: string;
  /** Breaks every connection that is open. */
  cut(): void;
  /** From now on nothing of this direction comes through, while connections stay open. */
  silence(direction: 'requests' | 'answers' | 'both'): void;
  /** Nothing comes through what is open now, which stays open; new connections are served. */
  strand(): void;
  /** Lets everything through again; what was silenced is lost, so open connections are broken as well. */
  heal(): void;
  /** Connections are refused until `heal`. */
  close(): void;
  stop(): Promise<void>;
}

/** Puts a network between a client and the node on a port of 127.0.0.1. */
export const startNetwork = async (nodePort: number): Promise<Network> => {
  const open = new Set<Socket>();
  let stranded = new WeakSet<Socket>();
  let silent: 'requests' | 'answers' | 'both' | undefined;
  let closed = false;
  const server = createServer((near) => {
    if (closed) return void near.destroy();
    const far = connect(nodePort, '127.0.0.1');
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on('error', () => undefined); // Broken on purpose.
      socket.on('close', () => {
        open.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.on('data', (bytes) => silent === 'requests' || silent === 'both' || stranded.has(near) || far.write(bytes));
    far.on('data', (bytes) => silent === 'answers' || silent === 'both' || stranded.has(far) || near.write(bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = (): void => open.forEach((socket) => socket.destroy());
  return {
    connectionString: `esdb://127.0.0.1:${(server.address() as AddressInfo).port}?tls=false`,
    cut,
    silence: (direction) => void (silent = direction),
    strand: () => void (stranded = new WeakSet(open)),
    heal: () => {
      silent = undefined;
      closed = false;
      cut();
    },
    close: () => {
      closed = true;
      cut();
    },
    stop: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
