// What the specs of this library share; nothing here loads a client.
import { randomUUID } from 'node:crypto';

/** A stream name that no other test uses. */
export const freshStream = (category = 'spec'): string => `${category}-${randomUUID()}`;

export const collect = async <T>(source: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of source) all.push(item);
  return all;
};

/** The first `count` items of a subscription, which is then ended. */
export const take = async <T>(source: AsyncIterable<T> & { unsubscribe(): Promise<void> }, count: number): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of source) {
    all.push(item);
    if (all.length === count) break;
  }
  await source.unsubscribe();
  return all;
};

/** Polls until `probe` answers something other than undefined or false; the test's own time limit is the bound. */
export const until = async <T>(probe: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> => {
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};
