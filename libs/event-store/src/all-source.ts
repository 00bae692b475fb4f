import { StoreFault, StoreUnavailable } from './faults';
import type { AllItem, AllSource, Position } from './types';

/** What is needed of a Node readable of objects; the client's own types are stricter than ours about absent fields. */
interface ObjectReadable {
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'end' | 'close' | 'readable', listener: () => void): unknown;
  read(): unknown;
  destroy(): unknown;
}

/** What the database client's readable hands out, beside the checkpoints that were put into it. */
interface Resolved {
  readonly event?: {
    readonly id: string;
    readonly streamId: string;
    readonly revision: bigint;
    readonly position?: Position;
    readonly type: string;
    readonly data: unknown;
    readonly metadata: unknown;
  };
}

const itemOf = (value: AllItem | Resolved): AllItem | undefined => {
  if ('kind' in value) return value;
  const { event } = value;
  if (event === undefined) return undefined;
  if (event.position === undefined) throw new StoreFault(`${event.streamId}@${event.revision} came without its position`);
  const { id, streamId, revision, position, type, data, metadata } = event;
  return { kind: 'event', event: { id, stream: streamId, revision, position, type, data, metadata } };
};

/** A readable of objects, read by asking. Nothing is taken out of it in between, so a slow reader slows down the server. */
export class ReadableSource implements AllSource {
  #ended: unknown;
  #wake: (() => void) | undefined;

  constructor(
    private readonly readable: ObjectReadable,
    private readonly unsubscribe: () => Promise<void>,
  ) {
    const end = (error: unknown): void => {
      this.#ended ??= error;
      this.#wake?.();
    };
    readable.on('error', end);
    readable.on('end', () => end(new StoreUnavailable('the server ended the subscription')));
    readable.on('close', () => end(new StoreUnavailable('the subscription was closed')));
    readable.on('readable', () => this.#wake?.());
  }

  async next(max: number): Promise<readonly AllItem[]> {
    for (;;) {
      if (this.#ended !== undefined) throw this.#ended;
      const items: AllItem[] = [];
      while (items.length < max) {
        const value = this.readable.read() as AllItem | Resolved | null;
        if (value === null) break;
        const item = itemOf(value);
        if (item !== undefined) items.push(item);
      }
      if (items.length > 0) return items;
      if (this.#ended !== undefined) throw this.#ended;
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
    }
  }

  cancel(reason: Error = new StoreUnavailable('the subscription was cancelled')): void {
    this.#ended ??= reason;
    this.#wake?.();
    // Rejects if the subscription never came to be; it is over in any case.
    void this.unsubscribe()
      .catch(() => undefined)
      .finally(() => this.readable.destroy());
  }
}
