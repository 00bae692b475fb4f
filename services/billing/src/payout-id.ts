import { uuid5 } from '@qiyue/event-store';

/** Namespace of payout ids. */
const PAYOUTS = '8a4b6c52-0f3d-5b0e-9c39-5e0b6c1d7f21';

/** The payout of one purpose: the refund of a receivable, or the return of one of its payments. The same wish is always the same payout. */
export const payoutIdOf = (receivableId: string, purpose: { readonly returned: string } | 'refund'): string =>
  uuid5(PAYOUTS, purpose === 'refund' ? `${receivableId}|refund` : `${receivableId}|return|${purpose.returned}`);
