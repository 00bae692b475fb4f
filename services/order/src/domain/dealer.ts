import { At, Id, orderRejections } from '@qiyue/contracts';
import { isBefore } from '@qiyue/calendar';
import { events, internal, stream, Type, type EventOf } from '@qiyue/decider';
import type { DealerAuthorisation } from './policies/dealer-authorisation';

const { reject } = orderRejections;

// Events

const why = 'only ordering asks who may sell';

export const dealerEvents = events({
  DealerAuthorised: internal(why, Type.Object({ dealerId: Id, name: Type.String(), from: At, until: At, authorisedAt: At }), {
    clause: '2.1.3',
  }),
  DealerWithdrawn: internal(why, Type.Object({ dealerId: Id, reason: Type.String(), withdrawnAt: At }), { clause: '2.1.3' }),
});

// State

export type Dealer =
  | { readonly status: 'none' }
  | { readonly status: 'authorised'; readonly dealerId: string; readonly periods: readonly DealerAuthorisation[] }
  | { readonly status: 'withdrawn'; readonly dealerId: string; readonly periods: readonly DealerAuthorisation[] };

/** The periods as the dealer holds them at a given moment of his history. */
export const authorisationsOf = (dealer: Dealer): readonly DealerAuthorisation[] => (dealer.status === 'none' ? [] : dealer.periods);

const cutAt =
  (at: string) =>
  (period: DealerAuthorisation): readonly DealerAuthorisation[] => {
    if (!isBefore(period.from, at)) return [];
    return [isBefore(at, period.until) ? { from: period.from, until: at } : period];
  };

const evolve = (dealer: Dealer, event: EventOf<typeof dealerEvents>): Dealer => {
  switch (event.type) {
    case 'DealerAuthorised': {
      const { dealerId, from, until } = event.data;
      return { status: 'authorised', dealerId, periods: [...authorisationsOf(dealer), { from, until }] };
    }
    case 'DealerWithdrawn':
      return {
        status: 'withdrawn',
        dealerId: event.data.dealerId,
        periods: authorisationsOf(dealer).flatMap(cutAt(event.data.withdrawnAt)),
      };
    default:
      return event satisfies never;
  }
};

// Decisions

/** Lets the dealer sell in a period; a period given before stays. */
const authorise = (
  dealer: Dealer,
  { dealerId, name, from, until }: { readonly dealerId: string; readonly name: string; readonly from: string; readonly until: string },
  { now }: { readonly now: string },
) => {
  if (!isBefore(from, until)) return reject('authorisation-period-empty', { from, until });
  const has = authorisationsOf(dealer).some((period) => period.from === from && period.until === until);
  return has ? [] : [dealerEvents.DealerAuthorised({ dealerId, name, from, until, authorisedAt: now })];
};

/** Ends what runs and takes back what was to come; what was sold before stays sold. */
const withdraw = (dealer: Dealer, { reason }: { readonly reason: string }, { now }: { readonly now: string }) => {
  switch (dealer.status) {
    case 'none':
      return reject('dealer-unknown');
    case 'authorised':
      return [dealerEvents.DealerWithdrawn({ dealerId: dealer.dealerId, reason, withdrawnAt: now })];
    case 'withdrawn':
      return [];
  }
};

/** Stream `dealer-<id>`: the periods in which a dealer may sell (2.1.3). */
export const dealer = stream({
  category: 'dealer',
  events: dealerEvents,
  initialState: { status: 'none' } as Dealer,
  evolve,
  decide: { authorise, withdraw },
});
