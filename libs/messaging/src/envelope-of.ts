import { typeOf, type Envelope, type ServiceName } from '@qiyue/contracts';
import { faultsOf, type AnyStream, type EventDeclaration } from '@qiyue/decider';
import { Unmappable } from './faults';
import type { Position, RelayedEvent } from './relay-options';

/** Negative, zero or positive as `a` lies before, at or after `b`. */
export const comparePlaces = (a: Position, b: Position): number => {
  if (a.commit !== b.commit) return a.commit < b.commit ? -1 : 1;
  return a.prepare === b.prepare ? 0 : a.prepare < b.prepare ? -1 : 1;
};

/** Reads a position as envelopes write it; `isEnvelope` has checked its form. */
export const parsePlace = (text: string): Position => {
  const colon = text.indexOf(':');
  return { commit: BigInt(text.slice(0, colon)), prepare: BigInt(text.slice(colon + 1)) };
};
export const formatPlace = ({ commit, prepare }: Position): string => `${commit}:${prepare}`;
/** The place of an envelope. */
export const placeOf = ({ position }: Pick<Envelope, 'position'>): Position => parsePlace(position);

const nameOf = ({ stream, revision, type }: RelayedEvent): string => `${stream}@${revision} ${type}`;

/** The declaration of an event. @throws Unmappable when none of the streams declares it. */
export const declarationOf = (streams: readonly AnyStream[], event: RelayedEvent): EventDeclaration => {
  const declared = streams.find(({ category }) => category === event.category)?.events as
    Readonly<Record<string, EventDeclaration>> | undefined;
  // Own keys only: an event may be called `constructor` by whoever wrote it.
  if (declared === undefined || !Object.hasOwn(declared, event.type)) throw new Unmappable(`${nameOf(event)} is not declared`);
  return declared[event.type] as EventDeclaration;
};

const dataOf = (event: RelayedEvent, publication: Exclude<EventDeclaration['publication'], { kind: 'internal' }>): unknown => {
  if (publication.kind === 'published') return event.data;
  try {
    return publication.map(event.data as never);
  } catch (error) {
    throw new Unmappable(`${nameOf(event)}: what it is told as cannot be made of it`, { cause: error });
  }
};

/**
 * What is told of a stored event, or undefined when it is internal. Personal fields pass sealed.
 * `previous` is what was told before it: the revision of the last event of the same stream, and the place of the last one in the same partition.
 * @throws Unmappable when what would be told does not fit the fact's schema.
 */
export const envelopeOf = (
  event: RelayedEvent,
  declaration: EventDeclaration,
  previous: { readonly sequence?: bigint | undefined; readonly place?: Position | undefined } = {},
): Envelope | undefined => {
  const { publication } = declaration;
  if (publication.kind === 'internal') return undefined;
  const { fact } = publication;
  const data = dataOf(event, publication);
  const faults = faultsOf(fact.schema, data);
  if (faults.length > 0) throw new Unmappable(`${nameOf(event)} does not fit ${fact.name}.v${fact.version}: ${faults.join('; ')}`);
  if (event.position === undefined) throw new Unmappable(`${nameOf(event)} has no position`);
  const { metadata } = event;
  const type = typeOf({ ...fact, service: fact.service as ServiceName });
  const clause = metadata.clause ?? declaration.clause;
  return {
    specversion: '1.0',
    id: event.id,
    source: `/qiyue/${fact.service}`,
    type,
    subject: event.stream,
    partitionkey: event.stream,
    time: metadata.recordedAt,
    recordedtime: metadata.recordedAt,
    datacontenttype: 'application/json',
    dataschema: `urn:qiyue:schema:${type}`,
    sequence: event.revision.toString(),
    ...(previous.sequence === undefined ? {} : { previoussequence: previous.sequence.toString() }),
    position: formatPlace(event.position),
    ...(previous.place === undefined ? {} : { previousposition: formatPlace(previous.place) }),
    correlationid: metadata.correlationId,
    causationid: metadata.causationId,
    ...(metadata.traceparent === undefined ? {} : { traceparent: metadata.traceparent }),
    ...(clause === undefined ? {} : { clause }),
    ...(metadata.agreementVersion === undefined ? {} : { agreementversion: metadata.agreementVersion }),
    chainhash: metadata.hash,
    data,
  };
};
