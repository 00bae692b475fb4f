import type { ServerWritableStream } from '@grpc/grpc-js';

/** Where a read or subscription sends its messages. */
export interface Sink {
  /** The client has gone (or the node is stopping); nothing more need be sent. */
  readonly closed: boolean;
  /** Resolves when the client can take more. */
  send(message: Buffer): Promise<void> | undefined;
  onClose(listener: () => void): void;
}

/** Sends to a gRPC call, no faster than the client reads. */
export const callSink = <Request>(call: ServerWritableStream<Request, Buffer>): Sink => {
  let closed = call.cancelled;
  const listeners = new Set<() => void>();
  const close = (): void => {
    closed = true;
    for (const listener of listeners) listener();
    listeners.clear();
  };
  call.once('cancelled', close);
  call.once('close', close);
  call.once('error', close);
  return {
    get closed() {
      return closed;
    },
    send: (message) => {
      if (closed || call.write(message)) return undefined;
      return new Promise((resolve) => {
        const done = (): void => {
          listeners.delete(done);
          resolve();
        };
        call.once('drain', done);
        listeners.add(done);
      });
    },
    onClose: (listener) => {
      if (closed) listener();
      else listeners.add(listener);
    },
  };
};

/** A flag that can be waited for; setting it while nobody waits is remembered once. */
export class Signal {
  private isSet = false;
  private waiting: (() => void) | undefined;

  readonly set = (): void => {
    this.isSet = true;
    this.waiting?.();
  };

  async wait(): Promise<void> {
    if (!this.isSet)
      await new Promise<void>((resolve) => {
        this.waiting = resolve;
      });
    this.waiting = undefined;
    this.isSet = false;
  }
}
