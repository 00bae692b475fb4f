import { parseType, type Envelope } from '@qiyue/contracts';
import { parseStreamName } from '@qiyue/decider';
import type { Actor, Position, StoredEvent } from '@qiyue/event-store';

/** What a read model folds: an event of its own service, or a fact another service told. Personal fields of `data` are sealed. */
export interface Item<Type extends string = string, Data = unknown> {
  readonly source: 'own' | 'fact';
  /** The service that told the fact; absent on own events. */
  readonly service?: string;
  /** Name of the event or of the fact, without service and version. */
  readonly type: Type;
  /** Version of the fact's shape; absent on own events, which are upcast before they come here. */
  readonly version?: number;
  readonly data: Data;
  /** UUID of the stored event; a fact has the id of the event it was made from. */
  readonly id: string;
  /** `<category>-<streamId>`. */
  readonly stream: string;
  readonly streamId: string;
  /** Place in the stream. Grows; has gaps on facts, where events between them are internal. */
  readonly revision: bigint;
  /** ISO 8601 UTC. */
  readonly recordedAt: string;
  readonly clause?: string;
  readonly agreementVersion?: string;
  readonly correlationId: string;
  readonly causationId: string;
  /** Who gave the command; own events only. */
  readonly actor?: Actor;
}

/** An item and its place in its owner's event store: the order in which own events come, and in which a partition of facts is told. */
export interface Placed {
  readonly item: Item;
  readonly position: Position;
}

export const itemsOf = (placed: readonly Placed[]): readonly Item[] => placed.map(({ item }) => item);

/** The place of what comes before an item; undefined if it is the first. */
export const placeBefore = (placed: readonly Placed[], item: Item): Position | undefined =>
  placed[placed.findIndex((one) => one.item === item) - 1]?.position;

const optional = <Name extends string, Value>(name: Name, value: Value | undefined): { readonly [N in Name]?: Value } =>
  (value === undefined ? {} : { [name]: value }) as { readonly [N in Name]?: Value };

/** An own event, as a read model sees it. */
export const itemOfStored = (event: StoredEvent): Item => {
  const { metadata } = event;
  return {
    source: 'own',
    type: event.type,
    data: event.data,
    id: event.id,
    stream: event.stream,
    streamId: event.streamId,
    revision: event.revision,
    recordedAt: metadata.recordedAt,
    ...optional('clause', metadata.clause),
    ...optional('agreementVersion', metadata.agreementVersion),
    correlationId: metadata.correlationId,
    causationId: metadata.causationId,
    actor: metadata.actor,
  };
};

/** A fact of another service, as a read model sees it. Throws a `TypeError` on an envelope that is none of ours. */
export const itemOfEnvelope = (envelope: Envelope): Item => {
  const type = parseType(envelope.type);
  if (type === undefined) throw new TypeError(`"${envelope.type}" is no fact of this platform`);
  return {
    source: 'fact',
    service: type.service,
    type: type.name,
    version: type.version,
    data: envelope.data,
    id: envelope.id,
    stream: envelope.subject,
    streamId: parseStreamName(envelope.subject).id,
    revision: BigInt(envelope.sequence),
    recordedAt: envelope.recordedtime,
    ...optional('clause', envelope.clause),
    ...optional('agreementVersion', envelope.agreementversion),
    correlationId: envelope.correlationid,
    causationId: envelope.causationid,
  };
};
