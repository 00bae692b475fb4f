import type { PayoutOrder } from '../domain/payout';

/** What a gateway says about a payout. Anything else, silence above all, leaves its outcome unknown. */
export type GatewayAnswer =
  | { readonly outcome: 'settled'; readonly settledAt: string }
  /** The money did not go out and will not, unless it is ordered again. `reason` is a short word for the record, never personal data. */
  | { readonly outcome: 'refused'; readonly reason: string }
  | { readonly outcome: 'pending' };

/** Whoever moves money. */
export abstract class PaymentGateway {
  /** Sends the money of a payment back to its payer, at most once for each payout id however often it is ordered. Throws when no answer came. */
  abstract payOut(order: PayoutOrder): Promise<GatewayAnswer>;
  /** What became of a payout. Throws when no answer came. */
  abstract outcomeOf(payoutId: string): Promise<GatewayAnswer | { readonly outcome: 'not-received' }>;
}
