import { faultsOf, type RejectionEntry } from '@qiyue/decider';
import { allFacts, allRejections, groupOf, parseType, serviceNames, topicOf, typeOf, type Fact } from './index';

const facts = Object.values(allFacts).flatMap((ofService) => Object.values(ofService) as Fact[]);

describe('facts', () => {
  test.each(facts.map((fact) => [`${fact.service}.${fact.name}`, fact] as const))('the example of %s fits its schema', (_name, fact) =>
    expect(faultsOf(fact.schema, fact.example)).toEqual([]),
  );
  test("a name is one service's only, so that a subscriber never has to guess", () => {
    const names = facts.map((fact) => fact.name);
    expect(new Set(names).size).toBe(names.length);
  });
  test('the type on the wire names service, fact and version, and reads back', () => {
    for (const fact of facts) expect(parseType(typeOf(fact))).toEqual({ service: fact.service, name: fact.name, version: fact.version });
    expect(parseType('com.other.Thing')).toBeUndefined();
  });
});

describe('rejections', () => {
  test.each(Object.entries(allRejections))(
    '%s answers every code with a status, a sentence and, for a rule, its clause',
    (service, { table, reject }) => {
      for (const [code, entry] of Object.entries<RejectionEntry>(table)) {
        expect(code).toMatch(/^[a-z][a-z0-9-]+$/);
        expect(entry.meaning).toMatch(/\.$/);
        expect((reject as (code: string) => unknown)(code)).toEqual({ kind: 'rejection', code });
      }
      expect(serviceNames).toContain(service);
    },
  );
});

test('topics and groups are named after services and stations', () => {
  expect(topicOf('order')).toBe('qiyue.order.events.v1');
  expect(groupOf('billing', 'reactions')).toBe('qiyue.billing.reactions');
});
