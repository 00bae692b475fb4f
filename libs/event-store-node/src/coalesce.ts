import { ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';

/** Bytes of answers handed to the connection before it must have sent some of them. */
const WINDOW_BYTES = 64 * 1024;

/** What an answer that is not encoded yet counts for. */
const ASSUMED_BYTES = 256;

/**
 * Lets the answers of a streaming call run a bounded way ahead of the socket. Without it, each message waits until the one
 * before is written, which costs a system call per event; with it, those that are ready at the same time leave together.
 */
class CoalescingCall extends ServerInterceptingCall {
  private ahead = 0;
  private waiting: (() => void) | undefined;

  override sendMessage(message: unknown, callback: () => void): void {
    const size = message instanceof Uint8Array ? message.length : ASSUMED_BYTES;
    this.ahead += size;
    super.sendMessage(message, () => {
      this.ahead -= size;
      const { waiting } = this;
      if (!waiting || this.ahead > WINDOW_BYTES / 2) return;
      this.waiting = undefined;
      waiting();
    });
    if (this.ahead < WINDOW_BYTES) callback();
    else this.waiting = callback;
  }
}

export const coalesceAnswers: ServerInterceptor = (method, call) =>
  method.responseStream ? new CoalescingCall(call) : new ServerInterceptingCall(call);
