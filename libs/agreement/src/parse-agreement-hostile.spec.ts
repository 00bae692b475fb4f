import fc from 'fast-check';
import { AgreementParseError, findNode, hashAgreement, nodesOf, parseAgreement, type AgreementDocument } from './index';

const ids = (document: AgreementDocument): string[] => nodesOf(document).map(({ id }) => id);
const parse = (...lines: string[]): AgreementDocument => parseAgreement(lines.join('\n'));

describe('hostile input', () => {
  const faultsOf = (text: unknown): string[] => {
    try {
      parseAgreement(text as string);
      return [];
    } catch (error) {
      if (!(error instanceof AgreementParseError)) throw error;
      return error.faults.map(({ kind }) => kind);
    }
  };

  test.each([
    ['nothing', '', ['empty']],
    ['only white space', ' \r\n\t\f\u3000\ufeff', ['empty']],
    ['prose without clauses', '你好。\n7 个工作日。\n第一条 无。', ['no-clauses']],
    ['an archive', 'PK\u0003\u0004\0\0\u0008\0', ['not-text']],
    ['another encoding', '1.总则\n1.1 \ufffd\ufffd。', ['not-text']],
    ['half a surrogate pair', '1.总则\n1.1 \ud800。', ['not-text']],
    ['several faults at once', '1.\ufffd\0', ['not-text', 'not-text']],
    ['too much', '1.总则\n'.repeat(500_000), ['too-large']],
    ['a table of figures', '1.1 x\n'.repeat(5_001), ['too-many-clauses']],
    ['a number', 5, ['not-text']],
    ['null', null, ['not-text']],
  ])('%s is refused with its faults', (_, text, expected) => expect(faultsOf(text)).toEqual(expected));

  test('the fault names the line', () => {
    expect(() => parseAgreement('1.总则\n\n1.1 \ufffd')).toThrow(/line 3/);
  });

  test('invisible and direction-changing characters are left out and reported', () => {
    const document = parse('1.总则', '1.1 付\u200b款\u202e期\u00ad限。', '1.2 乙\u0007。' + '丙'.repeat(200));
    expect(findNode(document, '1.1')?.text).toBe('付款期限。');
    expect(document.anomalies.map(({ kind, line }) => [kind, line])).toEqual([
      ['characters', 2],
      ['characters', 3],
    ]);
    expect(hashAgreement(document)).toBe(hashAgreement(parse('1.总则', '1.1 付款期限。', '1.2 乙。' + '丙'.repeat(200))));
  });

  const million = 1_000_000;
  test.each([
    ['one line', `1.总则\n1.1 ${'甲'.repeat(million)}`],
    ['a million lines', `1.总则\n1.1 甲${'\n乙'.repeat(million / 2)}`],
    ['spaces', `1.总则\n1.1 甲${' '.repeat(million)}乙`],
    ['digits', `1.总则\n1.1 ${'1'.repeat(million)}`],
    ['dotted digits', `1.总则\n${'1.'.repeat(million / 2)}`],
    ['spaces and dots', `1.总则\n${'1 . '.repeat(million / 4)}`],
    ['semicolons', `1.总则\n1.1 ${'；'.repeat(million)}`],
    ['the same number again and again', `1.总则\n${'1.1 甲\n'.repeat(4_999)}`],
    [
      'numbers that fit nowhere',
      `1.总则\n${Array.from({ length: 4_999 }, (_, index) => `${(index * 7) % 99}.${(index * 13) % 99}.${(index * 31) % 99} 甲。`).join('\n')}`,
    ],
  ])('a megabyte of %s is read to its end', (_, text) => {
    const document = parseAgreement(text);
    expect(document.sections.length).toBeGreaterThan(0);
    expect(hashAgreement(document)).toMatch(/^[0-9a-f]{64}$/);
  });

  test('whatever the text, the reading gives unique ascending numbers or a typed refusal', () => {
    const piece = fc.constantFrom(
      '1.',
      '1.1 ',
      '2.1.1 ',
      '2.2.1',
      '3、',
      '甲。',
      '乙',
      '条',
      '第',
      '；',
      '\n',
      '\n\n',
      '\r',
      ' ',
      '９．９',
      '1.1.1.1 ',
      '\f',
      '99.99',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(piece, { maxLength: 60 }).map((list) => list.join('')),
          fc.string({ unit: 'binary', maxLength: 80 }),
        ),
        (text) => {
          let document: AgreementDocument;
          try {
            document = parseAgreement(text);
          } catch (error) {
            expect(error).toBeInstanceOf(AgreementParseError);
            return;
          }
          const found = ids(document);
          expect(new Set(found).size).toBe(found.length);
          const sortable = found.map((id) =>
            id
              .split('.')
              .map((part) => part.padStart(6, '0'))
              .join('.'),
          );
          expect(sortable).toEqual([...sortable].sort());
        },
      ),
      { numRuns: 500 },
    );
  });
});
