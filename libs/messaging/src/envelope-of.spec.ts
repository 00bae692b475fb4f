import { allFacts } from '@qiyue/contracts';
import { internal, published, publishedAs, Type } from '@qiyue/decider';
import { declarationOf, envelopeOf } from './envelope-of';
import { isEnvelope } from './envelope-text';
import { Unmappable } from './faults';
import type { RelayedEvent } from './relay-options';
import { lamp, lampEvents } from './testing-lamp';

const event = (over: Partial<RelayedEvent> = {}): RelayedEvent => ({
  id: '5b1c',
  stream: 'lamp-1-a',
  category: 'lamp',
  revision: 9_007_199_254_740_993n,
  position: { commit: 9_223_372_036_854_775_807n, prepare: 3n },
  type: 'LampLit',
  data: { watt: 5 },
  metadata: { correlationId: 'c1', causationId: 'c2', recordedAt: '2026-03-02T01:00:00.000Z', hash: 'f'.repeat(64) },
  ...over,
});
const map = (it: RelayedEvent, previous?: Parameters<typeof envelopeOf>[2]) => envelopeOf(it, declarationOf([lamp], it), previous);

describe('what is told of an event', () => {
  test('a published event is told whole, with numbers beyond a double as text', () => {
    const envelope = map(event(), { sequence: 7n, place: { commit: 9n, prepare: 8n } });
    expect(envelope).toEqual({
      specversion: '1.0',
      id: '5b1c',
      source: '/qiyue/lamp',
      type: 'qiyue.lamp.LampLit.v1',
      subject: 'lamp-1-a',
      partitionkey: 'lamp-1-a',
      time: '2026-03-02T01:00:00.000Z',
      recordedtime: '2026-03-02T01:00:00.000Z',
      datacontenttype: 'application/json',
      dataschema: 'urn:qiyue:schema:qiyue.lamp.LampLit.v1',
      sequence: '9007199254740993',
      previoussequence: '7',
      position: '9223372036854775807:3',
      previousposition: '9:8',
      correlationid: 'c1',
      causationid: 'c2',
      clause: '2.2.5',
      chainhash: 'f'.repeat(64),
      data: { watt: 5 },
    });
    expect(isEnvelope(envelope)).toBe(true);
  });
  test('the clause of the instance comes before the one of the declaration', () => {
    const metadata = { ...event().metadata, clause: '8.2.2', agreementVersion: '2026-01', traceparent: '00-a-b-01' };
    expect(map(event({ metadata }))).toMatchObject({ clause: '8.2.2', agreementversion: '2026-01', traceparent: '00-a-b-01' });
  });
  test('the first fact of a stream and of a partition names none before it', () => {
    expect(map(event())).not.toHaveProperty('previoussequence');
    expect(map(event())).not.toHaveProperty('previousposition');
  });
  test('an event told in another shape tells only that shape, personal fields sealed as they are', () => {
    const sealed = 'sealed:1:a1:iv:ct';
    expect(map(event({ type: 'LampSold', data: { accountId: 'a1', lampId: 'l', buyer: sealed, priceMinor: 5 } }))?.data).toEqual({
      lampId: 'l',
      buyer: sealed,
    });
  });
  test('an internal event is not told', () => expect(map(event({ type: 'LampDusted', data: {} }))).toBeUndefined());
  test('an event nobody has declared cannot be told, whatever it is called', () => {
    for (const type of ['LampEaten', 'constructor', '__proto__', '']) expect(() => map(event({ type }))).toThrow(Unmappable);
    expect(() => map(event({ category: 'chair' }))).toThrow(Unmappable);
  });
  test('data that does not fit the fact cannot be told, and the fault repeats no data', () => {
    const tell = () => map(event({ data: { watt: 'li@example.com' } }));
    expect(tell).toThrow(/LampLit.*\/watt/);
    expect(tell).not.toThrow(/li@example/);
  });
  test('a mapper that throws is a mapping failure', () => {
    const declaration = publishedAs({ service: 'lamp', name: 'X', version: 1, schema: Type.Object({}) }, Type.Object({}), () => {
      throw new Error('li@example.com');
    });
    expect(() => envelopeOf(event(), declaration, undefined)).toThrow(Unmappable);
    expect(() => envelopeOf(event(), declaration, undefined)).not.toThrow(/li@example/);
  });
  test('an event without a place in the store cannot be told', () => expect(() => map(event({ position: undefined }))).toThrow(Unmappable));
  test('every fact of every service can be told by its example, sealed or not', () => {
    for (const facts of Object.values(allFacts)) {
      for (const fact of Object.values(facts)) {
        const envelope = envelopeOf(event({ type: fact.name, data: fact.example }), published(fact), undefined);
        expect(envelope).toMatchObject({ type: `qiyue.${fact.service}.${fact.name}.v${fact.version}` });
        expect(isEnvelope(envelope)).toBe(true);
      }
    }
  });
  test('an internal declaration stays silent even about data that fits nothing', () =>
    expect(envelopeOf(event({ data: 1 }), internal('why', Type.Object({})), undefined)).toBeUndefined());
  test('declarations are found by category and type', () => expect(declarationOf([lamp], event())).toBe(lampEvents.LampLit));
});
