import { partitionCount, topicOf, typeOf, type Envelope, type Fact, type FactData } from '@qiyue/contracts';
import { uuid5 } from '@qiyue/event-store';
import type { TestPlatform } from './index';

// Any UUID does; it keeps the ids of told facts apart from those of real events.
const TOLD = '4c1f6e0a-2a57-5d1b-8f0e-7d3c5b9a1e42';

// As a relay does: one after the other, in the order of their places, which grow over tellers and processes.
let telling: Promise<unknown> = Promise.resolve();
let lastPlace = 0n;
const nextPlace = (): bigint => {
  const clock = process.hrtime.bigint();
  return (lastPlace = clock > lastPlace ? clock : lastPlace + 1n);
};

/** Tells facts in the name of services that do not run: `await tell(orderFacts.OrderCancelled, 'order-1', data)`. */
export interface FactTeller {
  /** Tells a fact once more on a stream `<service>-<id>`; revisions count on by themselves. Answers its envelope. */
  <F extends Fact>(fact: F, id: string, data: FactData<F>): Promise<Envelope>;
  /** Tells an envelope again, as a relay may. */
  again(envelope: Envelope): Promise<void>;
}

/** Puts facts on the bus of a test platform as another service's relay would. Personal fields may be plain; reactions read them as they are. */
export const factTeller = (platform: TestPlatform): FactTeller => {
  const last = new Map<string, number>();
  const publish = (service: Fact['service'], envelope: Envelope): Promise<void> => {
    const told = telling.then(async () => {
      const { transport } = platform.platform.state.process;
      await transport.ensureTopics([topicOf(service)], partitionCount);
      await transport.publish(topicOf(service), [envelope]);
    });
    telling = told.catch(() => undefined);
    return told;
  };
  const tell = async <F extends Fact>(fact: F, id: string, data: FactData<F>): Promise<Envelope> => {
    const stream = `${fact.service}-${id}`;
    const previous = last.get(stream);
    const sequence = previous === undefined ? 0 : previous + 1;
    last.set(stream, sequence);
    const now = platform.now();
    const place = nextPlace();
    const eventId = uuid5(TOLD, `${stream}@${sequence}`);
    const envelope: Envelope = {
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
      sequence: String(sequence),
      ...(previous === undefined ? {} : { previoussequence: String(previous) }),
      position: `${place}:${place}`,
      correlationid: eventId,
      causationid: eventId,
      ...(fact.clause === undefined ? {} : { clause: fact.clause }),
      chainhash: '0'.repeat(64),
      data,
    };
    await publish(fact.service, envelope);
    return envelope;
  };
  return Object.assign(tell, {
    again: (envelope: Envelope) => publish((/^\/qiyue\/(\w+)$/.exec(envelope.source)?.[1] ?? '') as Fact['service'], envelope),
  });
};
