import type { Instant } from '@qiyue/calendar';
import type { Channel } from '@qiyue/contracts';
import { At, ClauseRef, Id, notificationFacts, notificationRejections, OneOf } from '@qiyue/contracts';
import { events, internal, Personal, published, stream, Type, type EventOf, type Static } from '@qiyue/decider';
import { nextTryAt } from './policies/email-retries';

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
  EmailDeferred: internal(
    'nothing has gone out yet, so there is nothing to tell',
    Type.Object({ noticeId: Id, accountId: Id, failedTry: Type.Integer({ minimum: 1 }), retryAt: At }),
    { clause: '7.1' },
  ),
  EmailRetryDue: internal(
    'a step on the way out',
    Type.Object({ noticeId: Id, accountId: Id, try: Type.Integer({ minimum: 2 }), dueAt: At }),
    {
      clause: '7.1',
    },
  ),
  EmailGivenUp: internal('nothing has gone out, so there is nothing to tell', Type.Object({ noticeId: Id, accountId: Id, givenUpAt: At }), {
    clause: '7.1',
  }),
});

// ---- state ------------------------------------------------------------------------------------------------------

type Composed = Static<typeof noticeEvents.NoticeComposed.schema>;

export type Notice =
  | { readonly status: 'none' }
  | {
      readonly status: 'composed' | 'sent';
      readonly composed: Composed;
      /** Handed over, bounced or given up: nothing more is tried. */
      readonly emailDone: boolean;
      /** How many tries the mail server did not take. */
      readonly failedTries: number;
      /** The try that is to be made, or was made last; the first needs no asking. */
      readonly dueTry: number;
      readonly bounced: readonly string[];
      readonly channels: readonly string[];
    };

type Known = Exclude<Notice, { readonly status: 'none' }>;

const evolve = (notice: Notice, { type, data }: EventOf<typeof noticeEvents>): Notice => {
  if (type === 'NoticeComposed')
    return { status: 'composed', composed: data, emailDone: false, failedTries: 0, dueTry: 1, bounced: [], channels: [] };
  if (notice.status === 'none') return notice;
  switch (type) {
    case 'NoticeSent':
      return { ...notice, status: 'sent', channels: data.channels, emailDone: notice.emailDone || data.channels.includes('e-mail') };
    case 'EmailHandedOver':
      return { ...notice, emailDone: true, channels: [...notice.channels, 'e-mail'] };
    case 'NoticeBounced':
      return { ...notice, emailDone: notice.emailDone || data.channel === 'e-mail', bounced: [...notice.bounced, data.channel] };
    case 'EmailDeferred':
      return { ...notice, failedTries: data.failedTry };
    case 'EmailRetryDue':
      return { ...notice, dueTry: data.try };
    case 'EmailGivenUp':
      return { ...notice, emailDone: true };
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

const idsOf = ({ composed: { noticeId, accountId } }: Known) => ({ noticeId, accountId });

const handedOver = (notice: Known, now: Instant) =>
  notice.status === 'composed'
    ? sent(notice.composed, 'e-mail', now)
    : noticeEvents.EmailHandedOver({ ...idsOf(notice), handedOverAt: now });

/** Nobody took it: tried again later, as long as that makes sense. */
const deferred = (notice: Known, now: Instant) => {
  const failedTry = notice.failedTries + 1;
  const retryAt = nextTryAt(failedTry, now);
  return retryAt === undefined
    ? noticeEvents.EmailGivenUp({ ...idsOf(notice), givenUpAt: now })
    : noticeEvents.EmailDeferred({ ...idsOf(notice), failedTry, retryAt });
};

/** What became of a try to hand the e-mail over. The mail system can say long afterwards that it bounced; that belongs to no try. */
interface EmailResult {
  readonly result: 'handed-over' | 'bounced' | 'not-now';
  readonly try?: number | undefined;
}

/** 7.2: an address that cannot be reached is its owner's matter; the notice counts as delivered all the same, and both are in the record. */
const recordEmail = (notice: Notice, { result, try: made }: EmailResult, { now }: { now: Instant }) => {
  if (notice.status === 'none') return reject('notice-unknown');
  if (notice.composed.email === undefined) return reject('channel-not-used');
  const { emailDone, failedTries } = notice;
  switch (result) {
    case 'handed-over':
      return emailDone ? [] : [handedOver(notice, now)];
    case 'not-now':
      return emailDone || made !== failedTries + 1 ? [] : [deferred(notice, now)];
    case 'bounced':
      if (notice.bounced.includes('e-mail')) return [];
      return [
        ...(notice.status === 'composed' ? [handedOver(notice, now)] : []),
        noticeEvents.NoticeBounced({ ...idsOf(notice), channel: 'e-mail', bouncedAt: now }),
      ];
  }
};

const retryEmail = (notice: Notice, _command: object, { now }: { now: Instant }) => {
  if (notice.status === 'none') return reject('notice-unknown');
  const next = notice.failedTries + 1;
  return notice.emailDone || notice.dueTry >= next ? [] : [noticeEvents.EmailRetryDue({ ...idsOf(notice), try: next, dueAt: now })];
};

export const notice = stream({
  category: 'notice',
  events: noticeEvents,
  initialState: { status: 'none' } as Notice,
  evolve,
  decide: { compose, recordEmail, retryEmail },
  owner: (state) => (state.status === 'none' ? undefined : state.composed.accountId),
});
