import fc from 'fast-check';
import { isEnvelope, readEnvelope, writeEnvelope } from './envelope-text';
import { sampleEnvelope } from './testing-envelopes';

const good = sampleEnvelope({ sequence: 4, previous: 2 });

describe('reading envelopes', () => {
  test('what was written is read back', () =>
    fc.assert(
      fc.property(fc.jsonValue(), (data) =>
        expect(readEnvelope(writeEnvelope({ ...good, data }))).toEqual(JSON.parse(JSON.stringify({ ...good, data }))),
      ),
    ));
  test.each([
    ['an unknown spec version', { specversion: '2.0' }],
    ['no id', { id: '' }],
    ['a key that is not the stream', { partitionkey: 'lamp-2' }],
    ['a negative sequence', { sequence: '-1' }],
    ['a sequence that is a number', { sequence: 4 }],
    ['a sequence that no database can hold', { sequence: '9223372036854775808' }],
    ['a previous sequence that is text', { previoussequence: 'x' }],
    ['a position of another kind', { position: '12' }],
    ['a position beyond what a database counts', { position: '9223372036854775808:1' }],
    ['a previous position of another kind', { previousposition: 'nowhere' }],
    ['a previous position beyond what a database counts', { previousposition: '1:9223372036854775808' }],
    ['a NUL in the key', { subject: 'a\u0000', partitionkey: 'a\u0000' }],
    ['no chain hash', { chainhash: undefined }],
    ['a clause that is no text', { clause: 2 }],
  ])('a record with %s is no envelope', (_, over) => expect(isEnvelope({ ...good, ...over })).toBe(false));
  test('a record without data is no envelope', () => {
    const { data: _, ...rest } = good;
    expect(isEnvelope(rest)).toBe(false);
  });
  test('nothing that can be written on the bus makes reading throw', () =>
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) =>
        expect([true, false]).toContain(readEnvelope(text) === undefined),
      ),
    ));
});
