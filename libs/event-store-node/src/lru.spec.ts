import * as fc from 'fast-check';
import { LruMap } from './lru';

test('the entries used last are there, with their newest value', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.array(fc.record({ key: fc.nat({ max: 20 }), set: fc.boolean() })), (capacity, steps) => {
      const map = new LruMap<number, number>(capacity);
      const values = new Map<number, number>();
      let used: number[] = [];
      steps.forEach(({ key, set }, index) => {
        if (set) {
          map.set(key, index);
          values.set(key, index);
        } else if (!values.has(key)) expect(map.get(key)).toBeUndefined();
        else if (used.slice(-capacity).includes(key)) expect(map.get(key)).toBe(values.get(key));
        else return;
        if (values.has(key)) used = [...used.filter((other) => other !== key), key];
      });
    }),
  );
});

test('what was not used for long is forgotten', () => {
  const map = new LruMap<number, number>(10);
  for (let key = 0; key < 1000; key += 1) map.set(key, key);
  expect(Array.from({ length: 1000 }, (_, key) => map.get(key)).filter((value) => value !== undefined).length).toBeLessThanOrEqual(20);
  map.clear();
  expect(map.get(999)).toBeUndefined();
});
