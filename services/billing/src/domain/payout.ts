import { addMs, isBefore, type Instant } from '@qiyue/calendar';
import { At, billingRejections, CurrencyCode, Id, Minor, OneOf } from '@qiyue/contracts';
import { events, internal, Personal, stream, Type, type EventOf, type Static } from '@qiyue/decider';

const { reject } = billingRejections;
const why = 'the receivable tells it once the money is back';
const clause = { clause: '2.2.2' };

/** Money that is to go back to the payer of a payment: where it is taken from and why. */
export const PayoutOrder = Type.Object({
  payoutId: Id,
  purpose: OneOf('refund', 'return'),
  receivableId: Id,
  accountId: Id,
  paymentId: Id,
  amountMinor: Minor,
  currency: CurrencyCode,
});
export type PayoutOrder = Static<typeof PayoutOrder>;

export const payoutEvents = events({
  PayoutRequested: internal(why, Type.Object({ ...PayoutOrder.properties, requestedAt: At }), clause),
  /** Written before the gateway is called: from here on the money may be on its way, whatever becomes of the caller. */
  PayoutStarted: internal(why, Type.Object({ payoutId: Id, attempt: Type.Integer({ minimum: 1 }), startedAt: At, askAt: At }), clause),
  PayoutUnknown: internal(why, Type.Object({ payoutId: Id, asked: Type.Integer({ minimum: 1 }), unknownAt: At, askAt: At }), clause),
  PayoutRefused: internal(why, Type.Object({ payoutId: Id, reason: Type.String(), refusedAt: At }), clause),
  PayoutRetryOrdered: internal(
    why,
    Type.Object({ payoutId: Id, attempt: Type.Integer({ minimum: 2 }), reason: Personal(), accountId: Id, orderedBy: Id, orderedAt: At }),
    clause,
  ),
  PayoutSettled: internal(why, Type.Object({ ...PayoutOrder.properties, settledAt: At }), clause),
});
export type PayoutEvent = EventOf<typeof payoutEvents>;

export type Payout =
  | { readonly status: 'none' }
  | {
      readonly status: 'requested' | 'sending' | 'unknown' | 'refused' | 'settled';
      readonly order: PayoutOrder;
      /** The how-manieth order to the gateway; grows when a person orders a refused payout again. */
      readonly attempt: number;
      /** How often the gateway was asked what became of it and did not know. */
      readonly asked: number;
      readonly askAt?: Instant;
    };

const became = (
  payout: Payout,
  status: Exclude<Payout['status'], 'none'>,
  change: { attempt?: number; asked?: number; askAt?: Instant } = {},
): Payout => (payout.status === 'none' ? payout : { ...payout, ...change, status });

const evolve = (payout: Payout, event: PayoutEvent): Payout => {
  switch (event.type) {
    case 'PayoutRequested': {
      const { requestedAt: _at, ...order } = event.data;
      return { status: 'requested', order, attempt: 1, asked: 0 };
    }
    case 'PayoutStarted':
      return became(payout, 'sending', { attempt: event.data.attempt, asked: 0, askAt: event.data.askAt });
    case 'PayoutUnknown':
      return became(payout, 'unknown', { asked: event.data.asked, askAt: event.data.askAt });
    case 'PayoutRefused':
      return became(payout, 'refused');
    case 'PayoutRetryOrdered':
      return became(payout, 'requested', { attempt: event.data.attempt, asked: 0 });
    case 'PayoutSettled':
      return became(payout, 'settled');
    default:
      return event satisfies never;
  }
};

/** What is to be done about a payout now. */
export type Step =
  /** Write down that it starts, then hand it to the gateway. */
  | { readonly do: 'send'; readonly attempt: number }
  /** The outcome is not known: ask before anything else is done. The number tells one question from the next. */
  | { readonly do: 'ask'; readonly question: number }
  /** The gateway refused: a person decides. */
  | { readonly do: 'wait' }
  | { readonly do: 'nothing' };

/** No new order to pay while the outcome of an earlier one is not known. */
export const nextStep = (payout: Payout): Step => {
  switch (payout.status) {
    case 'none':
    case 'settled':
      return { do: 'nothing' };
    case 'requested':
      return { do: 'send', attempt: payout.attempt };
    case 'sending':
    case 'unknown':
      return { do: 'ask', question: payout.asked + 1 };
    case 'refused':
      return { do: 'wait' };
  }
};

const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 3_600_000;

/** When the gateway is asked again: after a minute, then after twice as long each time, hourly in the end. */
export const askAgainAt = (now: Instant, asked: number): Instant =>
  addMs(now, Math.min(FIRST_PAUSE_MS * 2 ** Math.min(asked, 10), LONGEST_PAUSE_MS));

interface Now {
  readonly now: Instant;
}

const request = (payout: Payout, order: PayoutOrder, { now }: Now) =>
  payout.status === 'none' ? [payoutEvents.PayoutRequested({ ...order, requestedAt: now })] : [];

const start = (payout: Payout, { payoutId, attempt }: { payoutId: string; attempt: number }, { now }: Now) => {
  if (payout.status === 'none') return reject('payout-unknown', { payoutId });
  return payout.status === 'requested' && payout.attempt === attempt
    ? [payoutEvents.PayoutStarted({ payoutId, attempt, startedAt: now, askAt: askAgainAt(now, 0) })]
    : [];
};

const markUnknown = (payout: Payout, { payoutId, question }: { payoutId: string; question: number }, { now }: Now) => {
  switch (payout.status) {
    case 'none':
      return reject('payout-unknown', { payoutId });
    case 'requested':
    case 'refused':
    case 'settled':
      return [];
    case 'sending':
    case 'unknown':
      return question === payout.asked + 1
        ? [payoutEvents.PayoutUnknown({ payoutId, asked: question, unknownAt: now, askAt: askAgainAt(now, question) })]
        : [];
  }
};

const refuse = (payout: Payout, { payoutId, attempt, reason }: { payoutId: string; attempt: number; reason: string }, { now }: Now) => {
  switch (payout.status) {
    case 'none':
      return reject('payout-unknown', { payoutId });
    // Money that is out is out: a refusal told afterwards takes nothing back.
    case 'refused':
    case 'settled':
    case 'requested':
      return [];
    // A refusal of an earlier attempt says nothing about this one.
    case 'sending':
    case 'unknown':
      return attempt === payout.attempt ? [payoutEvents.PayoutRefused({ payoutId, reason, refusedAt: now })] : [];
  }
};

const settle = (payout: Payout, { payoutId, settledAt }: { payoutId: string; settledAt: Instant }, { now }: Now) => {
  switch (payout.status) {
    case 'none':
      return reject('payout-unknown', { payoutId });
    // The start is written down before the gateway is called, so whoever tells of a payout that nobody has started does not tell the truth.
    case 'requested':
    case 'settled':
      return [];
    // Whatever was thought before, money that went out went out.
    case 'sending':
    case 'unknown':
    case 'refused':
      return [payoutEvents.PayoutSettled({ ...payout.order, settledAt: isBefore(now, settledAt) ? now : settledAt })];
  }
};

const retry = (payout: Payout, { payoutId, reason }: { payoutId: string; reason: string }, { now, by }: Now & { readonly by: string }) => {
  switch (payout.status) {
    case 'none':
      return reject('payout-unknown', { payoutId });
    case 'requested':
    case 'sending':
    case 'unknown':
    case 'settled':
      return reject('payout-not-refused', { payoutId });
    case 'refused':
      return [
        payoutEvents.PayoutRetryOrdered({
          payoutId,
          attempt: payout.attempt + 1,
          reason,
          accountId: payout.order.accountId,
          orderedBy: by,
          orderedAt: now,
        }),
      ];
  }
};

/** One order to send money back to its payer, from the wish to the gateway's last word. The gateway does it at most once for each payout id. */
export const payout = stream({
  category: 'payout',
  events: payoutEvents,
  initialState: { status: 'none' } as Payout,
  evolve,
  decide: { request, start, markUnknown, refuse, settle, retry },
  owner: (state) => (state.status === 'none' ? undefined : state.order.accountId),
});
