import type { Instant } from '@qiyue/calendar';
import type { Channel } from '@qiyue/contracts';
import { At, ClauseRef, Id, notificationFacts, notificationRejections, OneOf } from '@qiyue/contracts';
import { events, internal, Personal, published, stream, Type, type EventOf, type Static } from '@qiyue/decider';

// ---- events -----------------------------------------------------------------------------------------------------

/** Names and shapes are the storage format: add, never edit. */
export const noticeEvents = events({
  NoticeComposed: internal(
    'what it says is between the platform and its reader; that it went out is told',
    Type.Object({
      noticeId: Id,
      accountId: Id,
      template: Type.String(),
      about: Id,
      aboutClause: Type.Optional(ClauseRef),
      locale: OneOf('zh', 'en'),
      title: Type.String(),
      body: Type.String(),
      /** Goes with the e-mail and is shown nowhere else: a one-time code. */
      secret: Type.Optional(Personal()),
      email: Type.Optional(Personal()),
      composedAt: At,
    }),
    { clause: '7.1' },
  ),
  NoticeSent: published(notificationFacts.NoticeSent),
  EmailHandedOver: internal(
    'the notice went out before by another channel, which is told',
    Type.Object({ noticeId: Id, accountId: Id, handedOverAt: At }),
    { clause: '7.1' },
  ),
  NoticeBounced: published(notificationFacts.NoticeBounced),
});

// ---- state ------------------------------------------------------------------------------------------------------

type Composed = Static<typeof noticeEvents.NoticeComposed.schema>;

export type Notice =
  | { readonly status: 'none' }
  | {
      readonly status: 'composed' | 'sent';
      readonly composed: Composed;
      readonly emailDone: boolean;
      readonly bounced: readonly string[];
      readonly channels: readonly string[];
    };

const evolve = (notice: Notice, { type, data }: EventOf<typeof noticeEvents>): Notice => {
  if (type === 'NoticeComposed') return { status: 'composed', composed: data, emailDone: false, bounced: [], channels: [] };
  if (notice.status === 'none') return notice;
  switch (type) {
    case 'NoticeSent':
      return { ...notice, status: 'sent', channels: data.channels, emailDone: notice.emailDone || data.channels.includes('e-mail') };
    case 'EmailHandedOver':
      return { ...notice, emailDone: true, channels: [...notice.channels, 'e-mail'] };
    case 'NoticeBounced':
      return { ...notice, emailDone: notice.emailDone || data.channel === 'e-mail', bounced: [...notice.bounced, data.channel] };
  }
};

// ---- decisions --------------------------------------------------------------------------------------------------

const { reject } = notificationRejections;

/** Whoever is nobody in particular: the readers of announcements. */
export const everyone = 'everyone';

const sent = (composed: Composed, channel: Static<typeof Channel>, now: Instant) => {
  const { noticeId, accountId, template, about, aboutClause } = composed;
  return noticeEvents.NoticeSent({
    noticeId,
    accountId,
    template,
    about,
    channels: [channel],
    ...(aboutClause === undefined ? {} : { aboutClause }),
    sentAt: now,
    deemedDeliveredAt: now,
  });
};

interface Composition extends Omit<Composed, 'composedAt'> {
  /** False when the notice may go out by e-mail only. */
  readonly inSite: boolean;
}

/** 7.1: in-site and on the web, to write a notice is to send it; it counts as delivered from that instant. */
const compose = (notice: Notice, { inSite, ...command }: Composition, { now }: { now: Instant }) => {
  if (notice.status !== 'none') return [];
  const composed = { ...command, composedAt: now };
  return [
    noticeEvents.NoticeComposed(composed),
    ...(inSite ? [sent(composed, command.accountId === everyone ? 'web-announcement' : 'in-site', now)] : []),
  ];
};

/** What became of the e-mail. 7.2: an address that cannot be reached is its owner's matter; the notice counts as delivered all the same. */
const recordEmail = (notice: Notice, { result }: { result: 'handed-over' | 'bounced' }, { now }: { now: Instant }) => {
  if (notice.status === 'none') return reject('notice-unknown');
  if (notice.composed.email === undefined) return reject('channel-not-used');
  const { composed, emailDone } = notice;
  const ids = { noticeId: composed.noticeId, accountId: composed.accountId };
  if (emailDone && result === 'handed-over') return [];
  const goneOut = emailDone
    ? []
    : [notice.status === 'composed' ? sent(composed, 'e-mail', now) : noticeEvents.EmailHandedOver({ ...ids, handedOverAt: now })];
  if (result === 'handed-over') return goneOut;
  if (notice.bounced.includes('e-mail')) return [];
  return [...(notice.status === 'composed' ? goneOut : []), noticeEvents.NoticeBounced({ ...ids, channel: 'e-mail', bouncedAt: now })];
};

export const notice = stream({
  category: 'notice',
  events: noticeEvents,
  initialState: { status: 'none' } as Notice,
  evolve,
  decide: { compose, recordEmail },
  owner: (state) => (state.status === 'none' ? undefined : state.composed.accountId),
});
