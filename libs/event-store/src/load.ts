import type { AnyStream } from '@qiyue/decider';
import { retrying, type BackOff } from './back-off';
import { storedEvent, upcast } from './event-codec';
import { StoreUnavailable } from './faults';
import { chainStart } from './hash-chain';
import type { Folded } from './stream-cache';
import type { EventStoreClient, StoredEvent, Vault } from './types';

export interface LoadedStream extends Folded {
  /** Upcast, revealed. */
  readonly events: readonly StoredEvent[];
}

/** A stream without events. */
export const emptyStream = (of: AnyStream, name: string): LoadedStream => ({
  state: of.initialState as unknown,
  revision: undefined,
  lastHash: chainStart(name),
  commandIds: new Set(),
  events: [],
});

/** Reads a whole stream, upcasts, reveals and folds it. A read that fails half-way is begun again. Throws `UnreadableEvent` at an event it does not know. */
export const loadStream = async (
  client: EventStoreClient,
  vault: Vault,
  of: AnyStream,
  name: string,
  tries: number,
  backOff: BackOff,
): Promise<LoadedStream> => {
  const sealed = await retrying(
    () => readWhole(client, name),
    (error) => error instanceof StoreUnavailable,
    tries,
    backOff,
  );
  const last = sealed.at(-1);
  if (last === undefined) return emptyStream(of, name);
  const upcasted = sealed.map((event) => upcast(of, event));
  const data = await vault.revealDeep(upcasted.map((event) => event.data));
  const events = upcasted.map((event, index) => (event.data === data[index] ? event : { ...event, data: data[index] }));
  return {
    state: events.reduce<unknown>((state, event) => of.evolve(state, event), of.initialState),
    revision: last.revision,
    lastHash: last.metadata.hash,
    commandIds: new Set(events.map((event) => event.metadata.commandId)),
    events,
  };
};

const readWhole = async (client: EventStoreClient, name: string): Promise<StoredEvent[]> => {
  const events: StoredEvent[] = [];
  for await (const recorded of client.readStream(name)) events.push(storedEvent(recorded));
  return events;
};
