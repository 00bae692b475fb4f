import { At, CurrencyCode, Id, Minor, orderRejections } from '@qiyue/contracts';
import { isBefore } from '@qiyue/calendar';
import { events, internal, stream, Type, type EventOf } from '@qiyue/decider';
import { voucherRefused, voucherUsable, type OfferedVoucher } from './policies/voucher-use';

const { reject } = orderRejections;

// Events

const why = 'nobody else gives, takes or counts vouchers; an order tells what it used';

export const voucherEvents = events({
  VoucherIssued: internal(
    why,
    Type.Object({ voucherCode: Id, accountId: Id, amountMinor: Minor, currency: CurrencyCode, validUntil: At, issuedAt: At }),
  ),
  VoucherRedeemed: internal(why, Type.Object({ voucherCode: Id, accountId: Id, orderId: Id, redeemedAt: At }), { clause: '2.2.5' }),
  /** The order that had it was called off unpaid, so it is free again; a refund never leads here (2.2.5). */
  VoucherGivenBack: internal(why, Type.Object({ voucherCode: Id, accountId: Id, orderId: Id, givenBackAt: At }), { clause: '2.2.1' }),
});

// State

interface Issued {
  readonly code: string;
  readonly accountId: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly validUntil: string;
}

export type Voucher =
  { readonly status: 'none' } | (Issued & { readonly status: 'usable' }) | (Issued & { readonly status: 'used'; readonly orderId: string });

const evolve = (voucher: Voucher, event: EventOf<typeof voucherEvents>): Voucher => {
  switch (event.type) {
    case 'VoucherIssued': {
      const { voucherCode: code, accountId, amountMinor, currency, validUntil } = event.data;
      return { status: 'usable', code, accountId, amountMinor, currency, validUntil };
    }
    case 'VoucherRedeemed':
      return voucher.status === 'none' ? voucher : { ...issuedPart(voucher), status: 'used', orderId: event.data.orderId };
    case 'VoucherGivenBack':
      return voucher.status === 'none' ? voucher : { ...issuedPart(voucher), status: 'usable' };
    default:
      return event satisfies never;
  }
};

const issuedPart = ({ code, accountId, amountMinor, currency, validUntil }: Issued): Issued => ({
  code,
  accountId,
  amountMinor,
  currency,
  validUntil,
});

/** The voucher as an order looks at it; undefined when there is none. */
export const offered = (voucher: Voucher): OfferedVoucher | undefined =>
  voucher.status === 'none'
    ? undefined
    : {
        accountId: voucher.accountId,
        amountMinor: voucher.amountMinor,
        currency: voucher.currency,
        validUntil: voucher.validUntil,
        free: voucher.status === 'usable',
      };

// Decisions

/** Gives a voucher to an account. */
const issue = (
  voucher: Voucher,
  { code, ...given }: Issued,
  { now, currencies }: { readonly now: string; readonly currencies: readonly string[] },
) => {
  if (!currencies.includes(given.currency)) return reject('currency-not-supported', { currency: given.currency });
  if (voucher.status !== 'none') {
    const same = JSON.stringify(issuedPart(voucher)) === JSON.stringify(issuedPart({ code, ...given }));
    return same ? [] : reject('voucher-exists', { voucherCode: code });
  }
  if (!isBefore(now, given.validUntil)) return voucherRefused(code);
  const { accountId, amountMinor, currency, validUntil } = given;
  return [voucherEvents.VoucherIssued({ voucherCode: code, accountId, amountMinor, currency, validUntil, issuedAt: now })];
};

/** What an order uses the voucher for; `at` is the order's submission, so that a slow reaction does not let a voucher run out. */
export interface RedeemCommand {
  readonly code: string;
  readonly orderId: string;
  readonly accountId: string;
  readonly currency: string;
  readonly at: string;
}

/** Gives the voucher to one order. Of two orders that want it the second is refused (2.2.5). */
const redeem = (voucher: Voucher, { code, orderId, accountId, currency, at }: RedeemCommand, { now }: { readonly now: string }) => {
  if (voucher.status === 'used' && voucher.orderId === orderId) return [];
  if (!voucherUsable(offered(voucher), { accountId, currency, at })) return voucherRefused(code);
  return [voucherEvents.VoucherRedeemed({ voucherCode: code, accountId, orderId, redeemedAt: now })];
};

/** Frees the voucher of an order that was called off unpaid; the voucher of any other order is left alone. */
const giveBack = (voucher: Voucher, { orderId }: { readonly orderId: string }, { now }: { readonly now: string }) =>
  voucher.status === 'used' && voucher.orderId === orderId
    ? [voucherEvents.VoucherGivenBack({ voucherCode: voucher.code, accountId: voucher.accountId, orderId, givenBackAt: now })]
    : [];

/** Stream `voucher-<code>`: whose it is and which order has it. */
export const voucher = stream({
  category: 'voucher',
  events: voucherEvents,
  initialState: { status: 'none' } as Voucher,
  evolve,
  decide: { issue, redeem, giveBack },
});
