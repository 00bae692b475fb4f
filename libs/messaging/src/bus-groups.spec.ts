import fc from 'fast-check';
import { partitionKey, shareOf } from './bus-groups';

describe('the shares of a group', () => {
  const group = fc.record({
    members: fc.uniqueArray(fc.record({ member: fc.uuid(), topics: fc.uniqueArray(fc.integer({ min: 1, max: 4 })) }), {
      minLength: 1,
      maxLength: 6,
      selector: ({ member }) => member,
    }),
    partitions: fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 12 })), { selector: ([topic]) => topic }),
  });
  test('every partition that somebody reads has exactly one reader, who reads its topic, and shares differ by one at most', () =>
    fc.assert(
      fc.property(group, ({ members, partitions }) => {
        const counts = new Map(partitions);
        const shares = members.map(({ member, topics }) => ({ topics, share: shareOf(member, members, counts) }));
        for (const { topics, share } of shares) expect(share.every(({ topicId }) => topics.includes(topicId))).toBe(true);
        const all = shares.flatMap(({ share }) => share.map(partitionKey));
        const read = partitions.filter(([topic]) => members.some(({ topics }) => topics.includes(topic)));
        expect(all.toSorted()).toEqual(
          read
            .flatMap(([topicId, count]) => Array.from({ length: count }, (_, partition) => partitionKey({ topicId, partition })))
            .toSorted(),
        );
        for (const [topic] of read) {
          const sizes = shares
            .filter(({ topics }) => topics.includes(topic))
            .map(({ share }) => share.filter(({ topicId }) => topicId === topic).length);
          expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        }
      }),
    ));
  test('the order in which members are known does not matter', () => {
    const members = ['c', 'a', 'b'].map((member) => ({ member, topics: [1] }));
    expect(shareOf('a', members, new Map([[1, 12]]))).toEqual(shareOf('a', members.toReversed(), new Map([[1, 12]])));
  });
});
