import { parseStreamName, type AnyEventType, type AnyStream } from '@qiyue/decider';
import { UnreadableEvent } from './faults';
import type { EventMetadata, RecordedEvent, StoredEvent } from './types';

/** What the store holds, as it is: neither checked, nor upcast, nor revealed. */
export const storedEvent = ({ id, stream, revision, position, type, data, metadata }: RecordedEvent): StoredEvent => {
  const { category, id: streamId } = parseStreamName(stream);
  return {
    id,
    stream,
    category,
    streamId,
    revision,
    ...(position === undefined ? {} : { position }),
    type,
    data,
    metadata: metadata as EventMetadata,
  };
};

const named = ({ type, stream, revision }: StoredEvent): string => `${type} at ${stream}@${revision}`;

/** The declaration of a stored event's type. Throws `UnreadableEvent` if the stream declares none: an unknown event is never skipped. */
export const declarationOf = (of: AnyStream, event: StoredEvent): AnyEventType => {
  if (!Object.hasOwn(of.events, event.type)) throw new UnreadableEvent(`${named(event)} is no event of ${of.category}`);
  return of.events[event.type] as AnyEventType;
};

/**
 * The event in the shape of its current schema version; `metadata` keeps the version it was stored in. Upcasts see personal fields sealed:
 * they may move them, never look into them. Throws `UnreadableEvent` if it is unknown, newer than this code, or without its metadata.
 */
export const upcast = (of: AnyStream, event: StoredEvent): StoredEvent => {
  const declaration = declarationOf(of, event);
  const metadata = event.metadata as Partial<EventMetadata> | undefined;
  if (typeof metadata !== 'object' || typeof metadata.hash !== 'string' || typeof metadata.commandId !== 'string')
    throw new UnreadableEvent(`${named(event)} has lost its metadata`);
  const stored = metadata.schemaVersion;
  if (!Number.isInteger(stored) || (stored as number) < 1) throw new UnreadableEvent(`${named(event)} has no schema version`);
  if ((stored as number) > declaration.version)
    throw new UnreadableEvent(`${named(event)} has schema version ${stored}, this code knows ${declaration.version}`);
  if (typeof event.data !== 'object' || event.data === null) throw new UnreadableEvent(`${named(event)} has no readable data`);
  if (stored === declaration.version) return event;
  const steps = declaration.upcasts.slice((stored as number) - 1);
  return { ...event, data: steps.reduce((data, step) => step(data), event.data as Record<string, unknown>) };
};

/** `upcast` for events of several streams, told apart by category. */
export const upcastAmong = (streams: readonly AnyStream[]): ((event: StoredEvent) => StoredEvent) => {
  const byCategory = new Map(streams.map((one) => [one.category, one]));
  return (event) => {
    const of = byCategory.get(event.category);
    if (of === undefined) throw new UnreadableEvent(`${named(event)} is of a category nobody declares`);
    return upcast(of, event);
  };
};
