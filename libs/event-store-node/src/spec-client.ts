// What the specs that use the `@eventstore/db-client` share.
import { EventStoreDBClient, jsonEvent, type AllStreamResolvedEvent, type JSONEventData, type ResolvedEvent } from '@eventstore/db-client';

export * from './spec-kit';

/** `count` small events whose data tells their number, from `first` on. */
export const numbered = (count: number, first = 0, type = 'Numbered'): JSONEventData[] =>
  Array.from({ length: count }, (_, index) => jsonEvent({ type, data: { n: first + index } }));

export const revisions = (events: readonly (ResolvedEvent | AllStreamResolvedEvent)[]): number[] =>
  events.map(({ event }) => Number(event?.revision ?? -1));

export const numbers = (events: readonly (ResolvedEvent | AllStreamResolvedEvent)[]): unknown[] =>
  events.map(({ event }) => (event?.data as { n?: unknown } | undefined)?.n);

export const connect = (connectionString: string): EventStoreDBClient => EventStoreDBClient.connectionString(connectionString);
