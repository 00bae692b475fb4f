import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { NUMERAL, readNumeral } from './chinese-number';
import {
  clauseIds,
  clauses,
  extractParameters,
  isClauseId,
  parameterNames,
  parseAgreement,
  parsePolicyParameters,
  policyParameterDefinitions,
  policyParameters,
  PolicyParameterError,
} from './index';

describe('the registry of clauses', () => {
  test('what has nothing to execute is informative, the rest has an owner that executes it', () => {
    expect(clauseIds.filter((id) => clauses[id].kind === 'informative')).toEqual(['4.3', '5.4', '6.1', '6.2', '6.3', '6.4', '8.1', '9.1']);
    for (const id of clauseIds) expect(clauses[id].owner.length).toBeGreaterThan(0);
  });

  test('every clause is paraphrased in Chinese and in English', () => {
    for (const id of clauseIds) {
      expect(clauses[id].zh).toMatch(/^\p{Script=Han}.*。$/u);
      expect(clauses[id].en).toMatch(/^[A-Z].*\.$/);
    }
  });

  test('the clauses stand in the order of the agreement', () => {
    const sortable = clauseIds.map((id) =>
      id
        .split('.')
        .map((part) => part.padStart(2, '0'))
        .join('.'),
    );
    expect(sortable).toEqual([...sortable].sort());
  });

  test('only a number in the registry is a clause', () => {
    expect(['2.2.5', '2.1', 'toString', '__proto__', '', 2.1, null].map(isClauseId)).toEqual([
      true,
      false,
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});

describe('policy parameters', () => {
  test('the defaults are those of the agreement', () => {
    expect(policyParameters()).toEqual({
      qualificationExpiryNoticeDays: 30,
      paymentTermDays: 7,
      billPaymentTermDays: 15,
      invoiceTermWorkingDays: 7,
      refundWindowWorkingDays: 3,
      maintenanceNoticeHours: 24,
      objectionPeriodDays: 15,
      billGraceDays: 7,
      renewalReminderDays: 7,
      lawChangeNoticeDays: 15,
      exportPeriodDays: 30,
    });
  });

  test('a parameter belongs to one clause only, and its unit stands in its name', () => {
    expect(new Set(parameterNames).size).toBe(parameterNames.length);
    const ending = { 'working day': 'WorkingDays', day: 'Days', hour: 'Hours' };
    for (const name of parameterNames) expect(name.endsWith(ending[policyParameterDefinitions[name].unit])).toBe(true);
    expect(policyParameterDefinitions.refundWindowWorkingDays).toMatchObject({ clause: '2.2.5', unit: 'working day', default: 3 });
  });

  test('what is given replaces its default, zero included', () => {
    expect(policyParameters({ refundWindowWorkingDays: 5, billGraceDays: 0 })).toEqual({
      ...policyParameters(),
      refundWindowWorkingDays: 5,
      billGraceDays: 0,
    });
    expect(parsePolicyParameters({})).toEqual({ ok: true, parameters: policyParameters() });
  });

  test('every fault is listed: unknown names, wrong types, fractions, negative and huge numbers', () => {
    const given = JSON.parse(
      '{"refundWindowDays":3,"__proto__":1,"billGraceDays":"7","paymentTermDays":-1,"exportPeriodDays":1.5,"objectionPeriodDays":null,"lawChangeNoticeDays":4000}',
    ) as unknown;
    const parsed = parsePolicyParameters(given);
    expect(parsed).toEqual({
      ok: false,
      faults: [
        'unknown parameter "refundWindowDays"',
        'unknown parameter "__proto__"',
        'billGraceDays must be a number, not string',
        'paymentTermDays must be a whole number from 0 to 3660',
        'exportPeriodDays must be a whole number from 0 to 3660',
        'objectionPeriodDays must be a number, not null',
        'lawChangeNoticeDays must be a whole number from 0 to 3660',
      ],
    });
    expect(() => policyParameters({ billGraceDays: Number.NaN })).toThrow(PolicyParameterError);
  });

  test.each([[null], [undefined], [[]], ['{}'], [3], [true]])('%p are no parameters', (value) => {
    expect(parsePolicyParameters(value)).toEqual({ ok: false, faults: ['policy parameters must be an object'] });
  });
});

describe('numerals', () => {
  const digits = '零一二三四五六七八九';
  const inChinese = (n: number): string => {
    if (n === 0) return '零';
    const [thousands, hundreds, tens, ones] = [Math.floor(n / 1000), Math.floor(n / 100) % 10, Math.floor(n / 10) % 10, n % 10];
    const text = [
      thousands > 0 ? `${digits[thousands]}千` : '',
      hundreds > 0 ? `${digits[hundreds]}百` : thousands > 0 && tens + ones > 0 ? '零' : '',
      tens > 0 ? `${digits[tens]}十` : hundreds > 0 && ones > 0 ? '零' : '',
      ones > 0 ? digits[ones] : '',
    ].join('');
    return n >= 10 && n < 20 ? text.slice(1) : text;
  };

  test('every number to 9999 reads the same in all ways of writing it', () => {
    for (let n = 0; n <= 9999; n += 1) {
      expect(readNumeral(inChinese(n))).toBe(n);
      expect(readNumeral(String(n))).toBe(n);
    }
    expect(['１５', '两', '一五', '二〇', '一十五', '三百'].map(readNumeral)).toEqual([15, 2, 15, 20, 15, 300]);
  });

  test.each(['', '十十', '一二十', '百', '十百', '五千千', '零十', '一百二三', '12345', '一二三四五', '1五', '甲'])(
    '%p is no number',
    (text) => {
      expect(readNumeral(text)).toBeUndefined();
    },
  );

  test('reading never throws, whatever is written', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...'〇零一二两九十百千3９'), { maxLength: 10 }).map((list) => list.join('')),
        (text) => {
          const value = readNumeral(text);
          expect(value === undefined || (Number.isInteger(value) && value >= 0 && value <= 9999)).toBe(true);
        },
      ),
    );
    expect(new RegExp(`^${NUMERAL}$`).test('一百零五')).toBe(true);
  });
});

describe('terms read from the document', () => {
  const sample = (name: string) => parseAgreement(readFileSync(join(__dirname, '../sample', name), 'utf8'));
  const withClauses = (texts: Partial<Record<'2.2.3' | '2.2.5' | '8.3.5' | '7.1', string>>) =>
    parseAgreement(
      [
        '2.服务',
        '2.2 付款',
        '2.2.1 一。',
        '2.2.2 二。',
        `2.2.3 ${texts['2.2.3'] ?? '三。'}`,
        '2.2.4 四。',
        `2.2.5 ${texts['2.2.5'] ?? '五。'}`,
        '7.通知',
        `7.1 ${texts['7.1'] ?? '一。'}`,
        '8.期限',
        '8.3 终止',
        '8.3.1 一。',
        '8.3.2 二。',
        '8.3.3 三。',
        '8.3.4 四。',
        `8.3.5 ${texts['8.3.5'] ?? '五。'}`,
      ].join('\n'),
    );
  const refund = (text: string) => extractParameters(withClauses({ '2.2.5': text }));

  test('publishing a document with another number changes the policy', () => {
    const [first, second] = [extractParameters(sample('user-agreement.zh.txt')), extractParameters(sample('user-agreement-v2.zh.txt'))];
    expect(first.parameters).toEqual({ invoiceTermWorkingDays: 7, refundWindowWorkingDays: 3, lawChangeNoticeDays: 15 });
    expect(second.parameters).toEqual({
      invoiceTermWorkingDays: 10,
      refundWindowWorkingDays: 5,
      lawChangeNoticeDays: 30,
      exportPeriodDays: 60,
    });
    expect([first.unread, second.unread]).toEqual([[], []]);
    expect(second.sources.map(({ clause, value }) => [clause, value])).toEqual([
      ['2.2.3', 10],
      ['2.2.5', 5],
      ['8.3.5', 30],
      ['8.5', 60],
    ]);
    expect(policyParameters(second.parameters)).toMatchObject({ refundWindowWorkingDays: 5, billGraceDays: 7 });
  });

  test.each([
    ['付款后 3 个工作日内可申请退款。', 3],
    ['付款后十个工作日内可申请退款。', 10],
    ['付款后 １２ 工作日内可申请退款。', 12],
    ['付款后五（5）个工作日内可申请退款。', 5],
    ['付款后 5（五）个工作日内可申请退款。', 5],
    ['付款后 3 个工作日内可提出退款，超过 3 个工作日不予受理。', 3],
    ['付款后 3 个工作日内可提交申请，平台在 10 个工作日内打款。', 3],
  ])('%p says %i working days', (text, days) => {
    expect(refund(text).parameters).toEqual({ refundWindowWorkingDays: days });
  });

  test.each([
    ['付款后可随时申请退款。', 'not-stated'],
    ['付款后 3 日内可申请退款。', 'not-stated'],
    ['付款后 10000 个工作日内可申请退款。', 'not-stated'],
    ['付款后 1.5 个工作日内可申请退款。', 'not-stated'],
    ['自第三个工作日起可申请退款。', 'not-stated'],
    ['付款后三（5）个工作日内可申请退款。', 'ambiguous'],
    ['付款后十十个工作日内可申请退款。', 'ambiguous'],
    ['个人应在 3 个工作日内申请，企业应在 5 个工作日内申请。', 'ambiguous'],
    ['付款后 3 个工作日内或 5 个工作日内。', 'ambiguous'],
    ['付款后 9999 个工作日内可申请退款。', 'ambiguous'],
  ])('%p states no single term: it is reported, not guessed', (text, reason) => {
    const { parameters, unread } = refund(text);
    expect(parameters).toEqual({});
    expect(unread.find(({ parameter }) => parameter === 'refundWindowWorkingDays')).toMatchObject({ clause: '2.2.5', reason });
  });

  test('a clause that is missing is reported', () => {
    expect(extractParameters(parseAgreement('1.总则\n1.1 甲。')).unread.map(({ clause, reason }) => `${clause} ${reason}`)).toEqual([
      '2.2.3 no-clause',
      '2.2.5 no-clause',
      '8.3.5 no-clause',
    ]);
  });

  test('a date is not a term, and the notice is the one given in advance', () => {
    const { parameters } = extractParameters(
      withClauses({ '8.3.5': '自 2026 年 3 月 20 日起，协商 10 日不成的，可提前二十个自然日通知终止。' }),
    );
    expect(parameters).toEqual({ lawChangeNoticeDays: 20 });
  });

  test('a period of objection is read where it is stated', () => {
    expect(extractParameters(withClauses({ '7.1': '不接受的，应在 20 日内书面提出。' })).parameters).toEqual({ objectionPeriodDays: 20 });
  });

  test('a clause of a megabyte of numbers is read to its end', () => {
    expect(refund('3个工作日'.repeat(200_000)).parameters).toEqual({ refundWindowWorkingDays: 3 });
    expect(refund('一'.repeat(1_000_000)).parameters).toEqual({});
    expect(refund(Array.from({ length: 100_000 }, (_, index) => `${index % 9999}个工作日`).join('')).parameters).toEqual({});
  });
});
