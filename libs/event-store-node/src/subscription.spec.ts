import type { RecordedEvent } from './model';
import type { Reader } from './reader';
import type { Sink } from './sink';
import { followAll } from './subscription';
import { Tail } from './tail';

const event = (position: number, bytes = 10): RecordedEvent => ({
  position,
  stream: 's',
  revision: position - 1,
  id: '6f8b3f3e-0000-4000-8000-000000000000',
  type: 'T',
  isJson: true,
  createdMs: 0,
  data: new Uint8Array(bytes),
  metadata: new Uint8Array(0),
});

const range = (from: number, to: number): RecordedEvent[] => Array.from({ length: to - from + 1 }, (_, index) => event(from + index));

/** A client that takes messages only when told to. */
class HeldSink implements Sink {
  closed = false;
  sent = 0;
  private release: (() => void) | undefined;
  private readonly listeners: (() => void)[] = [];

  send(): Promise<void> {
    this.sent += 1;
    return new Promise((resolve) => {
      this.release = resolve;
    });
  }

  onClose(listener: () => void): void {
    this.listeners.push(listener);
  }

  takeOne(): void {
    this.release?.();
  }

  close(): void {
    this.closed = true;
    this.release?.();
    for (const listener of this.listeners) listener();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a subscriber that does not read is sent nothing more, and the database is not read ahead for it', async () => {
  const tail = new Tail(100, 1_000_000);
  tail.reset(10_000);
  let pages = 0;
  const reader = {
    allForwards: (position: number, limit: number) => {
      pages += 1;
      return Promise.resolve(range(position, position + limit - 1));
    },
  } as unknown as Reader;
  const sink = new HeldSink();
  const following = followAll({ reader, tail, nowMs: () => 0 }, sink, {
    from: 1,
    checkpointInterval: 1,
    resolveLinks: false,
    structuredIds: false,
  });
  for (let n = 0; n < 50; n += 1) await turn();
  expect([sink.sent, pages]).toEqual([1, 1]);
  for (let n = 0; n < 20; n += 1) {
    sink.takeOne();
    await turn();
  }
  expect([sink.sent, pages]).toEqual([21, 1]);
  sink.close();
  await following;
});

test('a subscription that the client ended is forgotten', async () => {
  const tail = new Tail(100, 1_000_000);
  const sink = new HeldSink();
  const following = followAll({ reader: {} as Reader, tail, nowMs: () => 0 }, sink, {
    from: 1,
    checkpointInterval: 1,
    resolveLinks: false,
    structuredIds: false,
  });
  await turn();
  sink.close();
  await following;
  tail.publish(range(1, 3));
  await turn();
  expect(sink.sent).toBe(1);
});

describe('the live tail', () => {
  test('answers from a position on, or not at all when that is gone', () => {
    const tail = new Tail(5, 1_000_000);
    tail.publish(range(1, 3));
    expect(tail.from(2, 10)?.map(({ position }) => position)).toEqual([2, 3]);
    expect(tail.from(4, 10)).toEqual([]);
    tail.publish(range(4, 8));
    expect([tail.committed, tail.from(3, 10), tail.from(4, 2)?.map(({ position }) => position)]).toEqual([8, undefined, [4, 5]]);
  });

  test('is bounded in bytes', () => {
    const tail = new Tail(1000, 1000);
    for (let position = 1; position <= 50; position += 1) tail.publish([event(position, 100)]);
    expect(tail.from(40, 10)).toBeUndefined();
    expect(tail.from(41, 10)).toHaveLength(10);
  });

  test('has nothing left after a reset', () => {
    const tail = new Tail(5, 1000);
    tail.publish(range(1, 3));
    tail.reset(9);
    expect([tail.committed, tail.from(2, 1)]).toEqual([9, undefined]);
    tail.publish(range(10, 11));
    expect(tail.from(10, 5)).toHaveLength(2);
  });
});
