import type { StoredEvent } from '@qiyue/event-store';
import type { Crowd, Told } from './crowd';

interface Payment {
  readonly paymentId: string;
  readonly receivableId: string;
  readonly place: 'held' | 'applied' | 'in-return' | 'returned' | 'in-refund' | 'refunded';
  readonly amountMinor: number;
}

interface Moved {
  readonly paymentId: string;
  readonly amountMinor: number;
}

/** Where money ends: kept, held for a decision, or back with its payer. On its way is no end. */
const ends: Readonly<Record<Payment['place'], 'kept' | 'held' | 'back' | undefined>> = {
  applied: 'kept',
  held: 'held',
  returned: 'back',
  refunded: 'back',
  'in-return': undefined,
  'in-refund': undefined,
};

const everyPayment = async (crowd: Crowd): Promise<readonly Payment[]> => {
  const found: Payment[] = [];
  for (let after: string | undefined; ;) {
    const { body } = await crowd.as(
      'finance',
      'GET',
      `/billing/payments?limit=100${after === undefined ? '' : `&after=${encodeURIComponent(after)}`}`,
    );
    found.push(...(body.items as Payment[]));
    after = body.next as string | undefined;
    if (after === undefined || after === null) return found;
  }
};

const sum = (list: readonly { readonly amountMinor: number }[]): number => list.reduce((total, { amountMinor }) => total + amountMinor, 0);

/** The gateway's book against ours: what came in is kept, held or back, each in full and once; nobody is paid back twice. */
export const judgeMoney = async (crowd: Crowd, told: readonly Told[], events: readonly StoredEvent[]): Promise<readonly string[]> => {
  const problems: string[] = [];
  const { moneyIn, moneyOut } = (await crowd.as('operator', 'GET', '/billing/sandbox/ledger')).body as {
    moneyIn: Moved[];
    moneyOut: Moved[];
  };
  const payments = await everyPayment(crowd);
  const known = new Map(payments.map((payment) => [payment.paymentId, payment]));
  if (payments.length !== moneyIn.length || known.size !== payments.length)
    problems.push(`${moneyIn.length} payments came in, ${payments.length} are known`);
  for (const { paymentId, amountMinor } of moneyIn) {
    const payment = known.get(paymentId);
    const end = payment === undefined ? undefined : ends[payment.place];
    const out = moneyOut.filter((one) => one.paymentId === paymentId);
    if (payment?.amountMinor !== amountMinor)
      problems.push(`payment ${paymentId} came in with ${amountMinor} and is known with ${payment?.amountMinor}`);
    if (end === undefined) problems.push(`payment ${paymentId} is ${payment?.place ?? 'unknown'}, which is no end`);
    if (out.length !== (end === 'back' ? 1 : 0) || sum(out) !== (end === 'back' ? amountMinor : 0))
      problems.push(`payment ${paymentId} is ${payment?.place}, and went out ${out.length} times with ${sum(out)} of ${amountMinor}`);
  }
  const total = (end: 'kept' | 'held' | 'back'): number => sum(payments.filter(({ place }) => ends[place] === end));
  if (sum(moneyIn) !== total('kept') + total('held') + total('back')) problems.push('money in is not money kept, held and sent back');
  const refunded = new Set(events.filter(({ type }) => type === 'RefundCompleted').map(({ streamId }) => streamId));
  for (const { orderId, kind } of told) {
    const own = payments.filter(({ receivableId }) => receivableId === orderId);
    if (kind === 'refunded' && (!refunded.has(orderId) || own.some(({ place }) => place !== 'refunded')))
      problems.push(`order ${orderId} is not wholly refunded`);
    if (own.filter(({ place }) => place === 'applied').length > 1) problems.push(`order ${orderId} was paid more than once`);
  }
  return problems;
};
