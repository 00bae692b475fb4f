import { examplesOf } from '@qiyue/decider';
import { contact, contactEvents } from './contact';
import { notice, noticeEvents as e } from './notice';

export const noticeId = '3e0a5e66-2a3b-5c4d-9e8f-7a6b5c4d3e01';
export const accountId = '0b7f6f0e-6f0c-5d0e-9a51-4f1f0c7a1a01';
const at = '2026-03-02T01:00:00.000Z';
const now = '2026-03-02T01:00:05.000Z';

export const composition = {
  noticeId,
  accountId,
  template: 'OrderPaid',
  about: 'order-1',
  aboutClause: '2.2.2',
  locale: 'zh',
  title: '订单已付清',
  body: '订单 1 已付清。',
  email: 'li@example.com',
} as const;
const { email: _email, ...withoutEmail } = composition;
export const anEmailOnlyNotice = [e.NoticeComposed({ ...composition, template: 'EmailCodeIssued', secret: '418205', composedAt: at })];
export const aSentNotice = [
  e.NoticeComposed({ ...composition, composedAt: at }),
  e.NoticeSent({
    noticeId,
    accountId,
    template: 'OrderPaid',
    about: 'order-1',
    aboutClause: '2.2.2',
    channels: ['in-site'],
    sentAt: at,
    deemedDeliveredAt: at,
  }),
];

export const noticeExamples = examplesOf(notice, {
  histories: { none: [], composed: anEmailOnlyNotice, sent: aSentNotice },
  commands: {
    compose: [{ ...composition, inSite: true }, { now }],
    recordEmail: [{ result: 'handed-over' }, { now }],
    retryEmail: [{}, { now }],
  },
  refusals: {
    recordEmail: {
      on: 'composed',
      faults: {
        'notice-unknown': { history: 'none' },
        'channel-not-used': { history: [e.NoticeComposed({ ...withoutEmail, composedAt: at })] },
      },
    },
    retryEmail: { on: 'composed', faults: { 'notice-unknown': { history: 'none' } } },
  },
});

export const contactExamples = examplesOf(contact, {
  histories: { none: [], known: [contactEvents.ContactNoted({ accountId, email: 'li@example.com', locale: 'zh', notedAt: at })] },
  commands: { note: [{ accountId, email: 'wang@example.com' }, { now }] },
  refusals: {},
});
