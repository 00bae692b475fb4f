// What the specs of this library share.
import { randomUUID } from 'node:crypto';
import { EventStoreDBClient, jsonEvent, type AllStreamResolvedEvent, type JSONEventData, type ResolvedEvent } from '@eventstore/db-client';

/** A stream name that no other test uses. */
export const freshStream = (category = 'spec'): string => `${category}-${randomUUID()}`;

/** `count` small events whose data tells their number, from `first` on. */
export const numbered = (count: number, first = 0, type = 'Numbered'): JSONEventData[] =>
  Array.from({ length: count }, (_, index) => jsonEvent({ type, data: { n: first + index } }));

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

export const revisions = (events: readonly (ResolvedEvent | AllStreamResolvedEvent)[]): number[] => events.map(({ event }) => Number(event?.revision ?? -1));

export const numbers = (events: readonly (ResolvedEvent | AllStreamResolvedEvent)[]): unknown[] =>
  events.map(({ event }) => (event?.data as { n?: unknown } | undefined)?.n);

/** Polls until `probe` answers something other than undefined or false; the test's own time limit is the bound. */
export const until = async <T>(probe: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> => {
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

export const connect = (connectionString: string): EventStoreDBClient => EventStoreDBClient.connectionString(connectionString);
