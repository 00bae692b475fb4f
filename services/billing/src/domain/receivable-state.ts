import type { HoldReason, ReceivableKind } from '@qiyue/contracts';
import type { Static } from '@qiyue/decider';
import type { ReceivableEvent } from './receivable-events';

/** Money that arrived for the receivable. It is in exactly one of these places, which is what "no money is ever lost" means. */
export interface Money {
  readonly paymentId: string;
  readonly place: 'held' | 'applied' | 'in-return' | 'returned' | 'in-refund' | 'refunded';
  readonly heldFor?: Static<typeof HoldReason>;
  readonly amountMinor: number;
  readonly currency: string;
  readonly method: string;
  readonly payerName: string;
  readonly paidAt: string;
  readonly receivedAt: string;
}

/** What is owed, by whom, until when. */
export interface Owed {
  readonly accountId: string;
  readonly kind: Static<typeof ReceivableKind>;
  readonly amountMinor: number;
  readonly currency: string;
  readonly payerName: string;
  readonly dueBy: string;
  readonly overdueAt?: string;
  readonly agreementVersion: string;
}

export type Receivable =
  /** Nobody owes this yet; money may have come for it all the same. */
  | { readonly status: 'unopened'; readonly money: readonly Money[] }
  | { readonly status: 'open' | 'overdue' | 'paid' | 'refunding' | 'refunded'; readonly owed: Owed; readonly money: readonly Money[] }
  /** Nobody owes this any more: all money that came or comes for it goes back. */
  | { readonly status: 'closed'; readonly accountId: string; readonly owed?: Owed; readonly money: readonly Money[] };

export const unopened: Receivable = { status: 'unopened', money: [] };

export const moneyOf = (receivable: Receivable, paymentId: string): Money | undefined =>
  receivable.money.find((one) => one.paymentId === paymentId);

const moved = (receivable: Receivable, paymentId: string, to: Money['place'], heldFor?: Money['heldFor']): readonly Money[] =>
  receivable.money.map((one) => {
    if (one.paymentId !== paymentId) return one;
    const { heldFor: _over, ...rest } = one;
    return { ...rest, place: to, ...(heldFor === undefined ? {} : { heldFor }) };
  });

const owes = (receivable: Receivable): receivable is Extract<Receivable, { owed: Owed }> =>
  'owed' in receivable && receivable.status !== 'closed';
const became = (receivable: Receivable, status: 'overdue' | 'paid' | 'refunding' | 'refunded', money = receivable.money): Receivable =>
  owes(receivable) ? { ...receivable, status, money } : { ...receivable, money };

/** State after an event. */
export const evolve = (receivable: Receivable, event: ReceivableEvent): Receivable => {
  switch (event.type) {
    case 'ReceivableOpened': {
      const { receivableId: _id, openedAt: _at, description: _text, ...owed } = event.data;
      return { status: 'open', owed, money: receivable.money };
    }
    case 'PaymentReceived': {
      const { receivableId: _id, accountId: _account, ...told } = event.data;
      return { ...receivable, money: [...receivable.money, { ...told, place: 'held' }] };
    }
    case 'PaymentHeld':
      return { ...receivable, money: moved(receivable, event.data.paymentId, 'held', event.data.reason) };
    case 'PaymentApplied':
      return became(receivable, 'paid', moved(receivable, event.data.paymentId, 'applied'));
    case 'PaymentReleased':
      return receivable;
    case 'PaymentReturnOrdered':
      return { ...receivable, money: moved(receivable, event.data.paymentId, 'in-return') };
    case 'PaymentReturned':
      return { ...receivable, money: moved(receivable, event.data.paymentId, 'returned') };
    case 'RefundOrdered':
      return became(receivable, 'refunding', moved(receivable, event.data.paymentId, 'in-refund'));
    case 'RefundSettled':
      return became(
        receivable,
        'refunded',
        receivable.money.map((one) => (one.place === 'in-refund' ? { ...one, place: 'refunded' } : one)),
      );
    case 'ReceivableOverdue':
      return became(receivable, 'overdue');
    case 'ReceivableClosed':
      return {
        status: 'closed',
        accountId: event.data.accountId,
        money: receivable.money,
        ...('owed' in receivable && receivable.owed !== undefined ? { owed: receivable.owed } : {}),
      };
    default:
      return event satisfies never;
  }
};
