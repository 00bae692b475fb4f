import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { clauseIds, findNode, hashAgreement, nodesOf, parseAgreement, type AgreementDocument } from './index';

const sample = (name: string): string => readFileSync(join(__dirname, '../sample', name), 'utf8');
const ids = (document: AgreementDocument): string[] => nodesOf(document).map(({ id }) => id);
const parse = (...lines: string[]): AgreementDocument => parseAgreement(lines.join('\n'));
const anomalies = (document: AgreementDocument): string[] =>
  document.anomalies.map(({ kind, printed, canonical }) => `${kind} ${printed}→${canonical}`);

/** The clauses of the registry and the sections and groups above them. */
const everyNumber = new Set(['1', '2', '2.1', '2.2', '3', '4', '5', '6', '7', '8', '9', ...clauseIds]);

describe('the sample agreement', () => {
  const document = parseAgreement(sample('user-agreement.zh.txt'));

  test('every clause of the registry is found, and nothing else', () => {
    expect(new Set(ids(document))).toEqual(everyNumber);
    expect(document.title).toBe('澄湖云服务用户协议（示例）');
    expect(document.preamble).toContain('仅用于演示和测试');
  });

  test('the second 2.2.1, misprinted inside 2.1, is read by its position and reported', () => {
    expect(document.anomalies).toEqual([
      {
        kind: 'numbering',
        printed: '2.2.1',
        canonical: '2.1.2',
        line: expect.any(Number) as number,
        message: 'printed 2.2.1, by its position 2.1.2',
      },
    ]);
    expect(findNode(document, '2.1.2')).toMatchObject({ printed: '2.2.1', text: expect.stringMatching(/^联系人/) as string });
    expect(findNode(document, '2.2.1')).toMatchObject({ printed: '2.2.1', text: expect.stringMatching(/^客户提交订单前/) as string });
  });

  test('a wrapped clause is one text again, with spaces only where Latin words meet', () => {
    expect(findNode(document, '2.1.3')?.text).toBe(
      '服务可以在官网直接购买，也可以通过持有澄湖云有效授权的经销商购买。向没有授权的商家购买而产生的问题，澄湖云不予处理。',
    );
    expect(findNode(document, '2.2.4')?.text).toContain('价目表见 https://cloud.example/pricing 页面');
  });

  test('headings, texts and what follows a list are told apart', () => {
    expect(findNode(document, '2.2')).toMatchObject({ heading: '付款、发票与退款', text: '' });
    expect(findNode(document, '8.2')).toMatchObject({ heading: '暂停服务', text: '有下面任何一种情况的，澄湖云可以暂停账户：' });
    expect(findNode(document, '8.2')?.closing).toMatch(/^暂停之前已经产生的费用仍须支付/);
    expect(findNode(document, '8.2.8')?.text).toBe('客户有侵犯他人知识产权的嫌疑；');
    expect(findNode(document, '3.4')).not.toHaveProperty('closing');
    expect(findNode(document, '6.1')).not.toHaveProperty('heading');
  });

  test('the next version prints the number right and adds a clause', () => {
    const next = parseAgreement(sample('user-agreement-v2.zh.txt'));
    expect(next.anomalies).toEqual([]);
    expect(new Set(ids(next))).toEqual(new Set([...everyNumber, '9.3']));
  });
});

const realAgreement = join(__dirname, '../../../../shared/spec/anheng-cloud-user-agreement.zh.txt');
const describeWherePresent = existsSync(realAgreement) ? describe : undefined;
describeWherePresent?.('the agreement of the specification, where it is present', () => {
  test('every clause is found, with the one slip of its numbering', () => {
    const document = parseAgreement(readFileSync(realAgreement, 'utf8'));
    expect(new Set(ids(document))).toEqual(everyNumber);
    expect(anomalies(document)).toEqual(['numbering 2.2.1→2.1.2']);
    expect(findNode(document, '8.2')?.closing).toMatch(/^您承认并同意暂停/);
    expect(findNode(document, '8.2.8')?.text).toMatch(/知识产权；$/);
    expect(findNode(document, '3.4')?.text).toMatch(/^除非法律允许/);
  });
});

describe('numbers', () => {
  test('numbers inside a text stay text, also at the start of a wrapped line', () => {
    const document = parse(
      '1.总则',
      '1.1 应在',
      '7 个工作日内依照第',
      '2.1 条以及',
      '1.2 条的约定付款，费用上浮',
      '1.5 倍。',
      '1.2 另有约定。',
      '1.3 按',
      '3.4 条处理。',
      '2.其他',
      '2.1 完。',
    );
    expect(ids(document)).toEqual(['1', '1.1', '1.2', '1.3', '2', '2.1']);
    expect(findNode(document, '1.1')?.text).toBe('应在7 个工作日内依照第2.1 条以及1.2 条的约定付款，费用上浮1.5 倍。');
    expect(document.anomalies).toEqual([]);
  });

  test('a list inside a clause is not a list of sections', () => {
    const document = parse(
      '1.总则',
      '1.1 下列情形除外：',
      '1、甲；',
      '2、乙；',
      '3、丙。',
      '1.2 无。',
      '2.其他',
      '2.1 完。',
      '3.附则',
      '3.1 完。',
    );
    expect(ids(document)).toEqual(['1', '1.1', '1.2', '2', '2.1', '3', '3.1']);
    expect(findNode(document, '1.1')?.text).toBe('下列情形除外：1、甲；2、乙；3、丙。');
    const atTheEnd = parse('1.总则', '1.1 甲。', '2.其他', '2.1 除外：', '1、甲；', '2、乙；', '3、丙；', '4、丁。');
    expect(ids(atTheEnd)).toEqual(['1', '1.1', '2', '2.1']);
    expect(atTheEnd.anomalies).toEqual([]);
  });

  test.each([
    [
      'the last of its group',
      ['1.总则', '1.1 组', '1.1.1 甲。', '1.2.1 乙。', '1.2 组', '1.2.1 丙。'],
      ['1', '1.1', '1.1.1', '1.1.2', '1.2', '1.2.1'],
      ['numbering 1.2.1→1.1.2'],
    ],
    [
      'printed twice at the end of a group',
      ['1.总则', '1.1 甲。', '1.1 乙。', '2.其他', '2.1 丙。'],
      ['1', '1.1', '1.2', '2', '2.1'],
      ['numbering 1.1→1.2'],
    ],
    [
      'the first of its group',
      ['1.总则', '1.1 组', '1.3.1 甲。', '1.1.2 乙。', '1.2 丙。'],
      ['1', '1.1', '1.1.1', '1.1.2', '1.2'],
      ['numbering 1.3.1→1.1.1'],
    ],
  ])('a slip is healed when it is %s', (_, lines, expectedIds, expectedAnomalies) => {
    const document = parse(...lines);
    expect(ids(document)).toEqual(expectedIds);
    expect(anomalies(document)).toEqual(expectedAnomalies);
  });

  test('a number printed twice before others is read as the end of the first, so that the others keep their printed numbers', () => {
    const document = parse('1.总则', '1.1 甲。', '1.1 乙。', '1.2 丙。', '1.3 丁。', '2.其他', '2.1 戊。');
    expect(ids(document)).toEqual(['1', '1.1', '1.2', '1.3', '2', '2.1']);
    expect(anomalies(document)).toEqual(['unplaced 1.1→1.1']);
  });

  test('headings about articles, items and money are no references', () => {
    const document = parse(
      '1.条件与款项',
      '1.1 条款的效力',
      '1.1.1 项目款项与元数据。',
      '1.1.2 目的。',
      '1.2 条例优先。',
      '2.其他',
      '2.1 元数据归用户。',
      '3.附则',
      '3.1 款式。',
    );
    expect(ids(document)).toEqual(['1', '1.1', '1.1.1', '1.1.2', '1.2', '2', '2.1', '3', '3.1']);
    expect(document.anomalies).toEqual([]);
  });

  test('a missing clause leaves a gap, and those behind it keep their numbers', () => {
    const document = parse('1.总则', '1.1 甲。', '1.3 乙。', '1.4 丙。', '2.2.1 丁。', '2.2.2 戊。', '3.其他', '3.1 完。');
    expect(ids(document)).toEqual(['1', '1.1', '1.3', '1.4', '2.2.1', '2.2.2', '3', '3.1']);
    expect(anomalies(document)).toEqual(['gap 1.3→1.3', 'gap 2.2.1→2.2.1']);
  });

  test('a number that fits nowhere is read as text and reported', () => {
    const document = parse('1.总则', '1.1 甲。', '1.2 乙。', '1.1.1.1 丙。', '1.3 丁。', '2.其他');
    expect(ids(document)).toEqual(['1', '1.1', '1.2', '1.3', '2']);
    expect(anomalies(document)).toEqual(['unplaced 1.1.1.1→1.2']);
    expect(findNode(document, '1.2')?.text).toBe('乙。1.1.1.1 丙。');
  });

  test('dates, versions, addresses and large numbers are no clauses', () => {
    const document = parse(
      '1.总则',
      '1.1 甲。',
      '2026.3.15 起。',
      '192.168.1.1 处。',
      '0.5 元。',
      '2.0 版。',
      '1.1.1.1.1 节。',
      '123.4 点。',
      '1.2 乙。',
    );
    expect(ids(document)).toEqual(['1', '1.1', '1.2']);
  });

  test('full-width digits and dots, other marks and a number alone on its line are read', () => {
    const document = parse('協議', '１．总则', '１．１　甲。', '1.2', '乙。', '2、其他', '2。1丙。');
    expect(nodesOf(document).map(({ id, printed, heading, text }) => [id, printed, heading ?? '', text])).toEqual([
      ['1', '１', '总则', ''],
      ['1.1', '１．１', '', '甲。'],
      ['1.2', '1.2', '', '乙。'],
      ['2', '2', '其他', ''],
      ['2.1', '2。1', '', '丙。'],
    ]);
    expect(document.anomalies).toEqual([]);
  });

  test('every line end counts as one, and lines are numbered as an editor shows them', () => {
    const document = parseAgreement('\ufeff协议\r\n\r\n1.总则\r1.1 甲。\n\f1.2 乙。\u20281.3 丙。');
    expect(ids(document)).toEqual(['1', '1.1', '1.2', '1.3']);
    expect(nodesOf(document).map(({ line }) => line)).toEqual([3, 4, 5, 6]);
  });
});

describe('layout', () => {
  const original = sample('user-agreement.zh.txt');
  const document = parseAgreement(original);
  // One line a clause; breaks are then put anywhere but inside a Latin word.
  const paragraphs = [
    document.title,
    document.preamble,
    ...nodesOf(document).flatMap(({ printed, id, heading, text, closing }) => [
      ...(closing === undefined ? [] : []),
      `${printed}${id.includes('.') ? ' ' : '.'}${heading ?? text}`,
      ...(heading !== undefined && text !== '' ? [text] : []),
    ]),
  ];
  paragraphs.splice(
    paragraphs.findIndex((line) => line.startsWith('8.3 ')),
    0,
    findNode(document, '8.2')?.closing ?? '',
  );

  const wrapped = (widths: readonly number[], blank: readonly boolean[], lineEnd: string): string => {
    let turn = 0;
    const lines = paragraphs.flatMap((paragraph) => {
      const parts: string[] = [];
      for (let rest = paragraph; rest !== '';) {
        let cut = widths[turn % widths.length]!;
        turn += 1;
        while (cut < rest.length && /[\x21-\x7e]{2}/.test(rest.slice(cut - 1, cut + 1))) cut += 1;
        parts.push(rest.slice(0, cut));
        rest = rest.slice(cut);
      }
      return parts;
    });
    return lines.map((line, index) => (blank[index % blank.length] ? line + lineEnd : line)).join(lineEnd);
  };

  test('wrapping the same agreement anywhere gives the same clauses and the same hash', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 8, max: 60 }), { minLength: 1, maxLength: 20 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
        fc.constantFrom('\n', '\r\n', '\r', '\n\n', ' \n\t', '\f\n'),
        (widths, blank, lineEnd) => {
          const again = parseAgreement(wrapped(widths, blank, lineEnd));
          expect(ids(again)).toEqual(ids(document));
          expect(hashAgreement(again)).toBe(hashAgreement(document));
          expect(anomalies(again)).toEqual(['numbering 2.2.1→2.1.2']);
        },
      ),
    );
  });
});
