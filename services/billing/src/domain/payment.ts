import { At, billingRejections, CurrencyCode, Id, Minor } from '@qiyue/contracts';
import { events, FORGOTTEN, internal, Personal, stream, Type, type EventOf, type Static } from '@qiyue/decider';

const { reject } = billingRejections;

/** What a gateway says about money that has arrived. `method` is its own word; whether it is a supported one is decided with the receivable. */
export const PaymentTelling = Type.Object({
  paymentId: Id,
  receivableId: Id,
  accountId: Id,
  amountMinor: Minor,
  currency: CurrencyCode,
  method: Type.String({ minLength: 1, maxLength: 64 }),
  payerName: Personal(),
  paidAt: At,
});
export type PaymentTelling = Static<typeof PaymentTelling>;

/**
 * One payment id, one content, one receivable: a gateway that tells the same payment for two receivables would otherwise make it count twice,
 * because each receivable decides alone.
 */
export const paymentEvents = events({
  PaymentTold: internal('the receivable tells what becomes of the money', PaymentTelling, { clause: '2.2.2' }),
});

export type Payment = { readonly status: 'none' } | { readonly status: 'told'; readonly telling: PaymentTelling };

const evolve = (_payment: Payment, event: EventOf<typeof paymentEvents>): Payment => {
  switch (event.type) {
    case 'PaymentTold':
      return { status: 'told', telling: event.data };
    default:
      return event.type satisfies never;
  }
};

const compared = ['receivableId', 'amountMinor', 'currency', 'method', 'payerName', 'paidAt'] as const;

/** Fields in which two tellings of one payment differ. The account is ours, not the gateway's; a forgotten name contradicts nothing. */
export const differingFields = (known: Omit<PaymentTelling, 'accountId'>, told: Omit<PaymentTelling, 'accountId'>): readonly string[] =>
  compared.filter((field) => known[field] !== told[field] && known[field] !== FORGOTTEN);

const tell = (payment: Payment, telling: PaymentTelling, _facts: object) => {
  switch (payment.status) {
    case 'none':
      return [paymentEvents.PaymentTold(telling)];
    case 'told': {
      const differing = differingFields(payment.telling, telling);
      return differing.length === 0 ? [] : reject('payment-differs', { differing: differing.join(' ') });
    }
  }
};

export const payment = stream({
  category: 'payment',
  events: paymentEvents,
  initialState: { status: 'none' } as Payment,
  evolve,
  decide: { tell },
});
