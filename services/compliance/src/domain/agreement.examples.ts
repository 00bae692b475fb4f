import { hashAgreement, parseAgreement, policyParameters } from '@qiyue/agreement';
import { examplesOf } from '@qiyue/decider';
import { agreement, agreementEvents as e } from './agreement';

/** A small agreement, in words of our own, that states the three numbers the platform reads. */
export const smallAgreement = (refundDays = '3 个', invoiceDays = '7 个'): string =>
  [
    '示例云服务约定',
    '1.接受',
    '1.1 注册即同意。',
    '1.2 条款可改版。',
    '1.3 可以不接受。',
    '2.服务',
    '2.1 获取',
    '2.1.1 先认证，后下单。',
    '2.2 付款',
    '2.2.1 下单后不改。',
    '2.2.2 付款人须同名。',
    `2.2.3 到账后${invoiceDays}工作日内开票。`,
    '2.2.4 以公布价格为准。',
    `2.2.5 付清后${refundDays}工作日内可申请退款。`,
    '3.规范',
    '4.变更',
    '5.安全',
    '6.权利',
    '7.通知',
    '8.终止',
    '8.1 一直有效。',
    '8.2 可以暂停。',
    '8.3 可以终止：',
    '8.3.1 书面不接受；',
    '8.3.2 不可抗力；',
    '8.3.3 破产；',
    '8.3.4 到期；',
    '8.3.5 法律变化，提前十五日通知。',
  ].join('\n');

const document = parseAgreement(smallAgreement());
const at = '2026-03-01T00:00:00.000Z';

export const aPublishedAgreement = [
  e.AgreementVersionPublished({
    agreementVersion: '2026-01',
    documentHash: hashAgreement(document),
    document,
    effectiveAt: at,
    publishedAt: at,
    parameters: { ...policyParameters() },
    changes: [{ clause: '1', change: 'added' }],
  }),
];

export const agreementExamples = examplesOf(agreement, {
  histories: { none: [], published: aPublishedAgreement },
  commands: {
    publish: [{ agreementVersion: '2026-02', document: parseAgreement(smallAgreement('5 个')) }, { now: '2026-04-01T00:00:00.000Z' }],
  },
  refusals: {
    publish: {
      on: 'none',
      faults: {
        'agreement-parameter-unread': { 'command.document': parseAgreement(smallAgreement('若干')) },
        'agreement-version-exists': { history: 'published', 'command.agreementVersion': '2026-01' },
        'agreement-effective-in-past': { 'command.effectiveAt': at },
      },
    },
  },
});
