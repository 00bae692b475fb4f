import { typeOf, type Envelope, type Fact, type FactData } from '@qiyue/contracts';
import { randomUUID } from 'node:crypto';

let places = 0;

/** A fact as its owner's relay would tell it: the one of that number (from 0) of a stream of its own service. Facts stand in the store as they are made. */
export const told = <F extends Fact>(fact: F, id: string, data: FactData<F>, number = 0): Envelope => {
  const stream = `${fact.service}-${id}`;
  const [eventId, now] = [randomUUID(), new Date().toISOString()];
  return {
    specversion: '1.0',
    id: eventId,
    source: `/qiyue/${fact.service}`,
    type: typeOf(fact),
    subject: stream,
    partitionkey: stream,
    time: now,
    recordedtime: now,
    datacontenttype: 'application/json',
    dataschema: `urn:qiyue:schema:${typeOf(fact)}`,
    sequence: String(number),
    ...(number === 0 ? {} : { previoussequence: String(number - 1) }),
    position: `${(places += 1)}:${places}`,
    correlationid: eventId,
    causationid: eventId,
    chainhash: '0'.repeat(64),
    data,
  };
};
