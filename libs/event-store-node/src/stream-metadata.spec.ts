import { DELETED } from './model';
import { firstReadable, isSoftDeleted, parseStreamMetadata, recreatedFrom, softDeleteData } from './stream-metadata';

const parse = (json: unknown): unknown => parseStreamMetadata(Buffer.from(typeof json === 'string' ? json : JSON.stringify(json)));

test.each([
  ['limits', { $maxCount: 3, $maxAge: 60, $tb: 2 }, { maxCount: 3, maxAgeSeconds: 60, truncateBefore: 2 }],
  ['$tb of 0, which is a limit', { $tb: 0 }, { truncateBefore: 0 }],
  ['limits that are none', { $maxCount: 0, $maxAge: -1, $tb: -5 }, {}],
  ['a limit that is no whole number, which spoils the rest', { $maxCount: 1.5, $tb: 2 }, {}],
  ['a limit beyond 64 bits', '{"$tb":9223372036854779999}', {}],
  ['the greatest limit there is', '{"$tb":9223372036854775807}', { truncateBefore: DELETED }],
  ['roles, one or many', { $acl: { $r: 'a', $w: ['b', 'c'], $x: 1 } }, { acl: { read: ['a'], write: ['b', 'c'] } }],
  ['roles that are no text', { $acl: { $r: 1 } }, {}],
  ['fields of others', { ours: true }, {}],
  ['no object', [1], {}],
  ['no JSON', '{', {}],
  ['nothing', '', {}],
])('metadata with %s', (_case, json, expected) => expect(parse(json)).toEqual(expected));

test('a soft delete is told by its $tb, and undone by another', () => {
  expect(isSoftDeleted(parseStreamMetadata(softDeleteData()))).toBe(true);
  const recreated = recreatedFrom(Buffer.from('{"$tb":9223372036854775807,"ours":{"a":[1]}}'), 7);
  expect(JSON.parse(Buffer.from(recreated ?? []).toString())).toEqual({ $tb: 7, ours: { a: [1] } });
  expect(recreatedFrom(Buffer.from('nonsense'), 7)).toBeUndefined();
});

test.each([
  [{}, 9, 0],
  [{ maxCount: 3 }, 9, 7],
  [{ maxCount: 3 }, 1, 0],
  [{ truncateBefore: 5 }, 9, 5],
  [{ maxCount: 3, truncateBefore: 9 }, 9, 9],
  [{ maxCount: 3, truncateBefore: 2 }, 9, 7],
])('with %j and the last revision %d, %d is the first that can be read', (metadata, last, first) =>
  expect(firstReadable(metadata, last)).toBe(first),
);
