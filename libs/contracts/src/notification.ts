import { rejections, Type } from '@qiyue/decider';
import { factsOf } from './fact';
import { At, ClauseRef, Id, OneOf } from './schema';

const notice = { noticeId: '3e0a5e66-2a3b-5c4d-9e8f-7a6b5c4d3e01', accountId: '0b7f6f0e-6f0c-5d0e-9a51-4f1f0c7a1a01' };
const at = '2026-03-03T02:00:01.000Z';

/** The ways in which a notice reaches its reader; any one of them suffices (7.1). */
export const Channel = OneOf('web-announcement', 'page-prompt', 'e-mail', 'sms', 'wechat', 'in-site');

/** What notification tells. Key of every fact: the notice. */
export const notificationFacts = factsOf('notification', {
  NoticeSent: {
    clause: '7.1',
    meaning: 'A notice went out by at least one channel and counts as delivered from then on.',
    schema: Type.Object({
      noticeId: Id,
      accountId: Id,
      template: Type.String(),
      about: Id,
      channels: Type.Array(Channel, { minItems: 1 }),
      aboutClause: Type.Optional(ClauseRef),
      sentAt: At,
      deemedDeliveredAt: At,
    }),
    example: {
      ...notice,
      template: 'OrderPaid',
      about: 'order-6a0cbb9c',
      channels: ['in-site', 'e-mail'],
      aboutClause: '2.2.2',
      sentAt: at,
      deemedDeliveredAt: at,
    },
  },
  NoticeBounced: {
    clause: '7.2',
    meaning: 'One channel could not reach the reader because of the address the account gave; the notice counts as delivered all the same.',
    schema: Type.Object({ noticeId: Id, accountId: Id, channel: Channel, bouncedAt: At }),
    example: { ...notice, channel: 'e-mail', bouncedAt: at },
  },
});

/** Why notification refuses, in order of precedence. */
export const notificationRejections = rejections('notification', {
  'notice-unknown': { status: 404, meaning: 'There is no such notice.' },
  'channel-not-used': { status: 409, clause: '7.1', meaning: 'The notice did not go out by this channel.' },
});
